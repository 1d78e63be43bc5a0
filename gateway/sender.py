"""Hands MTs over to one operator: claim, wait for a moment of its capacity, submit, settle."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from core.messages import ClaimedMt, Lane, MtState
from core.store.receipts import SentPart
from core.store.work import Store
from gateway.capacity import Capacity, CapacityGone, LocalPace, Moments, OperatorRate
from gateway.errors import NotConnected, NotNow, Rejected, Throttled, Unanswered
from gateway.grouping import Grouped
from gateway.smpp.coding import Part, encode_parts
from gateway.smpp.receipt import normal_id

log = structlog.get_logger()

CLAIM_SECONDS = 0.25  # of capacity at a time: how long a bulk may delay an answer
MOST_CLAIMED = 200
LOOK_EVERY_SECONDS = 1.0  # when no notification comes
NOT_BOUND_SECONDS = 0.5
UNASKED = (Lane.INVITATION, Lane.NOTICE)  # what waits for sending hours, and for Redis
ANSWERS = (Lane.ANSWER, Lane.CONFIRMATION)


class Submits(Protocol):
    """What the sender needs of a bind."""

    @property
    def is_bound(self) -> bool: ...

    async def submit(self, part: Part, source: str, destination: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; `parts` are the operator's ids where it was sent."""

    mt: ClaimedMt
    state: MtState | None  # None: give it back, nothing was handed over
    reason: str
    parts: tuple[SentPart, ...] = ()


class Sender:
    """One operator's queue in this process; any number of processes may share the operator."""

    def __init__(
        self,
        store: Store,
        bind: Submits,
        operator: OperatorRate,
        pace: Capacity,
        *,
        source: str,
        by: str,
        clock: Callable[[], datetime],
        sending_hours: tuple[time, time],
        zone: ZoneInfo,
        safe_rate: float,
        window: int,
    ) -> None:
        self._store = store
        self._bind = bind
        self._operator = operator
        self._pace = pace
        self._shared = Moments(pace, operator)
        self._local = Moments(LocalPace(safe_rate), operator)
        self._source = source
        self._by = by
        self._clock = clock
        self._hours = sending_hours
        self._zone = zone
        self._settled: Grouped[Outcome] = Grouped(f"outcomes of {operator.name}", self._settle)
        self._in_flight = asyncio.Semaphore(2 * window)
        self._without_redis = False
        self.news = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled."""
        settling = asyncio.ensure_future(self._settled.run())
        try:
            async with asyncio.TaskGroup() as sending:
                while True:
                    await self._round(sending)
        finally:
            settling.cancel()

    async def _round(self, sending: asyncio.TaskGroup) -> None:
        self.news.clear()
        if not self._bind.is_bound:
            await asyncio.sleep(NOT_BOUND_SECONDS)
            return
        try:
            claimed = await asyncio.to_thread(self._claim)
        except Exception as error:  # noqa: BLE001  the database may be away; the queue is kept there
            log.warning("sender.cannot_claim", operator=self._operator.name, error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            return
        if not claimed:
            await self._shared.give_back()
            await _until(self.news, LOOK_EVERY_SECONDS)
            return
        left = sum(mt.segments for mt in claimed)
        for position, mt in enumerate(claimed):
            if not await self._wait_for_moments(mt, left):
                for unsent in claimed[position:]:
                    sending.create_task(self._keep(Outcome(unsent, None, "no capacity")))
                return
            left -= mt.segments
            await self._in_flight.acquire()
            sending.create_task(self._send(mt))

    def _claim(self) -> list[ClaimedMt]:
        now = self._clock()
        most = max(1, min(MOST_CLAIMED, math.ceil(self._operator.segments_per_second * CLAIM_SECONDS)))
        with self._store.begin() as work:
            return work.outbox.claim(
                self._operator.name, max_segments=most, lanes=self._lanes(now), by=self._by, now=now
            )

    def _lanes(self, now: datetime) -> Sequence[Lane]:
        """Without Redis nothing bulk leaves; what nobody asked for leaves in sending hours only."""
        begins, ends = self._hours
        is_day = begins <= now.astimezone(self._zone).time() < ends
        return tuple(Lane) if is_day and not self._without_redis else ANSWERS

    async def _wait_for_moments(self, mt: ClaimedMt, waiting: int) -> bool:
        """Wait for one moment; the others of a long MT are waited for part by part."""
        try:
            await self._shared.next(waiting)
        except CapacityGone:
            if not self._without_redis:
                log.warning("sender.without_redis", operator=self._operator.name)
            self._without_redis = True
            if mt.lane in UNASKED:
                return False
            await self._local.next(waiting)
        else:
            if self._without_redis:
                self._without_redis = False
                # What left at the local rate meanwhile is not in the shared account.
                await self._pace.start_over(self._operator)
        return True

    async def _send(self, mt: ClaimedMt) -> None:
        try:
            await self._keep(await self._submit(mt))
        finally:
            self._in_flight.release()

    async def _keep(self, outcome: Outcome) -> None:
        """Settle, however long the database is away: what was sent must not be sent again."""
        while True:
            try:
                return await self._settled.keep(outcome)
            except NotNow:
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _submit(self, mt: ClaimedMt) -> Outcome:
        sent: list[SentPart] = []
        for number, part in enumerate(encode_parts(mt.text, mt.mt_id % 256), 1):
            if number > 1 and not await self._wait_for_moments(mt, mt.segments - number + 1):
                break
            try:
                given = await self._bind.submit(part, self._source, mt.address.number)
            except NotConnected:
                return self._broken_off(mt, sent, None, "not connected")
            except Throttled as throttled:
                await self._slow_down()
                await asyncio.sleep(throttled.retry_after.total_seconds())
                return self._broken_off(mt, sent, None, "throttled")
            except Rejected as rejected:
                return Outcome(mt, MtState.FAILED, f"rejected 0x{rejected.command_status:02x}")
            except Unanswered:
                return self._broken_off(mt, sent, MtState.UNANSWERED, "unanswered")
            sent.append(SentPart(mt.mt_id, mt.attempt, number, self._operator.name, normal_id(given)))
        if len(sent) < mt.segments:
            return self._broken_off(mt, sent, None, "no capacity")
        return Outcome(mt, MtState.SENT, "sent", tuple(sent))

    @staticmethod
    def _broken_off(mt: ClaimedMt, sent: Sequence[SentPart], state: MtState | None, reason: str) -> Outcome:
        """A long MT of which some parts left is in doubt, whatever stopped the rest."""
        return Outcome(mt, MtState.UNANSWERED if sent else state, reason)

    async def _slow_down(self) -> None:
        try:
            await self._pace.slow_down(self._operator)
        except CapacityGone:
            log.warning("sender.cannot_slow_down", operator=self._operator.name)

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        now = self._clock()
        alike: dict[tuple[MtState, str], list[ClaimedMt]] = defaultdict(list)
        with self._store.begin() as work:
            work.outbox.give_back([o.mt for o in outcomes if o.state is None])
            for outcome in outcomes:
                if outcome.state is not None:
                    alike[outcome.state, outcome.reason].append(outcome.mt)
            for (state, reason), mts in alike.items():
                work.outbox.settle(mts, state, now=now, outcome=reason)
            work.receipts.record([part for outcome in outcomes for part in outcome.parts], now=now)


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
