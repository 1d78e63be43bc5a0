"""A sender that stalls exchanges its moments; it never hands over a late one."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.limiter import closest, worst_second
from gateway.capacity import Lease, LocalPace, Moments, OperatorRate

O2 = OperatorRate("o2", 20)


class Clock:
    """Sleeps as long as asked, and then as long as the machine is busy with something else."""

    def __init__(self, stalls: list[float]) -> None:
        self.now = 1_000.0
        self._stalls = stalls
        self._sleeps = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)  # what was asked for is answered at once
        self.now += max(seconds, 1e-6) + self._stalls[self._sleeps % len(self._stalls)]
        self._sleeps += 1


def hand_over(clock: Clock, segments: int, *, rate: float = 20, batch: int = 4) -> list[float]:
    async def send() -> list[float]:
        moments = Moments(LocalPace(rate, clock=clock), O2, clock=clock, sleep=clock.sleep)
        stamps = []
        for left in range(segments, 0, -1):
            await moments.next(min(left, batch))
            stamps.append(clock.now)
        return stamps

    return asyncio.run(send())


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.floats(0, 0.004), st.floats(0, 1.5)), min_size=1, max_size=12).filter(
        lambda stalls: min(stalls) < 0.004
    ),
    st.integers(1, 8),
)
def test_a_sender_that_stalls_stays_within_the_capacity(stalls: list[float], batch: int) -> None:
    stamps = hand_over(Clock(stalls), 100, batch=batch)
    assert worst_second(stamps) <= 20
    assert closest(stamps, 20) >= 1.0


@pytest.mark.parametrize(
    ("stalls", "least"),
    [
        pytest.param([0.0], 0.98, id="no stall"),
        pytest.param([0.001, 0.002], 0.98, id="the usual millisecond or two"),
        pytest.param([0.0] * 19 + [0.015], 0.98, id="15 ms each second"),
        pytest.param([0.0] * 19 + [0.1], 0.90, id="100 ms each second, and only they are lost"),
    ],
)
def test_a_stall_costs_little_more_than_itself(stalls: list[float], least: float) -> None:
    stamps = hand_over(Clock(stalls), 201)
    assert 200 / (stamps[-1] - stamps[0]) >= least * 20


def test_a_sender_that_is_always_late_still_hands_over() -> None:
    stamps = hand_over(Clock([0.03]), 60)
    assert 59 / (stamps[-1] - stamps[0]) >= 0.7 * 20
    assert worst_second(stamps) <= 20


def test_without_exchange_a_stall_would_exceed_the_capacity() -> None:
    """The guard has something to guard: the moments alone, each 40 ms late at its worst, are too many."""

    async def send() -> list[float]:
        clock = Clock([0.0])
        pace = LocalPace(20, clock=clock)
        moments = list[float]()
        while len(moments) < 100:
            outcome = await pace.reserve(O2, 4, timedelta(seconds=1))
            if isinstance(outcome, Lease):
                moments += outcome.moments
            else:
                await clock.sleep(outcome.retry_after.total_seconds())
        return [moment + (0.04 if i % 21 == 0 else 0.0) for i, moment in enumerate(moments)]

    assert worst_second(asyncio.run(send())) > 20


def stamps_of_a_machine_that_stops(pace: LocalPace, clock: Clock) -> list[float]:
    """Ten times a second's segments; one in 21 leaves 60 ms after the look at the clock."""

    async def send() -> list[float]:
        moments = Moments(pace, O2, clock=clock, sleep=clock.sleep)
        stamps = []
        for n in range(200):
            await moments.next()
            clock.now += 0.06 if n % 21 == 0 else 0.0
            stamps.append(clock.now)
            for _ in range(3):  # awaits the answer, as a sender does
                await asyncio.sleep(0)
        return stamps

    return asyncio.run(send())


def test_what_left_late_puts_off_what_comes_a_window_later() -> None:
    clock = Clock([0.0])
    stamps = stamps_of_a_machine_that_stops(LocalPace(20, clock=clock), clock)
    assert worst_second(stamps) <= 20
    assert closest(stamps, 20) >= 1.0
    assert 199 / (stamps[-1] - stamps[0]) >= 0.9 * 20


def test_what_left_late_and_was_not_told_would_exceed_the_capacity() -> None:
    class Deaf(LocalPace):
        async def left_late(self, operator: OperatorRate, lease: Lease) -> None:
            """It is not told."""

    clock = Clock([0.0])
    assert worst_second(stamps_of_a_machine_that_stops(Deaf(20, clock=clock), clock)) > 20


def test_a_local_pace_begins_with_silence_and_keeps_to_the_slower_rate() -> None:
    assert hand_over(Clock([0.0]), 1)[0] > 1_002.0
    stamps = hand_over(Clock([0.0]), 30, rate=5)
    assert worst_second(stamps) == 5
