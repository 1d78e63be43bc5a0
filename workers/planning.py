"""Plan waves: decide how many a site may invite, and invite them or take back who is too many."""

from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

import structlog

from core.invitations import Plan, Policy, SiteState, plan, risk
from core.invitations.outlook import percent
from core.sites.site import Site
from core.store.anew import anew
from core.store.gates import Standing
from core.store.work import Work
from workers.braking import brake
from workers.inviting import Decision, invite
from workers.standing import look
from workers.workshop import Workshop, installed

log = structlog.get_logger()

PLANNER = "planner"


@dataclass(frozen=True, slots=True)
class ByHand:
    """Somebody asks for a wave: of so many, or of as many as the plan allows.

    ``is_even_so``: also where the site cannot serve so many.
    """

    who: str
    size: int | None = None
    is_even_so: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of planning one site."""

    site: Site
    plan: Plan
    invited: int = 0
    wave_id: int | None = None
    taken_back: int = 0


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """Nobody may invite there now, or not so many; ``why`` in words."""

    site: Site
    why: str


@dataclass(frozen=True, slots=True)
class Considered:
    """What planning would decide now, and on what grounds; nobody was invited."""

    site: Site
    standing: Standing
    state: SiteState
    plan: Plan


PlanOutcome: TypeAlias = Planned | NotPlanned


class SitesNotPlanned(Exception):
    """Some sites could not be planned, the others were; planning again is safe."""


def plan_site(site_id: str) -> None:
    """Job: plan one site now."""
    plan_now(installed(), UUID(site_id))


def plan_all() -> None:
    """Job: plan every site that has something to decide, each in a transaction of its own."""
    workshop = installed()
    failed: list[str] = []
    for site_id in sites_to_plan(workshop):
        try:
            plan_now(workshop, site_id)
        except Exception:  # one site must not stop the others; the job fails at the end
            log.exception("planning.failed", site_id=str(site_id))
            failed.append(str(site_id))
    if failed:
        raise SitesNotPlanned(", ".join(failed))


def sites_to_plan(workshop: Workshop) -> list[UUID]:
    """The sites that are left to the planner, where somebody waits or an inviting SMS has not left."""
    with workshop.store.begin() as work:
        return work.invitations.sites_to_plan()


def plan_now(workshop: Workshop, site_id: UUID, *, by_hand: ByHand | None = None) -> PlanOutcome | None:
    """Plan one site; None when there is no such site.

    Tried again when somebody changed the same rows meanwhile: the decision is then taken anew.
    """
    return anew(lambda: _plan_once(workshop, site_id, by_hand))


def consider(workshop: Workshop, site_id: UUID) -> Considered | None:
    """Say what would be planned now, and invite nobody; None when there is no such site."""
    now = workshop.clock()
    with workshop.store.begin() as work:
        work.invitations.see_one_moment()
        site = work.sites.get(site_id)
        if site is None:
            return None
        state = look(work, workshop, site, now=now).state
        return Considered(site, work.gates.of(site_id), state, plan(state, policy=workshop.world.policy))


def _plan_once(workshop: Workshop, site_id: UUID, by_hand: ByHand | None) -> PlanOutcome | None:
    with workshop.store.begin() as work:
        is_ours = work.invitations.begin_planning(site_id)
        site = work.sites.get(site_id)
        if site is None:
            return None
        if not is_ours:
            return NotPlanned(site, "somebody else is planning this site right now")
        if refusal := work.gates.of(site_id).refuses(is_by_hand=by_hand is not None):
            return NotPlanned(site, refusal)
        outcome = _decide(work, workshop, site, by_hand)
    match outcome:
        case Planned(invited=invited, taken_back=taken_back) if invited or taken_back:
            log.info(
                "planning.decided",
                site_id=str(site_id),
                wave_id=outcome.wave_id,
                invited=invited,
                taken_back=taken_back,
            )
    return outcome


def _decide(work: Work, workshop: Workshop, site: Site, by_hand: ByHand | None) -> PlanOutcome:
    """Invite, or take back: as the plan says, or as many as somebody asks for by hand."""
    now, policy = workshop.clock(), workshop.world.policy
    asked = by_hand.size if by_hand else None
    seen = look(work, workshop, site, now=now, at_least=asked or 0)
    chosen = plan(seen.state, policy=policy if asked is None else _without_steps(policy, asked))
    decision = Decision(seen.inputs(chosen), chosen.reasons, by_hand.who if by_hand else PLANNER)
    if by_hand is not None and asked is not None:
        size = min(asked, len(seen.state.in_line))
        if chosen.size < size:
            too_many = _too_many(seen.state, chosen, size, policy)
            if not by_hand.is_even_so:
                return NotPlanned(site, f"{too_many} ({'; '.join(chosen.reasons)})")
            decision = replace(decision, reasons=(f"by hand, even so: {too_many}", *chosen.reasons))
    else:
        if taken_back := brake(work, site, seen.state, decision, policy=policy, now=now):
            return Planned(site, chosen, taken_back=taken_back)
        size = chosen.size
    wave = invite(work, workshop, site, size, decision, now=now)
    return Planned(site, chosen) if wave is None else Planned(site, chosen, len(wave.invited), wave.wave_id)


def _without_steps(policy: Policy, size: int) -> Policy:
    """What the policy promises, without the small steps in which the planner gets there."""
    return replace(policy, probe=0, ramp=None, most_at_once=size)


def _too_many(state: SiteState, chosen: Plan, size: int, policy: Policy) -> str:
    chance = percent(risk(state, size, policy=policy))
    return (
        f"{size} are more than the site can serve, {chosen.size} are not; with {size} the chance that "
        f"somebody answers and finds nothing is {chance}"
    )
