"""When may a segment be handed over? The arithmetic of `capacity.lua`, in Python.

GCRA sets the pace and lets a short hole be caught up; a log of the last moments forbids what GCRA alone
would allow after a burst. The law that both keep, with ``n`` the segments of a window::

    moment[i + n] >= moment[i] + window

A segment leaves between its moment and the tolerance after it, and the window is longer than a second by
more than the tolerance, so no ``n + 1`` segments leave within one second. A moment that was not used may be
taken out of the log: the ``n``-th predecessor of those left is then further back, so the law still holds.
"""

import math
from bisect import insort
from dataclasses import dataclass, field
from datetime import timedelta

SECOND = 1_000_000
WHOLE = 1_000_000

MARGIN = 12_000  # of each second; tolerance, distance of clocks and jitter on the way must fit in
TOLERANCE = 5_000  # a segment leaves this long after its moment, or at another moment
BURST = 50_000  # a hole of this length is caught up, at twice the pace
LONGEST_WAIT = 1 * SECOND
LONGEST_LEASE = 250_000
LONGEST_LEAD = 100_000
LONGEST_PATIENCE = 100_000
HORIZON = LONGEST_WAIT + LONGEST_LEASE + LONGEST_LEAD + LONGEST_PATIENCE  # nothing leased leaves later

CUT = 700_000
SMALLEST_SHARE = 100_000
RECOVERY = 20_000  # of the whole, each second: back from one cut in 15 s
BETWEEN_CUTS = 1 * SECOND


def microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``segments`` in any window, whole ones: 2.5 a second is 2, and 0.5 is 1 in two seconds."""

    segments: int
    window: int

    @classmethod
    def of(cls, segments_per_second: float) -> "Limit":
        segments = max(1, math.floor(segments_per_second))
        seconds = max(1.0, segments / segments_per_second)
        return cls(segments, math.ceil(seconds * (SECOND + MARGIN)))

    @property
    def quiet(self) -> int:
        """How long to hand over nothing when the past is unknown."""
        return HORIZON + self.window


@dataclass(frozen=True, slots=True)
class Granted:
    moments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TooEarly:
    retry_after: int


@dataclass(slots=True)
class Book:
    """One operator's moments of the last window and those to come, and how fast we may go."""

    limit: Limit
    log: list[int] = field(default_factory=list)  # ascending
    not_before: int = 0
    tat: int = 0  # GCRA's theoretical arrival time
    share: int = WHOLE
    cut_at: int = 0
    patience: int = 0  # beyond the tolerance; lengthens the window for all
    patient_at: int = 0

    def start_over(self, now: int) -> None:
        """Forget a past that is not to be trusted, and let it run out."""
        self.log.clear()
        self.not_before, self.tat = now + self.limit.quiet, 0
        self.cut_at, self.patient_at = min(self.cut_at, now), min(self.patient_at, now)

    def share_at(self, now: int) -> int:
        return min(WHOLE, self.share + max(now - self.cut_at, 0) * RECOVERY // SECOND)

    def reserve(
        self,
        segments: int,
        *,
        at_most: int,
        lead: int,
        now: int,
        patience: int = 0,
        missed: tuple[int, ...] = (),
    ) -> Granted | TooEarly:
        """Lease moments for ``segments``, or exchange ``missed`` ones."""
        self._mind_the_clock(now)
        # What was leased with more patience binds for as long as it lasts.
        if patience >= self.patience or now - self.patient_at > self.limit.quiet + LONGEST_PATIENCE:
            self.patience, self.patient_at = patience, now
        if exchanged := self._exchange(missed, lead=lead, now=now):
            return Granted(exchanged)
        interval, most, window = self._interval(now), self._most(now), self.limit.window + self.patience
        moments, tat, at = list[int](), self.tat, self.log[-1] if self.log else 0
        for _ in range(segments):
            at = max(now + lead, self.not_before, at - (-interval // 2), tat - BURST)
            earlier = len(self.log) + len(moments) - most
            if earlier >= 0:
                at = max(at, (self.log + moments)[earlier] + window)
            if not moments and at > now + at_most:
                return TooEarly(at - at_most - now)
            if moments and at > moments[0] + LONGEST_LEASE:
                break
            moments.append(at)
            tat = max(tat, at) + interval
        self.tat = tat
        self.log += moments
        return Granted(tuple(moments))

    def give_back(self, moments: tuple[int, ...], *, now: int) -> None:
        self._mind_the_clock(now)
        for moment in moments:
            self._remove(moment, now)

    def left_late(self, moments: tuple[int, ...], *, now: int) -> None:
        """Count them as of now, as long as none was leased yet for the place a window after them."""
        self._mind_the_clock(now)
        for moment in moments:
            if moment < now:
                self._put_off(moment, now, now=now)

    def _exchange(self, missed: tuple[int, ...], *, lead: int, now: int) -> tuple[int, ...]:
        """Put missed moments off, as long as none was leased yet for the place a window after them.

        Between the two, each moment only gets a later one in its place. The others are given back.
        """
        moments, at = list[int](), max(now + lead, self.not_before)
        for moment in missed:
            if moment < at and (put := self._put_off(moment, at, now=now)):
                moments.append(put)
                at = put - (-self._interval(now) // 2)
            else:
                self._remove(moment, now)
        return tuple(moments)

    def _put_off(self, moment: int, at: int, *, now: int) -> int | None:
        if moment not in self.log[-self._most(now) :]:
            return None
        while at in self.log:
            at += 1
        self.log.remove(moment)
        insort(self.log, at)
        return at

    def _remove(self, moment: int, now: int) -> None:
        if moment in self.log:
            self.log.remove(moment)
            self.tat -= self._interval(now)

    def slow_down(self, *, now: int) -> int:
        self._mind_the_clock(now)
        if now - self.cut_at >= BETWEEN_CUTS:
            self.share = max(SMALLEST_SHARE, self.share_at(now) * CUT // WHOLE)
            self.cut_at = now
        return self.share_at(now)

    def _interval(self, now: int) -> int:
        window = self.limit.window + self.patience
        return -(-window * WHOLE // (self.limit.segments * self.share_at(now)))

    def _most(self, now: int) -> int:
        return -(-self.limit.segments * self.share_at(now) // WHOLE)

    def _mind_the_clock(self, now: int) -> None:
        """A moment beyond every horizon: the clock stepped back. One so old that it binds none: forget it.

        All others are kept, for one after them may be given back.
        """
        if (self.log and self.log[-1] > now + HORIZON) or self.not_before > now + self.limit.quiet:
            self.start_over(now)
        self.log = [moment for moment in self.log if moment > now - self.limit.window - LONGEST_PATIENCE]
