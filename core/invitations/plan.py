"""How many to invite now: as many as a site can serve of those who will answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.invitations.policy import HARD_GUARANTEE, Claims, Policy
from core.invitations.response import Observed


@dataclass(frozen=True, slots=True)
class OpenInvitations:
    """Some people of one band, invited so long ago, silent since and without dates.

    Ago is counted from when the message could be read.
    """

    band: str
    invited_ago: timedelta
    count: int


@dataclass(frozen=True, slots=True)
class SiteState:
    """What one site can do at one moment, and who waits there.

    Per product's key: ``pairs_by_product`` are the pairs of free places whose first date keeps the policy's
    notice, ``courses_by_product`` how many more people may be promised all their doses
    (`core.stock.uncommitted_courses`, which knows the policy's reserve and haircut).
    """

    pairs_by_product: Mapping[str, int]
    courses_by_product: Mapping[str, int]
    in_line: Sequence[str]
    """The bands of the next people in order, at most the policy's ``most_at_once``."""
    open: tuple[OpenInvitations, ...] = ()
    choosing: int = 0
    """How many have answered and are choosing, and hold no place yet."""
    observed: Mapping[str, Observed] = field(default_factory=dict)
    """How people responded here, by band (`observe`)."""
    recent_waves: tuple[int, ...] = ()
    """Sizes, the newest last."""
    is_changed: bool = False
    """Policy, product or calendars are not what they were at the last wave."""
    closed_because: str = ""
    """What the site's gate waits for; empty when it is open."""
    awaited_by_product: Mapping[str, int] = field(default_factory=dict)
    """How many of the courses rest on deliveries that are announced but not here; only told."""

    @property
    def capacity(self) -> int:
        """How many people can be served who hold no dates yet."""
        return sum(
            max(0, min(pairs, self.courses_by_product.get(product, 0)))
            for product, pairs in self.pairs_by_product.items()
        )

    @property
    def open_count(self) -> int:
        """How many people are invited and silent."""
        return sum(some.count for some in self.open)


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
    match policy.claims:
        case Claims.HELD | Claims.DECAYING:
            claims = state.open_count + state.choosing
        case Claims.IGNORED:
            claims = 0
    spare = max(0, state.capacity - claims)
    reasons = [
        _shortage(product, pairs, state.courses_by_product.get(product, 0))
        for product, pairs in sorted(state.pairs_by_product.items())
    ]
    if not state.pairs_by_product:
        reasons.append("no calendar offers a date")
    if claims:
        reasons.append(f"{claims} invited before may still answer")
    if spare > policy.most_at_once:
        reasons.append(f"{policy.most_at_once} at once is the most")
    size = min(spare, policy.most_at_once, len(state.in_line))
    return Plan(size, tuple(reasons), capacity=state.capacity, claims=claims)


def _shortage(product: str, pairs: int, courses: int) -> str:
    if pairs <= courses:
        return f"{product}: bookable pairs {pairs}, vaccine for {courses} people"
    return f"{product}: vaccine for {courses} people only, bookable pairs {pairs}"
