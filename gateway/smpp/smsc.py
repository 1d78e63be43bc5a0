"""An SMSC of our own for the demo and the tests: takes MTs, reports on them, delivers MOs, errs to order.

Not a product: nothing it holds survives it.
"""

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from gateway.smpp.behaviour import Behaviour
from gateway.smpp.centre import Submitted, fate, mo_parts, receipt_of, submitted
from gateway.smpp.codes import INTERFACE_VERSION, Status, Tag
from gateway.smpp.fields import Tlv
from gateway.smpp.link import Incoming, Link, Lost, Overdue
from gateway.smpp.numbers import plain
from gateway.smpp.pdu import (
    AnyBind,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    DeliverSm,
    GenericNack,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
)
from gateway.smpp.receipt import STATE_NUMBERS, ReceiptState, normal_id

_DELIVER_AGAIN: Final = frozenset(
    {Status.RECEIVER_TEMPORARY_ERROR, Status.SYSTEM_ERROR, Status.MESSAGE_QUEUE_FULL, Status.THROTTLED}
)


@dataclass(frozen=True, slots=True)
class _Bound:
    sends: bool
    receives: bool


_GOOD: Final = Behaviour()
_VERSION: Final = (Tlv(Tag.SC_INTERFACE_VERSION, bytes((INTERFACE_VERSION,))),)


