"""What is to be expected of the people invited before, and of a wave."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from core.invitations.chance import Crowd
from core.invitations.curve import learn
from core.invitations.policy import Claims, Policy
from core.invitations.response import BANDS, BUCKETS, bucket_of
from core.invitations.state import SiteState


class Outlook:
    """One site under one policy: who may still answer, and how surely they are served.

    The chances are those of the response curve whatever the policy claims, so that policies compare.
    """

    def __init__(self, state: SiteState, policy: Policy) -> None:
        self.state = state
        self.policy = policy
        self.curves = {
            band: learn(policy.prior(band), state.observed.get(band), patience=policy.patience)
            for band in BANDS
        }
        self._silent: dict[str, Counter[int]] = {band: Counter() for band in BANDS}
        for some in state.open:
            self._silent[some.band][bucket_of(some.invited_ago)] += some.count
        self._places = state.capacity - state.choosing
        self._risks: dict[int, float] = {}

    @property
    def guaranteed(self) -> int:
        """How many may be invited so that everybody finds a date, whoever answers."""
        return max(0, self._places - self.state.open_count)

    @property
    def claims(self) -> float:
        """What the people invited before claim under the policy, on average."""
        match self.policy.claims:
            case Claims.HELD:
                return self.state.choosing + self.state.open_count
            case Claims.IGNORED:
                return 0
            case Claims.DECAYING:
                return self.responders(0)

    def responders(self, size: int) -> float:
        """How many are expected to answer in time, with a wave of this size."""
        return self.state.choosing + self._crowd(size).mean

    def risk(self, size: int) -> float:
        """The chance that more answer than can be served, with a wave of this size."""
        if size not in self._risks:
            self._risks[size] = self._crowd(size).chance_above(self._places)
        return self._risks[size]

    def largest(self, most: int) -> int:
        """The largest wave that the policy allows, at most so many."""
        match self.policy.claims:
            case Claims.HELD:
                return min(most, self.guaranteed)
            case Claims.IGNORED:
                return min(most, self.state.capacity)
            case Claims.DECAYING:
                return self._largest_by_chance(most)

    def _largest_by_chance(self, most: int) -> int:
        safe, too_many = min(most, self.guaranteed), most + 1
        if self.policy.epsilon == 0:
            return safe
        step, tried = 1, self._roughly_largest(safe, too_many)
        while too_many - safe > 1:
            if is_allowed := self.risk(tried) <= self.policy.epsilon:
                safe = tried
            else:
                too_many = tried
            if too_many - safe <= 2 * step:
                tried = (safe + too_many) // 2
            else:
                tried = safe + step if is_allowed else too_many - step
                step *= 2
        return safe

    def _roughly_largest(self, safe: int, too_many: int) -> int:
        """Where to begin to look: a wave mostly right to one or two people, found cheaply."""
        enough = safe + 1
        while too_many - enough > 1:
            middle = (enough + too_many) // 2
            if self._crowd(middle).roughly_above(self._places) <= self.policy.epsilon:
                enough = middle
            else:
                too_many = middle
        return enough

    def _crowd(self, size: int) -> Crowd:
        new = Counter(self.state.in_line[:size])
        groups: list[tuple[int, float]] = []
        spread = 0.0
        for band, curve in self.curves.items():
            silent = self._silent[band]
            counts = (silent[0] + new[band], *(silent[k] for k in range(1, len(BUCKETS))))
            groups += [(count, curve.claim(k)) for k, count in enumerate(counts) if count and curve.claim(k)]
            spread += curve.spread(counts)
        return Crowd(tuple(groups), spread)


def in_words(outlook: Outlook, size: int) -> Iterator[str]:
    """Say what the people invited before claim, and what is expected of the wave."""
    state, policy = outlook.state, outlook.policy
    if state.choosing:
        yield f"choosing a date now: {state.choosing}"
    match policy.claims:
        case Claims.HELD:
            if state.open_count:
                yield f"invited before and silent: {state.open_count}, each holding a place"
        case Claims.IGNORED:
            if state.open_count:
                yield f"invited before and silent: {state.open_count}, left out of account"
        case Claims.DECAYING:
            yield from _chances_in_words(outlook, size)


def _chances_in_words(outlook: Outlook, size: int) -> Iterator[str]:
    state, policy = outlook.state, outlook.policy
    if state.open_count:
        claim = outlook.claims - state.choosing
        yield f"invited before and silent: {state.open_count}, of whom about {claim:.0f} will still answer"
    in_time = f" within {policy.patience / timedelta(hours=1):.0f} hours" if policy.patience else ""
    for band in sorted({*state.in_line[:size]}, key=BANDS.index):
        curve = outlook.curves[band]
        learned = (
            f"learned from {curve.seen:.0f} invitations" if curve.seen >= 1 else "believed, not yet seen here"
        )
        yield f"of 100 people aged {band} about {100 * curve.claim(0):.0f} answer{in_time} ({learned})"
    if not (size or state.open_count or state.choosing):
        return
    yield f"about {outlook.responders(size):.0f} will answer in all, and {state.capacity} can be served"
    yield f"the chance that too many answer is {percent(outlook.risk(size))}"
    one_more = outlook.risk(size + 1)
    if size < len(state.in_line) and one_more > policy.epsilon:
        yield f"with one more it would be {percent(one_more)}, and {percent(policy.epsilon)} is allowed"


def percent(chance: float) -> str:
    """Write a chance for people: never a 0 or a 100 that is not exact."""
    match chance:
        case 0 | 1:
            return f"{100 * chance:.0f} %"
        case _ if chance < 0.001:
            return "under 0.1 %"
        case _ if chance > 0.999:
            return "over 99.9 %"
        case _:
            return f"{100 * chance:.3g} %"
