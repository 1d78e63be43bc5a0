"""Who may be invited now: as many as a site can certainly serve, in the programme's order.

The hard guarantee: an open invitation claims one bookable pair and one course of doses until it is used, so
that everybody who answers finds a date.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.stock import Reserve


@dataclass(frozen=True, slots=True)
class Policy:
    """How far the planner may go; its name is kept with every wave."""

    name: str = "hard guarantee"
    reserve: Reserve = Reserve.FULL
    most_at_once: int = 1_000
    """A wave is one transaction; who is left comes with the next one."""


HARD_GUARANTEE = Policy()


@dataclass(frozen=True, slots=True)
class SiteState:
    """What one site can do at one moment, per product's key.

    ``pairs_by_product`` are the pairs of free places, ``courses_by_product`` how many more people may be
    promised all their doses; ``open_claims`` are the people invited who hold no dates yet.
    """

    pairs_by_product: Mapping[str, int]
    courses_by_product: Mapping[str, int]
    open_claims: int
    closed_because: str = ""
    """What the site's gate waits for; empty when it is open."""

    @property
    def capacity(self) -> int:
        """How many people can be served who hold no dates yet."""
        return sum(
            max(0, min(pairs, self.courses_by_product.get(product, 0)))
            for product, pairs in self.pairs_by_product.items()
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How many to invite now, and in words what keeps it from being more."""

    size: int
    reasons: tuple[str, ...]


def plan(state: SiteState, *, policy: Policy = HARD_GUARANTEE) -> Plan:
    """Choose the size of a wave; with it, open claims never exceed what the site can serve."""
    if state.closed_because:
        return Plan(0, (f"the site is not offered: {state.closed_because}",))
    spare = max(0, state.capacity - state.open_claims)
    reasons = [
        _shortage(product, pairs, state.courses_by_product.get(product, 0))
        for product, pairs in sorted(state.pairs_by_product.items())
    ]
    if not state.pairs_by_product:
        reasons.append("no calendar offers a date")
    if state.open_claims:
        reasons.append(f"{state.open_claims} invited before may still answer")
    if spare > policy.most_at_once:
        reasons.append(f"{policy.most_at_once} at once is the most")
    return Plan(min(spare, policy.most_at_once), tuple(reasons))


def _shortage(product: str, pairs: int, courses: int) -> str:
    if pairs <= courses:
        return f"{product}: bookable pairs {pairs}, vaccine for {courses} people"
    return f"{product}: vaccine for {courses} people only, bookable pairs {pairs}"
