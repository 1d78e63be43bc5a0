"""The pace that all gateways share: one script, one clock, both in Redis."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from gateway.capacity.arithmetic import (
    LONGEST_LEAD,
    LONGEST_PATIENCE,
    LONGEST_WAIT,
    SECOND,
    TOLERANCE,
    WHOLE,
    Limit,
    microseconds,
)
from gateway.capacity.pace import CapacityGone, Lease, OperatorRate, Refused, ReserveOutcome, Usage
from gateway.capacity.redis_clock import RedisClock, Seen
from gateway.capacity.script import keys, script

ENOUGH_DOUBT = 0.001  # seconds; look at the clock again above it
USABLE_DOUBT = 0.003  # seconds; more of it is made up for by patience
LOOKS = 8
SHORTEST_LEAD = 1_000


class Capacity:
    """Leases moments of every operator's capacity; any number of processes may do so at once.

    A lost answer costs its moments, never the law. When Redis cannot know what was handed over before
    (a restart, a flush, a clock that stepped), nothing is handed over for some two seconds.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        clock: Callable[[], float] = time.monotonic,
        answer_within: timedelta = timedelta(milliseconds=500),
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._answer_within = answer_within.total_seconds()
        self._script = script()
        self._sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._theirs = RedisClock()
        self._least_doubt = 0.0
        self._stepped = False
        self._lead = SHORTEST_LEAD

    async def prepare(self, operator: OperatorRate) -> timedelta:
        """Let the unknown past run out while nothing waits yet, such as before binding; how long still?"""
        now, not_before = await self._ask("prepare", operator)
        return timedelta(microseconds=not_before - now)

    async def reserve(
        self,
        operator: OperatorRate,
        segments: int,
        at_most: timedelta,
        *,
        instead_of: Lease | None = None,
        patience: timedelta = timedelta(0),
    ) -> ReserveOutcome:
        """Lease moments for ``segments``, the first of them at most ``at_most`` (and a second) ahead."""
        if segments < 1:
            raise ValueError("a lease is of one segment or more")
        await self._sharpen()
        longest = min(microseconds(at_most), LONGEST_WAIT)
        missed = instead_of.stamps if instead_of else ()
        far = max(0.0, self._theirs.doubt - USABLE_DOUBT)
        extra = min(microseconds(patience) + int(far * SECOND), LONGEST_PATIENCE)
        # A Redis further away than the wait asked for would refuse for ever.
        lead = min(self._lead, LONGEST_LEAD)
        now, granted, *moments = await self._ask(
            "reserve", operator, segments, max(longest, lead), lead, extra, *missed
        )
        if self._stepped:
            # Moments leased under the old time may still lie ahead, unseen under the new one.
            now, not_before = await self._ask("prepare", operator, unknown=True)
            self._stepped = False
            return Refused(timedelta(microseconds=not_before - now))
        if not granted:
            return Refused(timedelta(microseconds=moments[0]))
        return Lease(
            moments=tuple(self._theirs.ours(moment) for moment in moments),
            tolerance=(TOLERANCE + extra) / SECOND - self._theirs.doubt,
            stamps=tuple(moments),
        )

    async def give_back(self, operator: OperatorRate, lease: Lease) -> None:
        """Return moments at which nothing was handed over."""
        if lease.stamps:
            await self._ask("give_back", operator, *lease.stamps)

    async def left_late(self, operator: OperatorRate, lease: Lease) -> None:
        """These left between the tolerance and now: what comes a window later is put off."""
        await self._ask("left_late", operator, *lease.stamps)

    async def slow_down(self, operator: OperatorRate) -> float:
        """The operator throttled us: cut its share now, let it recover slowly; return the share."""
        _, share = await self._ask("slow_down", operator)
        return share / WHOLE

    async def start_over(self, operator: OperatorRate) -> None:
        """Redis knows nothing of segments handed over: wait until they no longer count."""
        await self._ask("start_over", operator)

    async def usage(self, operator: OperatorRate) -> Usage:
        _, segments, share = await self._ask("usage", operator)
        return Usage(segments, share / WHOLE)

    async def _ask(self, verb: str, operator: OperatorRate, *rest: int, unknown: bool = False) -> list[int]:
        limit = Limit.of(operator.segments_per_second)
        named = keys(operator.name)
        head = (verb, limit.segments, limit.window)
        with _gone():
            async with asyncio.timeout(self._answer_within):
                asked = self._clock()
                try:
                    answer: list[int] = await self._redis.evalsha(
                        self._sha, len(named), *named, *head, int(unknown), *rest
                    )
                except NoScriptError:
                    # A Redis that does not know the script was started or flushed: it may have lost more.
                    asked = self._clock()
                    answer = await self._redis.eval(self._script, len(named), *named, *head, 1, *rest)
        self._look(asked, answer[0])
        return answer

    async def _sharpen(self) -> None:
        """Look at Redis's clock until little is left to doubt, or as little as its distance allows."""
        if self._theirs.doubt <= self._least_doubt + ENOUGH_DOUBT:
            return
        for _ in range(LOOKS):
            if self._theirs.doubt <= ENOUGH_DOUBT:
                break
            with _gone():
                async with asyncio.timeout(self._answer_within):
                    asked = self._clock()
                    seconds, microseconds = await self._redis.time()
            self._look(asked, seconds * SECOND + microseconds)
        if self._theirs.doubt > LONGEST_PATIENCE / SECOND:
            raise CapacityGone(f"Redis answers from {self._theirs.doubt * 1000:.0f} ms away")
        self._least_doubt = self._theirs.doubt

    def _look(self, asked: float, stamp: int) -> None:
        answered = self._clock()
        self._lead = max(SHORTEST_LEAD, int(2 * (answered - asked) * SECOND))
        if self._theirs.look(asked=asked, stamp=stamp, answered=answered) is Seen.STEPPED:
            self._stepped = True
            self._least_doubt = 0.0


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise CapacityGone(f"Redis: {str(error) or type(error).__name__}") from error
