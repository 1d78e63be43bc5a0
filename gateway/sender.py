"""Hands MTs over by one way out: claim, wait for a moment of its capacity, submit, settle."""

import asyncio
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.messages import ClaimedMt, Lane, MtState
from core.sending_hours import SendingHours
from core.store.moving import Attempt
from core.store.receipts import SentPart
from core.store.work import Store
from gateway.capacity import Capacity, CapacityGone, LocalPace, Moments, OperatorRate
from gateway.errors import NotConnected, NotNow, Rejected, SendError, Throttled
from gateway.grouping import Grouped
from gateway.roads import Roads
from gateway.watch import Promptness

log = structlog.get_logger()
P = TypeVar("P")

CLAIM_SECONDS = 0.25  # of capacity at a time: how long a bulk may delay an answer
CLAIM_AHEAD_SECONDS = 0.05  # of capacity still to be sent when the next are claimed
MOST_CLAIMED = 200
LEASE_SECONDS = 0.02  # of capacity at a time: a moment that was missed is put off while nobody is far ahead
LOOK_EVERY_SECONDS = 1.0  # when no notification comes
NOT_BOUND_SECONDS = 0.5
ANSWERS_WITHIN_SECONDS = 1.5  # when we leave
ON_THE_WAY = timedelta(seconds=1)  # a validity period begins when the operator reads it
SHORTEST_VALIDITY = timedelta(seconds=1)
MOST_THROTTLED = 3  # times one part of a long MT that has begun is tried
UNASKED = (Lane.INVITATION, Lane.NOTICE)  # what waits for Redis


class Carrier(Protocol[P]):
    """One way out, such as a bind or a bot."""

    @property
    def is_bound(self) -> bool:
        """It takes MTs now."""
        ...

    def parts(self, mt: ClaimedMt) -> Sequence[P]:
        """What is handed over piece by piece, in this order; at least one."""
        ...

    def admit(self, mt: ClaimedMt) -> timedelta:
        """Zero: its address takes it now, and is given it. Else it waits so long, and others go first."""
        ...

    async def submit(self, part: P, mt: ClaimedMt, *, validity: timedelta | None) -> str:
        """Hand a part over and return its id there, or raise a ``SendError``."""
        ...


class NoLongerTrue(SendError):
    """What it says holds no more: never hand it over."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; `parts` are the operator's ids where it was sent."""

    mt: ClaimedMt
    state: MtState | None  # None: give it back, nothing was handed over
    reason: str
    parts: tuple[SentPart, ...] = ()
    is_unserved: bool = False  # the operator says that the number is not its own
    not_before: datetime | None = None  # given back, it waits until then


