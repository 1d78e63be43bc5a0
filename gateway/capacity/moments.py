"""A sender's way to the wire: one segment, one moment, never a late one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from gateway.capacity.pace import Lease, OperatorRate, Pace, Refused

AT_MOST = timedelta(seconds=1)


class Moments:
    """The moments of one operator for one sender, leased a few at a time.

    ``await moments.next(...)`` before each submit, and submit without awaiting anything in between. A moment
    that the process slept through is exchanged for another; `give_back` when nothing waits any more.
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
        self._lease = Lease((), 0.0, ())

    async def next(self, waiting: int = 1) -> None:
        """Return at a moment of our own; ``waiting`` segments, this one included, are worth leasing for."""
        while True:
            if not self._lease.segments:
                await self._lease_for(waiting)
            await self._until(self._lease.moments[0])
            now = self._clock()
            late = [i for i in range(self._lease.segments) if self._lease.is_late(i, now)]
            if not late:
                self._lease = self._lease.part(range(1, self._lease.segments))
                return
            missed = self._lease.part(late)
            self._lease = self._lease.part(range(len(late), self._lease.segments))
            if self._lease.segments:
                await self._pace.give_back(self._operator, missed)
            else:
                await self._lease_for(max(waiting, missed.segments), missed)

    async def give_back(self) -> None:
        """Return what is left."""
        left, self._lease = self._lease, Lease((), 0.0, ())
        if left.segments:
            await self._pace.give_back(self._operator, left)

    async def _lease_for(self, segments: int, instead_of: Lease | None = None) -> None:
        while True:
            match await self._pace.reserve(self._operator, segments, self._at_most, instead_of=instead_of):
                case Lease() as lease:
                    self._lease = lease
                    return
                case Refused(retry_after=retry_after):
                    instead_of = None
                    await self._sleep(retry_after.total_seconds())

    async def _until(self, moment: float) -> None:
        while (wait := moment - self._clock()) > 0:
            await self._sleep(wait)
