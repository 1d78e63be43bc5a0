"""The pace of one process alone, for answers while Redis is gone."""

import time
from collections.abc import Callable
from datetime import timedelta

from gateway.capacity.arithmetic import (
    LONGEST_PATIENCE,
    LONGEST_WAIT,
    SECOND,
    TOLERANCE,
    WHOLE,
    Book,
    Granted,
    Limit,
    microseconds,
)
from gateway.capacity.pace import Lease, OperatorRate, Refused, ReserveOutcome


class LocalPace:
    """The same leases as `Capacity`, at a safe rate of our own, the operator's if that is less.

    It begins with the silence that lets what was leased through Redis run out. When Redis is back,
    `Capacity.start_over` does the same the other way round.
    """

    def __init__(self, segments_per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = segments_per_second
        self._clock = clock
        self._books: dict[str, Book] = {}

    async def reserve(
        self,
        operator: OperatorRate,
        segments: int,
        at_most: timedelta,
        *,
        instead_of: Lease | None = None,
        patience: timedelta = timedelta(0),
    ) -> ReserveOutcome:
        if segments < 1:
            raise ValueError("a lease is of one segment or more")
        extra = min(microseconds(patience), LONGEST_PATIENCE)
        outcome = self._book(operator).reserve(
            segments,
            at_most=min(microseconds(at_most), LONGEST_WAIT),
            lead=0,
            now=self._now(),
            patience=extra,
            missed=instead_of.stamps if instead_of else (),
        )
        if isinstance(outcome, Granted):
            moments = tuple(moment / SECOND for moment in outcome.moments)
            return Lease(moments, (TOLERANCE + extra) / SECOND, outcome.moments)
        return Refused(timedelta(microseconds=outcome.retry_after))

    async def give_back(self, operator: OperatorRate, lease: Lease) -> None:
        self._book(operator).give_back(lease.stamps, now=self._now())

    async def left_late(self, operator: OperatorRate, lease: Lease) -> None:
        self._book(operator).left_late(lease.stamps, now=self._now())

    async def slow_down(self, operator: OperatorRate) -> float:
        return self._book(operator).slow_down(now=self._now()) / WHOLE

    def _book(self, operator: OperatorRate) -> Book:
        book = self._books.get(operator.name)
        if book is None:
            book = Book(Limit.of(min(self._rate, operator.segments_per_second)))
            book.start_over(self._now())
            self._books[operator.name] = book
        return book

    def _now(self) -> int:
        # Rounded up: a moment is never earlier than the one it was computed from.
        return -int(-self._clock() * SECOND // 1)