class Sender(Generic[P]):
    """One operator's queue in this process; any number of processes may share the operator."""

    def __init__(
        self,
        store: Store,
        carrier: Carrier[P],
        operator: OperatorRate,
        pace: Capacity,
        *,
        by: str,
        clock: Callable[[], datetime],
        hours: SendingHours,
        safe_rate: float,
        window: int,
        roads: Roads | None = None,
        promptness: Promptness | None = None,
    ) -> None:
        """Without `roads` what is refused has failed."""
        self._store = store
        self._carrier = carrier
        self._operator = operator
        self._pace = pace
        self._shared = Moments(pace, operator)
        self._local = Moments(LocalPace(safe_rate), operator)
        self._by = by
        self._clock = clock
        self._roads = roads or Roads()
        self._promptness = promptness or Promptness()
        self._hours = hours
        self._settled: Grouped[Outcome] = Grouped(f"outcomes of {operator.name}", self._settle)
        self._slots = asyncio.Semaphore(window)  # taken before a moment: one that waits for a slot goes stale
        self._sending: set[asyncio.Task[None]] = set()
        self._claiming: asyncio.Future[list[ClaimedMt]] | None = None
        self._held: dict[int, Outcome] = {}  # what came of our claims so far, until it is settled
        self._without_redis = False
        self.outstanding = 0  # submits that wait for their answer
        self.rejected: Counter[str] = Counter()  # for good, by the reason
        self.news = asyncio.Event()

    @property
    def operator(self) -> OperatorRate:
        return self._operator

    @property
    def is_bound(self) -> bool:
        return self._carrier.is_bound

    async def run(self) -> None:
        """Send until cancelled; then settle what has left, and give back what has not."""
        settling = asyncio.ensure_future(self._settled.run())
        try:
            while True:
                await self._round()
        finally:
            try:
                await self._leave()
            finally:
                settling.cancel()

    async def _round(self) -> None:
        if self._claiming is None and not self._carrier.is_bound:
            await asyncio.sleep(NOT_BOUND_SECONDS)
            return
        if self._without_redis:
            await self._look_for_redis()
        try:
            # Shielded: the thread commits whether we are cancelled or not.
            claimed = await asyncio.shield(self._claiming or self._begin_claim())
            self._claiming = None
        except Exception as error:  # noqa: BLE001  the database may be away; the queue is kept there
            self._claiming = None
            log.warning("sender.cannot_claim", operator=self._operator.name, error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            return
        if not claimed:
            with suppress(CapacityGone):
                await self._shared.give_back()
            await set_within(self.news, LOOK_EVERY_SECONDS)
            return
        left = sum(mt.segments for mt in claimed)
        ahead = self._operator.segments_per_second * CLAIM_AHEAD_SECONDS
        for position, mt in enumerate(claimed):
            if left <= max(mt.segments, ahead) and self._claiming is None and self._carrier.is_bound:
                self._begin_claim()
            if wait := self._carrier.admit(mt):
                self._put_off(mt, wait)
                left -= mt.segments
                continue
            await self._slots.acquire()
            if not await self._set_off(mt, left):
                for unsent in claimed[position:]:
                    self._start(self._keep(Outcome(unsent, None, "no capacity")))
                return
            left -= mt.segments

    def _begin_claim(self) -> asyncio.Future[list[ClaimedMt]]:
        """Claim in a thread; what is queued from now on is news."""
        self.news.clear()
        self._claiming = asyncio.ensure_future(asyncio.to_thread(self._claim))
        return self._claiming

    def _put_off(self, mt: ClaimedMt, wait: timedelta) -> None:
        """Its place in the queue is kept, and the window is left to others."""
        outcome = Outcome(mt, None, "address busy", not_before=self._clock() + wait)
        self._start(self._keep(outcome))
        asyncio.get_running_loop().call_later(wait.total_seconds(), self.news.set)

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def _set_off(self, mt: ClaimedMt, waiting: int) -> bool:
        """Start with an MT, and return when its first part leaves; False when there is no moment for it."""
        leaves: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        sending = self._start(self._send(mt, waiting, leaves))
        try:
            return await leaves
        except asyncio.CancelledError:
            sending.cancel()
            raise

    async def _leave(self) -> None:
        """Wait a little for answers, then write down what is known of every claim."""
        if self._claiming is not None:
            await asyncio.wait({self._claiming})
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=ANSWERS_WITHIN_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        if self._held:
            try:
                await asyncio.to_thread(self._settle, list(self._held.values()))
            except SQLAlchemyError as error:  # they are put in doubt by whoever comes next
                log.warning("sender.left_unsettled", size=len(self._held), error=type(error).__name__)

    def _claim(self) -> list[ClaimedMt]:
        now = self._clock()
        most = max(1, min(MOST_CLAIMED, math.ceil(self._operator.segments_per_second * CLAIM_SECONDS)))
        with self._store.begin() as work:
            claimed = work.outbox.claim(
                self._operator.name, max_segments=most, lanes=self._lanes(now), by=self._by, now=now
            )
        self._held.update({mt.mt_id: Outcome(mt, None, "given back") for mt in claimed})
        return claimed

    def _lanes(self, now: datetime) -> Sequence[Lane]:
        """Without Redis nothing bulk leaves; a lane with sending hours leaves in them only."""
        now_open = [lane for lane in Lane if self._hours.is_open(lane, now)]
        return [lane for lane in now_open if lane not in UNASKED] if self._without_redis else now_open

    async def _moment(self, mt: ClaimedMt, waiting: int) -> bool:
        """Wait for a moment of our own; False where there is none without Redis."""
        at_once = math.ceil(self._operator.segments_per_second * LEASE_SECONDS)
        waiting = min(waiting, max(mt.segments, at_once))
        if not self._without_redis:
            try:
                await self._shared.next(waiting)
            except CapacityGone as why:
                log.warning("sender.without_redis", operator=self._operator.name, reason=str(why))
                self._without_redis = True
            else:
                return True
        if mt.lane in UNASKED:
            return False
        await self._local.next(waiting)
        return True

    async def _look_for_redis(self) -> None:
        """Go back to the shared pace; what left at the local rate meanwhile is not in its account."""
        try:
            await self._pace.start_over(self._operator)
        except CapacityGone:
            return
        self._without_redis = False
        log.info("sender.with_redis", operator=self._operator.name)

    async def _send(self, mt: ClaimedMt, waiting: int, leaves: asyncio.Future[bool]) -> None:
        """See one MT through; each part leaves in the very step of the loop that its moment was seen in."""
        try:
            is_ours = await self._moment(mt, waiting)
        except Exception as error:  # noqa: BLE001  it is told where it is waited for
            self._slots.release()
            leaves.set_exception(error)
            return
        if not leaves.cancelled():
            leaves.set_result(is_ours)
        if not is_ours or leaves.cancelled():
            self._slots.release()
            return
        try:
            outcome = await self._submit(mt)
        except Exception as error:  # noqa: BLE001  one MT that cannot be sent must not stop the others
            # A traceback may hold the text.
            log.error("sender.failed", mt_id=mt.mt_id, error=type(error).__name__)  # noqa: TRY400
            outcome = Outcome(mt, MtState.FAILED, "cannot be sent")
        finally:
            self._slots.release()
        await self._keep(outcome)

    async def _keep(self, outcome: Outcome) -> None:
        """Settle, however long the database is away: what was sent must not be sent again."""
        self._held[outcome.mt.mt_id] = outcome
        while True:
            try:
                await self._settled.keep(outcome)
            except NotNow:
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            else:
                # Given back, it may already have been claimed anew.
                if self._held.get(outcome.mt.mt_id) is outcome:
                    del self._held[outcome.mt.mt_id]
                return

    async def _submit(self, mt: ClaimedMt) -> Outcome:
        """Hand the parts over one after another; the moment of the first is already ours."""
        sent: list[SentPart] = []
        throttled = 0
        parts = self._carrier.parts(mt)
        while len(sent) < len(parts):
            number = len(sent) + 1
            if sent and not await self._moment(mt, len(parts) - len(sent)):
                return _broken_off(mt, sent, None, "no capacity")
            try:
                given = await self._hand_over(mt, parts[number - 1])
            except Throttled as refused:
                self._held[mt.mt_id] = _broken_off(mt, sent, None, "throttled")
                await self._slow_down()
                await asyncio.sleep(refused.retry_after.total_seconds())
                throttled += 1
                if not sent or throttled == MOST_THROTTLED:
                    return _broken_off(mt, sent, None, "throttled")
                continue
            except SendError as error:
                return _came_of(error, mt, sent)
            throttled = 0
            sent.append(SentPart(mt.mt_id, mt.attempt, number, self._operator.name, given))
        return Outcome(mt, MtState.SENT, "sent", tuple(sent))

    async def _hand_over(self, mt: ClaimedMt, part: P) -> str:
        validity = None
        if mt.valid_until is not None:
            validity = mt.valid_until - self._clock() - ON_THE_WAY
            if validity < SHORTEST_VALIDITY:
                raise NoLongerTrue
        self._held[mt.mt_id] = Outcome(mt, MtState.UNANSWERED, "left before the answer")
        began = time.monotonic()
        is_refused = is_throttled = False
        self.outstanding += 1
        try:
            return await self._carrier.submit(part, mt, validity=validity)
        except Throttled:
            is_throttled = True
            raise
        except Rejected as rejected:
            self.rejected[rejected.reason] += 1
            is_refused = not rejected.is_unreachable
            raise
        finally:
            self.outstanding -= 1
            self._promptness.note(time.monotonic() - began, is_refused=is_refused, is_throttled=is_throttled)

    async def _slow_down(self) -> None:
        try:
            await self._pace.slow_down(self._operator)
        except CapacityGone:
            log.warning("sender.cannot_slow_down", operator=self._operator.name)

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        now = self._clock()
        alike: dict[tuple[MtState, str], list[ClaimedMt]] = defaultdict(list)
        with self._store.begin() as work:
            for not_before in {o.not_before for o in outcomes if o.state is None}:
                given_back = [o.mt for o in outcomes if o.state is None and o.not_before == not_before]
                work.outbox.give_back(given_back, not_before=not_before)
            for outcome in outcomes:
                if outcome.state is not None:
                    alike[outcome.state, outcome.reason].append(outcome.mt)
            for (state, reason), mts in alike.items():
                work.outbox.settle(mts, state, now=now, outcome=reason)
            told = work.receipts.record([part for outcome in outcomes for part in outcome.parts], now=now)
            self._roads.heed(work, told, now=now)
            unserved = [Attempt(o.mt.mt_id, o.mt.attempt) for o in outcomes if o.is_unserved]
            self._roads.refused(work, unserved, operator=self._operator.name, source="refusal", now=now)


def _came_of(error: SendError, mt: ClaimedMt, sent: Sequence[SentPart]) -> Outcome:
    """What becomes of an MT that goes no further."""
    match error:
        case NoLongerTrue():
            return Outcome(mt, MtState.EXPIRED, "no longer true")
        case NotConnected():
            return _broken_off(mt, sent, None, "not connected")
        case Rejected(reason=reason, is_unreachable=is_unreachable):
            is_unserved = not sent and is_unreachable
            return Outcome(mt, MtState.FAILED, f"rejected {reason}", is_unserved=is_unserved)
        case _:
            return _broken_off(mt, sent, MtState.UNANSWERED, "unanswered")


def _broken_off(mt: ClaimedMt, sent: Sequence[SentPart], state: MtState | None, reason: str) -> Outcome:
    """A long MT of which some parts left is in doubt, whatever stopped the rest."""
    return Outcome(mt, MtState.UNANSWERED if sent else state, reason)


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
