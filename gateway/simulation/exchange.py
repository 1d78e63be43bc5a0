"""The gateway in virtual time: intake, turns and senders, each as the process runs them."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from conversations.media import gsm
from core.messages import ClaimedMt, Lane, MtState
from core.sending_hours import SendingHours
from core.store.receipts import FinalReceipt, SentPart
from core.store.work import Store, Work
from gateway.capacity.arithmetic import SECOND, Book, Granted, Limit, TooEarly
from gateway.intake import FromOperator, Intake
from gateway.sender import MOST_THROTTLED
from gateway.simulation.operator import Accepted, FakeOperator, Refused, Silent
from gateway.simulation.scenario import Rate
from gateway.simulation.timeline import Timeline
from gateway.smpp.coding import GSM7, UCS2
from gateway.smpp.mo import ReceivedMo
from gateway.turns.runner import TurnRunner

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RETRY_AFTER: Final = 1 * SECOND  # what a throttled MT waits
LATER: Final = 2**63  # after every moment
MOST_AT_ONCE: Final = 500
MANY_RECEIPTS: Final = 100  # nobody waits for them, and together they are cheap
BY: Final = "rehearsal"


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class Sender:
    """One operator's queue: what its capacity allows leaves, at the moments that its book grants."""

    def __init__(
        self, operator: FakeOperator, rates: Sequence[Rate], scale: float, *, hours: SendingHours
    ) -> None:
        self.operator = operator
        self.scale = scale
        self._rates = sorted(rates, key=lambda rate: rate.since)
        self._hours = hours
        self._rate = 0.0
        self._book = Book(Limit.of(1))
        self._not_before = 0
        self.handed_over = 0

    def rate(self, now: datetime) -> float:
        """Segments a second at this time."""
        begun = [rate for rate in self._rates if rate.since <= now] or self._rates[:1]
        return begun[-1].segments_per_second * self.scale

    def spans(self) -> list[tuple[datetime, datetime, float]]:
        """From when to when which capacity held, without the unknown future and past."""
        ends = [*(rate.since for rate in self._rates[1:]), datetime.max.replace(tzinfo=UTC)]
        return [
            (rate.since, end, rate.segments_per_second * self.scale)
            for rate, end in zip(self._rates, ends, strict=True)
        ]

    def send(self, store: Store, now: datetime, until: datetime) -> bool:
        """Hand over what may leave before ``until``; True when something was left waiting."""
        self._follow(self.rate(now))
        end = microseconds(until)
        at = max(microseconds(now), self._not_before)
        if at >= end:
            return True
        room = max(1, int(self._rate * (end - at) / SECOND))
        lanes = [lane for lane in Lane if self._hours.is_open(lane, now)]
        with store.begin() as work:
            claimed = work.outbox.claim(self.operator.name, max_segments=room, lanes=lanes, by=BY, now=now)
        if not claimed:
            return False
        unsent: list[ClaimedMt] = []
        settled: dict[tuple[MtState, str], list[ClaimedMt]] = defaultdict(list)
        parts: list[SentPart] = []
        for position, mt in enumerate(claimed):
            moments = self._moments(mt.segments, at, end)
            if not moments:
                unsent += claimed[position:]
                break
            state, sent, at = self._submit(mt, moments)
            parts += sent
            if state is None:
                unsent.append(mt)
            else:
                settled[state, state.value].append(mt)
        self._not_before = max(self._not_before, at)
        with store.begin() as work:
            _settle(work, unsent, settled, parts, until)
        return True

    def _follow(self, rate: float) -> None:
        if rate != self._rate:
            self._rate, self._book.limit = rate, Limit.of(rate)

    def _moments(self, segments: int, at: int, end: int) -> list[int]:
        """One moment for each part, the first before the end; none when it would be later."""
        moments: list[int] = []
        while len(moments) < segments:
            match self._book.reserve(segments - len(moments), at_most=0, lead=0, now=at):
                case Granted(granted):
                    moments += granted
                    at = max(at, granted[-1])
                case TooEarly(retry_after):
                    at += retry_after
            if not moments and at >= end:
                self._not_before = at
                return []
        return moments

    def _submit(self, mt: ClaimedMt, moments: Sequence[int]) -> tuple[MtState | None, list[SentPart], int]:
        """The state it is in then (None to go again), the parts that were taken, and when that was."""
        sent: list[SentPart] = []
        throttled = 0
        due = deque(moments)
        moment = due[0]
        while len(sent) < mt.segments:
            moment = due.popleft() if due else self._moments(1, moment + RETRY_AFTER, LATER)[0]
            number, at = len(sent) + 1, EPOCH + timedelta(microseconds=moment)
            match self.operator.submit(mt, number, at=at, moment=moment):
                case Refused():
                    self._book.slow_down(now=moment)
                    throttled += 1
                    if not sent or throttled == MOST_THROTTLED:
                        return (MtState.UNANSWERED if sent else None), sent, moment + RETRY_AFTER
                    due.clear()
                case Silent():
                    self.handed_over += 1
                    return MtState.UNANSWERED, sent, moment
                case Accepted(message_id):
                    self.handed_over += 1
                    throttled = 0
                    sent.append(SentPart(mt.mt_id, mt.attempt, number, self.operator.name, message_id))
        return MtState.SENT, sent, moment


