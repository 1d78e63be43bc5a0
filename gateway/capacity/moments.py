"""A sender's way to the wire: one segment, one moment, never a late one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from gateway.capacity.arithmetic import LONGEST_PATIENCE
from gateway.capacity.pace import CapacityGone, Lease, OperatorRate, Pace, Refused

AT_MOST = timedelta(seconds=1)
ASK_AHEAD_SECONDS = 0.03
LOOK_EVERY_SECONDS = 0.002  # while an answer may bring an earlier moment
MANY = 2
LITTLE = timedelta(milliseconds=1)
SOME = timedelta(milliseconds=5)
MUCH = timedelta(microseconds=LONGEST_PATIENCE)


class Moments:
    """The moments of one operator for one sender, leased a few at a time.

    ``await moments.next(...)`` before each submit, and submit without awaiting anything in between. A moment
    that the process slept through is exchanged for another; `give_back` when nothing waits any more.

    The machine may stop us even between the look at the clock and the submit. It is known as soon as we go
    on, and what comes a window later is put off as much.
    """

    def __init__(
        self,
        pace: Pace,
        operator: OperatorRate,
        *,
        at_most: timedelta = AT_MOST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pace = pace
        self._operator = operator
        self._at_most = at_most
        self._clock = clock
        self._sleep = sleep
        self._own: list[Lease] = []  # of one moment each, ascending
        self._patience = timedelta(0)
        self._queue = asyncio.Lock()  # the parts of several long MTs ask at the same time
        self._asking: set[asyncio.Task[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()

    async def next(self, waiting: int = 1) -> None:
        """Return at a moment of our own; ``waiting`` segments, this one included, are worth leasing for."""
        async with self._queue:
            moment = await self._next(waiting)
        # Called when the caller next awaits, hence when it has submitted.
        asyncio.get_running_loop().call_soon(self._has_left, moment)

    def _has_left(self, moment: Lease) -> None:
        if moment.is_late(0, self._clock()):
            telling = asyncio.get_running_loop().create_task(self._left_late(moment))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def _left_late(self, moment: Lease) -> None:
        with suppress(CapacityGone):
            await self._pace.left_late(self._operator, moment)

    async def _next(self, waiting: int) -> Lease:
        misses = 0
        while True:
            self._ask_in_time(waiting)
            if not self._own:
                await self._heard()
                continue
            now = self._clock()
            if (wait := self._own[0].moments[0] - now) > 0:
                await self._sleep(min(wait, LOOK_EVERY_SECONDS) if self._asking else wait)
                continue
            late = [lease for lease in self._own if lease.is_late(0, now)]
            if not late:
                self._patience = self._patience * 0.95 if self._patience > LITTLE else timedelta(0)
                return self._own.pop(0)
            misses += 1
            if misses > MANY:
                # Not one stall but the pace of this process: ask for what it needs rather than miss again.
                self._patience = min(max(self._patience * 2, SOME), MUCH)
            self._own = [lease for lease in self._own if lease not in late]
            self._ask(len(late), _together(late))

    def _ask_in_time(self, waiting: int) -> None:
        """Ask before the last moment is gone: the answer takes longer than moments are apart."""
        ahead = self._own[-1].moments[0] - self._clock() if self._own else 0.0
        if len(self._own) < waiting and ahead < ASK_AHEAD_SECONDS and not self._asking:
            self._ask(waiting - len(self._own))

    def _ask(self, segments: int, instead_of: Lease | None = None) -> None:
        """Ask, and go on with what we have."""
        asking = asyncio.get_running_loop().create_task(self._lease(segments, instead_of))
        self._asking.add(asking)
        asking.add_done_callback(self._asked)

    def _asked(self, asking: asyncio.Task[None]) -> None:
        """A failure is kept for who waits for it."""
        if asking.cancelled() or asking.exception() is None:
            self._asking.discard(asking)

    async def _heard(self) -> None:
        """Wait for an answer, and raise what came in its place."""
        heard, self._asking = await asyncio.wait(self._asking, return_when=asyncio.FIRST_COMPLETED)
        for asking in heard:
            asking.result()

    async def give_back(self) -> None:
        """Return what is left."""
        async with self._queue:
            while self._asking:
                await self._heard()
            left, self._own = self._own, []
            if left:
                await self._pace.give_back(self._operator, _together(left))

    async def _lease(self, segments: int, instead_of: Lease | None = None) -> None:
        """Lease, or wait as long as a refusal says, unless there is something left to go on with."""
        match await self._pace.reserve(
            self._operator, segments, self._at_most, instead_of=instead_of, patience=self._patience
        ):
            case Lease() as lease:
                self._own += [lease.part([i]) for i in range(lease.segments)]
                self._own.sort(key=lambda single: single.moments)
            case Refused(retry_after=retry_after) if not self._own:
                await self._sleep(retry_after.total_seconds())
            case Refused():
                pass


def _together(leases: list[Lease]) -> Lease:
    return Lease(tuple(lease.moments[0] for lease in leases), 0.0, tuple(lease.stamps[0] for lease in leases))
