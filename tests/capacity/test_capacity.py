"""Capacity shared through a real Valkey."""

import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis as sync_redis
from redis.asyncio import Redis

from gateway.capacity import Capacity, CapacityGone, Lease, OperatorRate, Refused
from gateway.capacity.arithmetic import SECOND, Limit
from gateway.capacity.script import keys
from gateway.embedded import remove, valkey

O2 = OperatorRate("o2", 20)
QUIET = Limit.of(20).quiet / SECOND
A_SECOND = timedelta(seconds=1)


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def capacity(connection: Redis, known_past: Callable[[str], None]) -> Capacity:
    known_past("o2")
    return Capacity(connection)


async def lease(capacity: Capacity, segments: int) -> Lease:
    outcome = await capacity.reserve(O2, segments, A_SECOND)
    assert isinstance(outcome, Lease)
    return outcome


async def test_a_lease_lies_ahead_and_is_spaced(capacity: Capacity) -> None:
    asked = time.monotonic()
    leased = await lease(capacity, 3)
    assert leased.segments == 3
    assert asked < leased.moments[0] < leased.moments[1] < leased.moments[2] < asked + 0.5
    assert 0.001 < leased.tolerance <= 0.005


async def test_two_gateways_share(capacity: Capacity, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as connection:
        first, second = await lease(capacity, 2), await lease(Capacity(connection), 2)
    assert second.stamps[0] > first.stamps[-1]


async def test_operators_do_not_share(capacity: Capacity, known_past: Callable[[str], None]) -> None:
    known_past("vodafone")
    await lease(capacity, 4)
    other = await capacity.reserve(OperatorRate("vodafone", 20), 1, timedelta(milliseconds=20))
    assert isinstance(other, Lease)


async def test_a_wait_too_long_is_refused_and_takes_nothing(capacity: Capacity) -> None:
    leased = await lease(capacity, 4)
    refused = await capacity.reserve(O2, 1, timedelta(milliseconds=20))
    assert isinstance(refused, Refused)
    assert timedelta(0) < refused.retry_after < timedelta(seconds=0.25)
    assert (await lease(capacity, 1)).stamps[0] - leased.stamps[-1] < 60_000


async def test_unused_moments_go_to_the_next(capacity: Capacity) -> None:
    first = await lease(capacity, 4)
    await capacity.give_back(O2, first.part([2, 3]))
    assert (await lease(capacity, 1)).stamps[0] == first.stamps[2]


async def test_a_missed_moment_is_exchanged_in_one_call(capacity: Capacity) -> None:
    first = await lease(capacity, 1)
    second = await capacity.reserve(O2, 1, A_SECOND, instead_of=first)
    assert isinstance(second, Lease)
    assert second.stamps[0] - first.stamps[0] < 20_000


async def test_a_slow_down_is_shared(capacity: Capacity, redis_url: str) -> None:
    assert await capacity.slow_down(O2) == pytest.approx(0.7)
    async with Redis.from_url(redis_url) as connection:
        assert (await Capacity(connection).usage(O2)).share == pytest.approx(0.7, abs=0.02)


async def test_a_flushed_script_means_two_quiet_seconds(capacity: Capacity, connection: Redis) -> None:
    await lease(capacity, 1)
    await connection.script_flush()
    assert await quiet(capacity) == pytest.approx(QUIET - 1, abs=0.1)


async def test_a_flushed_redis_means_two_quiet_seconds(capacity: Capacity, connection: Redis) -> None:
    await lease(capacity, 1)
    await connection.flushall()
    assert await quiet(capacity) == pytest.approx(QUIET - 1, abs=0.1)


async def test_a_restarted_redis_means_two_quiet_seconds_though_it_kept_its_data(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with valkey(folder) as url, sync_redis.Redis.from_url(url) as before:
        await prepared(url)
        before.hset(keys("o2")[0], "not_before", "0")
        async with Redis.from_url(url) as connection:
            assert isinstance(await Capacity(connection).reserve(O2, 1, A_SECOND), Lease)
        first = before.info("server")["run_id"]
    while True:
        with valkey(folder) as url:
            async with Redis.from_url(url) as connection:
                if (await connection.info("server"))["run_id"] == first:
                    continue  # entered again before it had stopped
                assert await connection.exists(keys("o2")[0])
                assert await quiet(Capacity(connection)) == pytest.approx(QUIET - 1, abs=0.1)
                break
    remove(folder)


async def test_a_stepped_clock_means_two_quiet_seconds(
    connection: Redis, known_past: Callable[[str], None]
) -> None:
    """Redis's clock jumps forward by as much as ours jumps back here."""
    known_past("o2")
    stepped = 0.0
    capacity = Capacity(connection, clock=lambda: time.monotonic() - stepped)
    await lease(capacity, 1)
    stepped = 10.0
    assert await quiet(capacity) == pytest.approx(QUIET, abs=0.1)
    assert await quiet(capacity) == pytest.approx(QUIET - 1, abs=0.1)


async def test_segments_handed_over_unseen_are_waited_for(capacity: Capacity) -> None:
    await capacity.start_over(O2)
    assert await quiet(capacity) == pytest.approx(QUIET - 1, abs=0.1)


async def test_prepare_tells_how_long_the_past_is_unknown(capacity: Capacity, connection: Redis) -> None:
    assert await capacity.prepare(O2) == timedelta(0)
    await connection.flushall()
    assert (await capacity.prepare(O2)).total_seconds() == pytest.approx(QUIET, abs=0.1)


async def test_no_redis_is_a_failure_of_its_own(tmp_path: Path) -> None:
    async with Redis.from_url(f"unix://{tmp_path}/nobody.sock") as nobody:
        with pytest.raises(CapacityGone, match="No such file"):
            await Capacity(nobody).reserve(O2, 1, A_SECOND)


async def test_a_redis_that_is_silent_is_gone(tmp_path: Path) -> None:
    path = str(tmp_path / "silent.sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen()
        async with Redis.from_url(f"unix://{path}") as connection:
            with pytest.raises(CapacityGone):
                await Capacity(connection, answer_within=timedelta(milliseconds=50)).usage(O2)


async def test_redis_back_needs_no_restart(capacity: Capacity, connection: Redis) -> None:
    impatient = Capacity(connection, answer_within=timedelta(0))
    with pytest.raises(CapacityGone):
        await impatient.reserve(O2, 1, A_SECOND)
    assert await lease(capacity, 1)


def test_a_capacity_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        OperatorRate("o2", 0)


async def quiet(capacity: Capacity) -> float:
    refused = await capacity.reserve(O2, 1, A_SECOND)
    assert isinstance(refused, Refused)
    return refused.retry_after.total_seconds()


async def prepared(url: str) -> None:
    async with Redis.from_url(url) as connection:
        await Capacity(connection).prepare(O2)
