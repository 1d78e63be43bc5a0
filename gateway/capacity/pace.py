"""What a sender asks of a pace, and what it may hear."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias


class CapacityGone(Exception):
    """Redis does not answer, or too slowly to keep time: stop the bulk, answer at a safe local rate."""


@dataclass(frozen=True, slots=True)
class OperatorRate:
    """An operator (bind) and the segments a second it takes from all our gateways together."""

    name: str
    segments_per_second: float

    def __post_init__(self) -> None:
        if not self.segments_per_second > 0:
            raise ValueError(f"{self.name}: a capacity is more than 0 segments a second")


@dataclass(frozen=True, slots=True)
class Lease:
    """Moments at which one segment each may be handed over: not before, and not later than the tolerance.

    ``moments`` are seconds of ``time.monotonic`` (``loop.time``), ascending. A moment that was missed is
    given back and another one reserved; a submit without an answer was handed over and is not given back.
    """

    moments: tuple[float, ...]
    tolerance: float  # seconds
    stamps: tuple[int, ...]  # the moments' names where they were leased

    @property
    def segments(self) -> int:
        return len(self.moments)

    def is_late(self, index: int, now: float) -> bool:
        return now > self.moments[index] + self.tolerance

    def part(self, indexes: Iterable[int]) -> "Lease":
        """These moments only, such as those that were not used."""
        chosen = tuple(indexes)
        return Lease(
            tuple(self.moments[i] for i in chosen), self.tolerance, tuple(self.stamps[i] for i in chosen)
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """The wait would be longer than asked for; nothing was taken."""

    retry_after: timedelta


ReserveOutcome: TypeAlias = Lease | Refused


@dataclass(frozen=True, slots=True)
class Usage:
    """What all gateways together handed over in the last second, and the share of the capacity in force."""

    segments: int
    share: float  # 0 to 1; less than 1 after the operator asked us to slow down


class Pace(Protocol):
    """Shared through Redis, or of this process alone."""

    async def reserve(
        self,
        operator: OperatorRate,
        segments: int,
        at_most: timedelta,
        *,
        instead_of: Lease | None = None,
        patience: timedelta = timedelta(0),
    ) -> ReserveOutcome:
        """Lease moments for ``segments``, the first of them at most ``at_most`` (and a second) ahead.

        A lease spans at most a quarter of a second (and one segment at least): it may hold fewer segments
        than asked for. ``instead_of`` exchanges moments that were missed for the next ones possible, one
        for one where it can. ``patience`` is added to the tolerance; it costs all senders that share of
        the capacity for some seconds.
        """
        ...

    async def give_back(self, operator: OperatorRate, lease: Lease) -> None:
        """Return moments at which nothing was handed over."""
        ...

    async def left_late(self, operator: OperatorRate, lease: Lease) -> None:
        """These left between the tolerance and now: what comes a window later is put off."""
        ...

    async def slow_down(self, operator: OperatorRate) -> float:
        """The operator throttled us: cut its share now, let it recover slowly; return the share."""
        ...
