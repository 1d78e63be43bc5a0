"""Redis's clock as seen from here: between which bounds does it differ from ours?"""

import math
from dataclasses import dataclass
from enum import Enum, auto

DRIFT = 500e-6  # how far two clocks drift apart each second, at most (NTP slews by that much)
STEP = 0.005  # seconds; the margin of the capacity bears a smaller jump
SECOND = 1_000_000


class Seen(Enum):
    """How a new look agrees with the earlier ones."""

    FIRST = auto()
    STEADY = auto()
    STEPPED = auto()  # it jumped: what it said before no longer holds


@dataclass(slots=True)
class RedisClock:
    """Bounds of (Redis - ours) in seconds, from calls that began before and ended after Redis looked.

    Each look narrows the bounds; they widen with time, as clocks drift.
    """

    _least: float = 0.0
    _most: float = 0.0
    _at: float | None = None

    def look(self, *, asked: float, stamp: int, answered: float) -> Seen:
        """``stamp`` was Redis's time, in microseconds, at some moment between ``asked`` and ``answered``."""
        least, most = stamp / SECOND - answered, (stamp + 1) / SECOND - asked
        if self._at is None:
            self._least, self._most, self._at = least, most, answered
            return Seen.FIRST
        drift = DRIFT * max(answered - self._at, 0.0)
        known_least, known_most = self._least - drift, self._most + drift
        self._at = answered
        apart = max(least - known_most, known_least - most)
        if apart > 0:
            self._least, self._most = least, most
            return Seen.STEPPED if apart > STEP else Seen.STEADY
        self._least, self._most = max(least, known_least), min(most, known_most)
        return Seen.STEADY

    @property
    def doubt(self) -> float:
        """Seconds between the bounds; without any, before the first look."""
        return math.inf if self._at is None else self._most - self._least

    def ours(self, stamp: int) -> float:
        """The first moment of our clock at which Redis's has certainly reached ``stamp``."""
        return stamp / SECOND - self._least