class Smsc:
    """Listens on loopback inside ``async with``; see ``Behaviour`` for what it does to whom.

    ``behaviour`` may be replaced while it runs.
    """

    def __init__(
        self,
        *,
        chance: random.Random,
        behaviour: Behaviour = _GOOD,
        system_id: str = "crs",
        password: str = "secret",  # noqa: S107 - a simulator's account guards nothing
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        on_submitted: Callable[[Submitted], None] | None = None,
    ) -> None:
        """``port`` 0 takes any free one; ``on_submitted`` is told of every accepted MT and must not block."""
        self.behaviour = behaviour
        self.port = port
        self.submitted: list[Submitted] = []  # in order of acceptance
        self.reported: list[str] = []  # the ids of the receipts that left, as they were answered
        self.put_off = 0  # how often a deliver_sm was to be delivered again
        self._held: list[tuple[Link, SubmitSmResp]] = []
        self._chance = chance
        self._tls = tls
        self._system_id = system_id
        self._password = password
        self._on_submitted = on_submitted
        self._number = behaviour.first_id
        self._reference = 0
        self._window = asyncio.Semaphore(behaviour.window)
        self._links: dict[Link, _Bound | None] = {}
        self._receivers: deque[Link] = deque()
        self._news = asyncio.Event()  # a bind came or an MT was taken
        self._last_second: deque[float] = deque()
        self._states: dict[str, ReceiptState] = {}  # by kept id, for query_sm
        self._work: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None  # noqa: S101 - set on entering
        self._server.close()
        for task in list(self._work):
            task.cancel()
        ending = [link.closed for link in self._links]
        self.drop()
        await asyncio.gather(*self._work, *ending, return_exceptions=True)

    @property
    def is_bound(self) -> bool:
        """Somebody takes MOs and receipts."""
        return bool(self._receivers)

    def drop(self) -> None:
        """Cut every connection without a word."""
        for link in list(self._links):
            link.abort()
            self.ended(link)

    async def put_off_times(self, count: int) -> None:
        """Wait until messages were put off so often in all."""
        await self._until(lambda: self.put_off >= count)

    def release(self) -> None:
        """Say the answers that were held."""
        held, self._held = self._held, []
        for link, answer in held:
            link.send(answer)

    async def bound(self) -> None:
        """Wait until somebody takes MOs."""
        await self._until(lambda: self.is_bound)

    async def taken(self, count: int) -> list[Submitted]:
        """Wait until ``count`` MTs were accepted in all; the log."""
        await self._until(lambda: len(self.submitted) >= count)
        return self.submitted

    async def deliver(self, source: str, destination: str, text: str, message_id: str | None = None) -> int:
        """Deliver a person's message in as many parts as it takes; the command_status it ended with.

        Waits for a bind, delivers again after a lost connection and after a temporary error, always with the
        same id. Each part of a long message has an id of its own, ``-1``, ``-2`` … added. With several parts
        the first status that is not 0.
        """
        self._reference = (self._reference + 1) % 256
        messages = mo_parts(source, destination, text, message_id, reference=self._reference)
        if len(messages) > 1:
            messages = messages[: max(1, len(messages) - self.behaviour.parts_lost)]
            if self.behaviour.parts_reordered:
                messages.reverse()
        statuses = await asyncio.gather(*(self._hand_over(message) for message in messages))
        return next((status for status in statuses if status), Status.OK)

    def opened(self, link: Link) -> None:
        """Somebody is there, not bound yet."""
        self._links[link] = None

    def received(self, link: Link, request: Incoming) -> None:
        """An ESME asks for something."""
        match request:
            case BindReceiver() | BindTransmitter() | BindTransceiver():
                self._bind(link, request)
            case SubmitSm():
                self._take(link, request)
            case QuerySm():
                self._query(link, request)
            case DeliverSm():
                link.send(GenericNack(sequence=request.sequence, status=Status.INVALID_COMMAND_ID))

    def ended(self, link: Link) -> None:
        """A connection is gone."""
        self._links.pop(link, None)
        self._stop_using(link)

    def _accept(self) -> Link:
        return Link(self, "smsc", respond_within=self.behaviour.deliver_within)

    def _bind(self, link: Link, request: AnyBind) -> None:
        status = Status.OK
        if self._links.get(link) is not None:
            status = Status.ALREADY_BOUND
        elif self.behaviour.binds_refused:
            status = Status.BIND_FAILED
        elif request.system_id != self._system_id:
            status = Status.INVALID_SYSTEM_ID
        elif request.password != self._password:
            status = Status.INVALID_PASSWORD
        resp: type[BindReceiverResp | BindTransmitterResp | BindTransceiverResp]
        match request:
            case BindReceiver():
                resp, bound = BindReceiverResp, _Bound(sends=False, receives=True)
            case BindTransmitter():
                resp, bound = BindTransmitterResp, _Bound(sends=True, receives=False)
            case BindTransceiver():
                resp, bound = BindTransceiverResp, _Bound(sends=True, receives=True)
        link.send(resp(sequence=request.sequence, status=status, system_id="crs-smsc", tlvs=_VERSION))
        if status:
            return
        self._links[link] = bound
        if bound.receives:
            self._receivers.append(link)
        self._news.set()

    def _take(self, link: Link, request: SubmitSm) -> None:
        bound = self._links.get(link)
        now = asyncio.get_running_loop().time()
        status = Status.OK
        destination = plain(request.destination_ton, request.destination)
        if bound is None or not bound.sends:
            status = Status.INVALID_BIND_STATUS
        elif destination in self.behaviour.refused_destinations or not destination:
            status = Status.INVALID_DESTINATION
        elif not self._has_capacity(now):
            status = self.behaviour.busy
        if status:
            self._answer(link, SubmitSmResp(sequence=request.sequence, status=status))
            return
        number, self._number = self._number, self._number + 1
        taken = submitted(request, self.behaviour.answer_ids.write(number), at=now, now=datetime.now(UTC))
        self.submitted.append(taken)
        self._states[normal_id(taken.message_id)] = fate(taken, self.behaviour)[0]
        if self._on_submitted is not None:
            self._on_submitted(taken)
        self._news.set()
        self._follow(link, request, taken, number)

    def _follow(self, link: Link, request: SubmitSm, taken: Submitted, number: int) -> None:
        """Answer and report, in the order and as often as the behaviour says."""
        answer = SubmitSmResp(sequence=request.sequence, message_id=taken.message_id)
        is_answered = not self._happens(self.behaviour.answers_lost)
        receipts = 2 if self._happens(self.behaviour.receipts_doubled) else 1
        if request.registered_delivery & 3 == 0 or self._happens(self.behaviour.receipts_lost):
            receipts = 0
        receipt = (
            receipt_of(request, taken, number, self.behaviour, now=datetime.now(UTC)) if receipts else None
        )
        if receipt is not None and self._happens(self.behaviour.receipts_before_answer):
            self._start(self._report_first(receipt, link, answer if is_answered else None))
            self.reported.append(taken.message_id)
            receipts -= 1
        elif is_answered:
            self._answer(link, answer)
        for _ in range(receipts):
            if receipt is not None:
                self.reported.append(taken.message_id)
                self._report(receipt)

    async def _report_first(self, receipt: DeliverSm, link: Link, answer: SubmitSmResp | None) -> None:
        await self._hand_over(receipt)
        if answer is not None:
            link.send(answer)

    def _report(self, receipt: DeliverSm) -> None:
        after = (self.behaviour.receipt_after + self.behaviour.answer_after).total_seconds()
        if after:
            asyncio.get_running_loop().call_later(after, self._report_now, receipt)
        else:
            self._report_now(receipt)

    def _report_now(self, receipt: DeliverSm) -> None:
        if self._server is not None and self._server.is_serving():
            self._start(self._see_through(receipt))

    async def _see_through(self, message: DeliverSm) -> None:
        await self._hand_over(message)

    def _answer(self, link: Link, answer: SubmitSmResp) -> None:
        after = self.behaviour.answer_after.total_seconds()
        if self.behaviour.answers_held:
            self._held.append((link, answer))
        elif after:
            asyncio.get_running_loop().call_later(after, link.send, answer)
        else:
            link.send(answer)

    def _query(self, link: Link, request: QuerySm) -> None:
        state = self._states.get(normal_id(request.message_id))
        if state is None:
            link.send(QuerySmResp(sequence=request.sequence, status=Status.QUERY_FAILED))
            return
        link.send(
            QuerySmResp(
                sequence=request.sequence, message_id=request.message_id, message_state=STATE_NUMBERS[state]
            )
        )

    def _has_capacity(self, now: float) -> bool:
        """Room within the second that ends now."""
        capacity = self.behaviour.segments_per_second
        if capacity is None:
            return True
        while self._last_second and self._last_second[0] <= now - 1.0:
            self._last_second.popleft()
        if len(self._last_second) >= capacity:
            return False
        self._last_second.append(now)
        return True

    async def _hand_over(self, message: DeliverSm) -> int:
        status: int = Status.OK
        for attempt in range(self.behaviour.deliver_attempts):
            if attempt:
                await asyncio.sleep(self.behaviour.deliver_again_after.total_seconds())
            async with self._window:
                status = await self._hand_over_once(message)
            if status not in _DELIVER_AGAIN:
                break
            self.put_off += 1
            self._news.set()
        return status

    async def _hand_over_once(self, message: DeliverSm) -> int:
        """The ESME's answer, however many connections it takes."""
        while True:
            if not self._receivers:
                await self.bound()
                continue
            self._receivers.rotate()
            link = self._receivers[0]
            try:
                response = await link.request(replace(message, sequence=link.next_sequence()))
            except Lost:
                # It may have taken leave and not be gone yet: asked again at once, it would never get to go.
                self._stop_using(link)
                continue
            except Overdue:
                link.abort()
                continue
            return response.status

    def _stop_using(self, link: Link) -> None:
        if link in self._receivers:
            self._receivers.remove(link)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._news.clear()
            await self._news.wait()

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
