"""How a site stands at one moment, read from the store for the planner."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.calendars.calendar import PRAGUE, Calendar
from core.calendars.lint import lint
from core.invitations import Claims, Observed, Plan, Policy, SiteState, observe
from core.messages import Lane
from core.sites.gate import gate
from core.sites.site import Site
from core.store.work import Work
from core.world import World
from workers.workshop import Workshop

FINGERPRINT = "fingerprint"
# Waves grow from the largest of these days, a week and a day, up to an hour ago.
RECENT = timedelta(days=8)
STEP = timedelta(hours=1)
REMEMBERED_HALF_LIVES = 4  # what is older counts for less than a sixteenth


@dataclass(frozen=True, slots=True)
class Seen:
    """A site at one moment; ``fingerprint`` tells whether something changed since its last wave."""

    state: SiteState
    fingerprint: str

    def inputs(self, chosen: Plan) -> dict[str, object]:
        """What a decision was made of, as its wave keeps it."""
        state = self.state
        return {
            FINGERPRINT: self.fingerprint,
            "pairs": dict(state.pairs_by_product),
            "courses": dict(state.courses_by_product),
            "silent": state.open_count,
            "choosing": state.choosing,
            "in_line": len(state.in_line),
            "capacity": chosen.capacity,
            "claims": round(chosen.claims, 3),
            "responders": round(chosen.responders, 3),
            "risk": round(chosen.risk, 6),
        }


def look(work: Work, workshop: Workshop, site: Site, *, now: datetime, at_least: int = 0) -> Seen:
    """See what the site can do now, who was invited there, and who is next (`at_least` so many of them).

    Only first dates count that somebody can still choose who reads the message when it may leave, and keeps
    the policy's notice.
    """
    world, policy, site_id = workshop.world, workshop.world.policy, site.site_id
    today = now.astimezone(PRAGUE).date()
    readable = workshop.hours.next_opening(Lane.INVITATION, now)
    first_from = readable + world.lead + policy.notice
    days = work.calendars.days_of_sites([site_id], since=today, parted_at=first_from, without_pauses=True)
    calendars = world.in_sight(days.get(site_id, []))
    judged = lint(calendars, world.products, today=today, first_from=first_from)
    pause = work.pauses.in_force([site_id], today=today).get(site_id)
    closed = gate(site, judged, today=today, pause=pause)
    pairs = judged.pairs_by_product
    courses, awaited = _courses(work, world, site, pairs, now=now)
    responses = work.responses
    now_is = fingerprint(policy, calendars)
    state = SiteState(
        pairs_by_product=pairs,
        courses_by_product=courses,
        in_line=responses.in_line(site_id, max(policy.most_at_once, at_least), today=today),
        open=responses.silent(site_id, now=now, dialogue_lasts=world.hold_for),
        choosing=responses.choosing(site_id, now=now, dialogue_lasts=world.hold_for),
        observed=_observed(work, site, policy, now=now),
        recent_waves=work.waves.sizes(
            site_id, since=now - RECENT, until=now - STEP, like={FINGERPRINT: now_is}
        ),
        is_changed=work.waves.last_input(site_id, FINGERPRINT) != now_is,
        closed_because="" if closed.is_open else closed.words(),
        awaited_by_product=awaited,
    )
    return Seen(state, now_is)


def fingerprint(policy: Policy, calendars: Sequence[Calendar]) -> str:
    """Tell policy, products and calendars apart from what they were; slots come and go every day."""
    facts = sorted((c.name, c.round.value, c.product, c.links_to or "") for c in calendars)
    return hashlib.sha256(repr((policy, facts)).encode()).hexdigest()[:16]


def _observed(work: Work, site: Site, policy: Policy, *, now: datetime) -> Mapping[str, Observed]:
    if policy.claims is not Claims.DECAYING:
        return {}
    since = now - REMEMBERED_HALF_LIVES * policy.half_life
    watched = work.responses.watched(site.site_id, now=now, since=since)
    return observe(watched, half_life=policy.half_life)


def _courses(
    work: Work, world: World, site: Site, pairs: Mapping[str, int], *, now: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """Whole courses per product that may still be promised, and how many of them are not here yet."""
    supply = work.supply.of_site(site.site_id, world, now=now)
    counted = {key: supply[key].courses if key in supply else 0 for key in pairs}
    here = {key: supply[key].courses_here if key in supply else 0 for key in pairs}
    return counted, {key: counted[key] - here[key] for key in pairs if counted[key] > here[key]}
