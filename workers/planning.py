"""Plan waves: decide how many a site may invite, invite them, and queue their messages, all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from conversations.media import gsm
from conversations.words import one_message
from core.calendars.calendar import PRAGUE, Calendar, Round
from core.calendars.lint import lint
from core.invitations import BANDS, HARD_GUARANTEE, OpenInvitations, Plan, Policy, SiteState, plan
from core.messages import Lane, NewMt
from core.routing import choose_operator
from core.sites.gate import gate
from core.sites.site import Site
from core.stock import Promised, uncommitted_courses
from core.store.invitations import Invited, Wave
from core.store.work import OUTBOX_CHANNEL, Work
from core.world import World
from workers.workshop import Workshop, installed

log = structlog.get_logger()

PLANNER = "planner"
RANKS_PER_WAVE = 1_000_000
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of planning one site; ``left`` people still wait there."""

    site: Site
    plan: Plan
    invited: int
    left: int


class SitesNotPlanned(Exception):
    """Some sites could not be planned, the others were; planning again is safe."""


def plan_site(site_id: str) -> None:
    """Job: plan one site now."""
    plan_now(installed(), UUID(site_id))


def plan_all() -> None:
    """Job: plan every site where somebody waits, each in a transaction of its own."""
    workshop = installed()
    failed: list[str] = []
    for site_id in sites_to_plan(workshop):
        try:
            plan_now(workshop, site_id)
        except SQLAlchemyError as error:  # one site must not stop the others; the job fails at the end
            log.exception("planning.failed", site_id=str(site_id), error=type(error).__name__)
            failed.append(str(site_id))
    if failed:
        raise SitesNotPlanned(", ".join(failed))


def sites_to_plan(workshop: Workshop) -> list[UUID]:
    """The sites where somebody waits to be invited."""
    with workshop.store.begin() as work:
        return work.invitations.sites_with_people()


def plan_now(
    workshop: Workshop, site_id: UUID, *, policy: Policy = HARD_GUARANTEE, approved_by: str = PLANNER
) -> Planned | None:
    """Plan one site; None when there is no such site.

    Tried again when somebody changed the same rows meanwhile: the decision is then taken anew.
    """
    for left in reversed(range(MOST_TRIES)):
        try:
            return _plan_once(workshop, site_id, policy=policy, approved_by=approved_by)
        except DBAPIError as error:
            if not left or not isinstance(error.orig, SerializationFailure | DeadlockDetected):
                raise
    raise AssertionError("unreachable")


def _plan_once(workshop: Workshop, site_id: UUID, *, policy: Policy, approved_by: str) -> Planned | None:
    now = workshop.clock()
    with workshop.store.begin() as work:
        is_ours = work.invitations.begin_planning(site_id)
        site = work.sites.get(site_id)
        if site is None:
            return None
        if not is_ours:
            return Planned(
                site,
                Plan(0, ("somebody else is planning this site right now",)),
                0,
                work.invitations.waiting(site_id),
            )
        state = site_state(work, workshop.world, site, now=now, policy=policy)
        chosen = plan(state, policy=policy)
        wave = work.invitations.invite(
            site_id,
            chosen,
            policy=policy,
            inputs=_inputs(state),
            approved_by=approved_by,
            now=now,
            random=workshop.random,
        )
        if wave is not None:
            work.outbox.add(_messages(work, workshop, site, wave, now=now))
            work.wake(OUTBOX_CHANNEL)
        left = work.invitations.waiting(site_id)
    invited = len(wave.invited) if wave else 0
    if wave is not None:
        log.info("planning.invited", site_id=str(site_id), wave_id=wave.wave_id, size=invited)
    return Planned(site, chosen, invited, left)


def site_state(work: Work, world: World, site: Site, *, now: datetime, policy: Policy) -> SiteState:
    """What the site can do now: only first dates that can still be chosen count."""
    today = now.astimezone(PRAGUE).date()
    calendars = work.calendars.of_site(site.site_id, since=today)
    closed = gate(site, lint(calendars, world.products, today=today), today=today)
    coming = [_from(calendar, now + world.lead) for calendar in calendars]
    pairs = lint(coming, world.products, today=today).pairs_by_product
    return SiteState(
        pairs_by_product=pairs,
        courses_by_product=_courses(work, world, site, pairs, policy=policy),
        in_line=BANDS[:1] * min(work.invitations.waiting(site.site_id), policy.most_at_once),
        open=(OpenInvitations(BANDS[0], timedelta(), work.invitations.open_claims(site.site_id)),),
        closed_because="" if closed.is_open else closed.words(),
    )


def _from(calendar: Calendar, earliest: datetime) -> Calendar:
    if calendar.round is not Round.FIRST:
        return calendar
    return replace(calendar, slots=tuple(s for s in calendar.slots if s.begins_at >= earliest))


def _courses(
    work: Work, world: World, site: Site, pairs: Mapping[str, int], *, policy: Policy
) -> dict[str, int]:
    promised: dict[str, Promised] = {}
    for written, doses in work.invitations.promised(site.site_id).items():
        if product := world.products.find(written):
            known = promised.get(product.key, Promised(0, 0))
            promised[product.key] = Promised(known.first + doses.first, known.second + doses.second)
    on_hand = work.stock.on_hand(site.site_id)
    return {
        key: uncommitted_courses(
            on_hand.get(key, 0),
            promised.get(key, Promised(0, 0)),
            doses_per_course=world.products.by_key[key].doses,
            reserve=policy.reserve,
        )
        for key in pairs
    }


def _inputs(state: SiteState) -> dict[str, object]:
    return {
        "pairs": dict(state.pairs_by_product),
        "courses": dict(state.courses_by_product),
        "open_claims": state.open_count,
    }


def _messages(work: Work, workshop: Workshop, site: Site, wave: Wave, *, now: datetime) -> list[NewMt]:
    learned = work.routes.find([invited.phone for invited in wave.invited])
    return [
        _message(
            workshop,
            site,
            invited,
            operator=choose_operator(invited.phone, workshop.operators, learned),
            rank=wave.wave_id * RANKS_PER_WAVE + index,
            now=now,
        )
        for index, invited in enumerate(wave.invited)
    ]


def _message(
    workshop: Workshop, site: Site, invited: Invited, *, operator: str, rank: int, now: datetime
) -> NewMt:
    """The one-off invitation, or word to somebody who has her PIN2 that there are dates again."""
    purpose = "free_again" if invited.is_again else "invitation"
    words = workshop.library.words.render_notice(
        purpose, invited.language, name=invited.name, site=site.name, pin=invited.pin
    )
    text = one_message((words,), fold=True)
    return NewMt(
        address=invited.address,
        operator=operator,
        lane=Lane.INVITATION,
        purpose=purpose,
        text=text,
        segments=gsm.segments(text),
        created_at=now,
        rank=rank,
        registration_id=invited.registration_id,
        invitation_id=None if invited.is_again else invited.invitation_id,
    )