def _settle(
    work: Work,
    unsent: Sequence[ClaimedMt],
    settled: Mapping[tuple[MtState, str], Sequence[ClaimedMt]],
    parts: Sequence[SentPart],
    now: datetime,
) -> None:
    work.outbox.give_back(unsent)
    for (state, reason), mts in settled.items():
        work.outbox.settle(mts, state, now=now, outcome=reason)
    work.receipts.record(parts, now=now)


class Exchange:
    """Everything between the operators and the database; works when there is something to do."""

    def __init__(
        self,
        store: Store,
        runner: TurnRunner,
        rates: dict[str, float],
        *,
        timeline: Timeline,
        moment: timedelta,
        country: str,
        number: str,
    ) -> None:
        """``number`` is ours; what comes within a ``moment`` is taken together.

        ``rates`` are kept at the operators' capacity, for whoever tells people how long an answer takes.
        """
        self._store = store
        self._runner = runner
        self._timeline = timeline
        self._rates = rates
        self._moment = moment
        self._number = number
        self._intake = Intake(store, country=country, clock=timeline.now)
        self._mos: list[FromOperator] = []
        self._receipts: list[FinalReceipt] = []
        self._is_due = False
        self.senders: list[Sender] = []
        self.turns = 0

    @property
    def mos_waiting(self) -> int:
        return len(self._mos)

    def receive(self, operator: str, phone: str, text: str, message_id: str) -> None:
        """An MO has come."""
        is_gsm = gsm.is_gsm7(text)
        payload = gsm.encode_gsm7(text) if is_gsm else text.encode("utf-16-be")
        mo = ReceivedMo(phone, self._number, payload, GSM7 if is_gsm else UCS2, None, message_id)
        self._mos.append(FromOperator(operator, mo))
        self.wake()

    def take_receipt(self, receipt: FinalReceipt) -> None:
        """A final receipt has come; it waits until they are many, at the latest for the next `tend`."""
        self._receipts.append(receipt)

    def wake(self) -> None:
        """There is something to do."""
        if not self._is_due:
            self._is_due = True
            self._timeline.after(self._moment, self._work)

    def tend(self) -> None:
        """What the gateway does now and then."""
        self._keep_receipts()
        self._intake.tend()
        self.wake()

    def _work(self) -> None:
        self._is_due = False
        now = self._timeline.now()
        self._rates.update({sender.operator.name: sender.rate(now) for sender in self.senders})
        mos, self._mos = self._mos, []
        for begin in range(0, len(mos), MOST_AT_ONCE):
            self._intake.keep_mos(mos[begin : begin + MOST_AT_ONCE])
        if len(self._receipts) >= MANY_RECEIPTS:
            self._keep_receipts()
        if mos:
            while answered := self._runner.run_batch(now):
                self.turns += answered
        is_left = False
        for sender in self.senders:
            is_left |= sender.send(self._store, now, now + self._moment)
        if is_left:
            self.wake()

    def _keep_receipts(self) -> None:
        receipts, self._receipts = self._receipts, []
        for begin in range(0, len(receipts), MOST_AT_ONCE):
            self._intake.keep_receipts(receipts[begin : begin + MOST_AT_ONCE])
