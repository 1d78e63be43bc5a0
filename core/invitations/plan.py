"""How many to invite now: as many as a site can serve of those who will answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.invitations.outlook import Outlook, in_words
from core.invitations.policy import HARD_GUARANTEE, Policy
from core.invitations.response import bucket_of
from core.invitations.state import SiteState


@dataclass(frozen=True, slots=True)
class Plan:
    """How many to invite now, in words what keeps it from being more, and the numbers behind it."""

    size: int
    reasons: tuple[str, ...]
    capacity: int = 0
    """People who can be served."""
    claims: float = 0.0
    """What of it the people invited before claim, on average."""
    responders: float = 0.0
    """How many are expected to answer in all, this wave among them."""
    risk: float = 0.0
    """The chance that more answer than can be served."""


def plan(state: SiteState, *, policy: Policy = HARD_GUARANTEE) -> Plan:
    """Choose the size of a wave. Nothing is drawn: the same state always gives the same plan."""
    if state.closed_because:
        return Plan(0, (f"the site is not offered: {state.closed_because}",))
    outlook = Outlook(state, policy)
    limits = tuple(_limits(state, policy))
    most = min(limit.size for limit in limits)
    size = outlook.largest(most)
    binding = next((limit.words for limit in limits if limit.size == most), "") if size == most else ""
    return Plan(
        size,
        (*_shortages(state), *in_words(outlook, size), *filter(None, [binding])),
        capacity=state.capacity,
        claims=outlook.claims,
        responders=outlook.responders(size),
        risk=outlook.risk(size),
    )


def risk(state: SiteState, size: int, *, policy: Policy = HARD_GUARANTEE) -> float:
    """The chance that somebody answers and finds nothing, if ``size`` more were invited now."""
    return Outlook(state, policy).risk(size)


@dataclass(frozen=True, slots=True)
class _Limit:
    """What keeps a wave small although the site could serve more."""

    size: int
    words: str


def _limits(state: SiteState, policy: Policy) -> Iterator[_Limit]:
    """The limits of a wave; what is a step of growth holds for an hour, however often one plans."""
    yield _Limit(policy.most_at_once, f"{policy.most_at_once} at once is the most")
    fresh = sum(some.count for some in state.open if bucket_of(some.invited_ago) == 0)
    just_now = f", {fresh} of them just now" if fresh else ""
    trying = f"{policy.probe} are invited to try it out{just_now}"
    if policy.probe and not any(seen.told for seen in state.observed.values()):
        yield _Limit(max(0, policy.probe - fresh), f"nobody was seen responding here: {trying}")
    elif policy.probe and state.is_changed:
        yield _Limit(max(0, policy.probe - fresh), f"something changed here: {trying}")
    largest = max(state.recent_waves, default=0)
    step = max(policy.probe, int((policy.ramp or 0) * largest))
    if policy.ramp is not None and step:
        words = f"waves grow step by step: {step} within an hour{just_now}, the largest before was {largest}"
        yield _Limit(max(0, step - fresh), words)
    people = len(state.in_line)
    yield _Limit(people, f"waiting to be invited: {people}")


def _shortages(state: SiteState) -> Iterator[str]:
    if not state.pairs_by_product:
        yield "no calendar offers a date"
    for product, pairs in sorted(state.pairs_by_product.items()):
        courses = state.courses_by_product.get(product, 0)
        awaited = state.awaited_by_product.get(product, 0)
        of_them = f", {awaited} of them by deliveries not here yet" if awaited else ""
        if pairs <= courses:
            yield f"{product}: bookable pairs {pairs}, vaccine for {courses} people{of_them}"
        else:
            yield f"{product}: vaccine for {courses} people only{of_them}, bookable pairs {pairs}"
