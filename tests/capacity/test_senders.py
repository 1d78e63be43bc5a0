"""At the receiving side: used to the last segment, never exceeded."""

import asyncio
import time
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from bench.limiter import closest, measure, used, worst_second
from gateway.capacity import Capacity, LocalPace, Moments, OperatorRate, Pace

CAPACITIES = (20, 50, 200)
STALL = 0.03
ATTEMPTS = 3  # what others take of the machine, our senders cannot use; the limit holds in each


@pytest.mark.slow
@pytest.mark.parametrize("senders", [1, 4])
def test_processes_use_the_capacity_and_never_exceed_it(
    redis_url: str, known_past: Callable[[str], None], senders: int
) -> None:
    """Messages of one to three segments; three operators at once; the kernel of the receiver stamps."""
    for capacity in CAPACITIES:
        known_past(f"bench-{capacity}")
    used_at_best = dict.fromkeys(CAPACITIES, 0.0)
    for _ in range(ATTEMPTS):
        for row in measure(redis_url, capacities=CAPACITIES, senders=senders, seconds=3.0):
            assert row.worst_second <= row.capacity
            assert row.closest >= 1.0
            assert row.fewest > 0.4
            used_at_best[row.capacity] = max(used_at_best[row.capacity], row.used)
        if min(used_at_best.values()) >= 0.98:
            break
    assert min(used_at_best.values()) >= 0.98, used_at_best


async def send(pace: Pace, operator: OperatorRate, log: list[float], *, stalls: bool = False) -> None:
    async def oversleep(seconds: float) -> None:
        await asyncio.sleep(seconds + STALL)

    moments = Moments(pace, operator, sleep=oversleep) if stalls else Moments(pace, operator)
    ends_at = time.monotonic() + 3.0
    while time.monotonic() < ends_at:
        await moments.next(max(1, int(operator.segments_per_second) // 50))
        log.append(time.monotonic())
    await moments.give_back()


async def test_a_sender_that_always_oversleeps_costs_the_others_little(
    redis_url: str, known_past: Callable[[str], None]
) -> None:
    logs: dict[int, list[float]] = {capacity: [] for capacity in CAPACITIES}
    async with Redis.from_url(redis_url) as redis, asyncio.TaskGroup() as senders:
        for capacity, log in logs.items():
            operator = OperatorRate(f"test-{capacity}", capacity)
            known_past(operator.name)
            for number in range(4):
                senders.create_task(send(Capacity(redis), operator, log, stalls=number == 0))
    for capacity, log in logs.items():
        assert worst_second(log) <= capacity
        assert closest(log, capacity) >= 1.0
        assert used(log, capacity) >= 0.9


async def test_senders_that_do_not_share_exceed_the_capacity() -> None:
    """The race is real: two paces of their own, each right by itself."""
    operator, log = OperatorRate("o2", 50), list[float]()
    await asyncio.gather(*(send(LocalPace(50), operator, log) for _ in range(2)))
    assert worst_second(log) > 50
