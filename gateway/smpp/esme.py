"""Our bind to one operator: MTs out, MOs and DLRs in, for as long as the gateway runs.

Source: SMPP 3.4 §2 (sessions), §5.1.3 (command_status), §7.1.1 (validity).
"""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, TypeAlias

import structlog

from gateway.errors import NotConnected, NotNow, Rejected, Throttled, Unanswered
from gateway.smpp.codec import encode
from gateway.smpp.codes import Status
from gateway.smpp.coding import Part
from gateway.smpp.link import Incoming, Link, Lost, Overdue
from gateway.smpp.mo import ReceivedMo, read_mo
from gateway.smpp.numbers import numbering, relative
from gateway.smpp.pdu import (
    AnyRequest,
    AnyResponse,
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    GenericNack,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
)
from gateway.smpp.receipt import STATES, Receipt, ReceiptState, Unreadable, is_receipt, read_receipt

_log = structlog.get_logger(__name__)

_SLOW_DOWN: Final = frozenset({Status.MESSAGE_QUEUE_FULL, Status.THROTTLED})
# The centre itself is unwell: it took nothing and may recover.
_UNWELL: Final = frozenset({Status.SYSTEM_ERROR, Status.RECEIVER_TEMPORARY_ERROR})


@dataclass(frozen=True, slots=True)
class SmscAddress:
    """An operator's centre, our account there and how patient we are with it."""

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    window: int = 20  # unanswered submit_sm at most
    tls: bool = False
    system_type: str = ""
    source_ton: int | None = None  # None: told from the number
    source_npi: int | None = None
    connect_within: timedelta = timedelta(seconds=10)
    respond_within: timedelta = timedelta(seconds=30)
    enquire_after: timedelta = timedelta(seconds=30)  # of silence
    reconnect_after: timedelta = timedelta(seconds=0.5)  # doubled by every failure
    reconnect_at_most: timedelta = timedelta(seconds=30)
    leave_within: timedelta = timedelta(seconds=10)  # for answers and unbind on closing
    retry_throttled_after: timedelta = timedelta(seconds=1)
    retry_unwell_after: timedelta = timedelta(seconds=5)
    deliveries: int = 1000  # deliver_sm being kept at the same time; more are put off


OnMo: TypeAlias = Callable[[ReceivedMo], Awaitable[None]]
OnReceipt: TypeAlias = Callable[[Receipt], Awaitable[None]]


class BindRefused(Exception):
    """The SMSC does not want us, now or at all."""


class Esme:
    """One transceiver bind that comes back by itself.

    ``run()`` is a task that ends only by ``close()`` or cancellation, whatever the peer does. A deliver_sm
    is answered when its callback has returned: the MO or receipt is durable then. ``NotNow`` out of a
    callback asks the SMSC to deliver again.
    """

    def __init__(
        self,
        address: SmscAddress,
        *,
        on_mo: OnMo,
        on_receipt: OnReceipt,
        chance: random.Random,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``chance`` spreads reconnections; ``tls`` replaces the system's trust where ``address.tls``.

        ``ValueError`` for an account that does not fit into a bind.
        """
        self.address = address
        self._on_mo = on_mo
        self._on_receipt = on_receipt
        self._chance = chance
        self._tls = (tls or ssl.create_default_context()) if address.tls else None
        self._introduction = BindTransceiver(
            sequence=1,
            system_id=address.system_id,
            password=address.password,
            system_type=address.system_type,
        )
        encode(self._introduction)
        self._window = asyncio.Semaphore(address.window)
        self._outstanding = 0
        self._link: Link | None = None  # only while bound
        self._binding: asyncio.Task[Link] | None = None
        self._closing = asyncio.Event()
        self._bound = asyncio.Event()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._log = _log.bind(operator=address.name)

    @property
    def is_bound(self) -> bool:
        """MTs can be handed over."""
        return self._link is not None and self._link.is_open

    @property
    def outstanding(self) -> int:
        """How many submit_sm wait for their answer."""
        return self._outstanding

    async def bound(self) -> None:
        """Wait until MTs can be handed over."""
        while not self.is_bound:
            self._bound.clear()
            await self._bound.wait()

    async def run(self) -> None:
        """Keep the bind up until ``close()``."""
        failures = 0
        while not self._closing.is_set():
            self._binding = asyncio.get_running_loop().create_task(self._bind())
            try:
                link = await self._binding
            except asyncio.CancelledError:
                if self._closing.is_set():
                    return
                raise
            except (OSError, UnicodeError, BindRefused, Lost, Overdue) as why:
                failures += 1
                self._log.warning("bind_failed", reason=type(why).__name__, failures=failures)
            else:
                lasted = await self._hold(link)
                failures = 1 if lasted >= self.address.reconnect_at_most.total_seconds() else failures + 1
            if not self._closing.is_set():
                await self._pause(failures)

    async def close(self) -> None:
        """Take leave: no new MTs, answers awaited, what is being kept is kept, unbind."""
        self._closing.set()
        link = self._link
        if link is None:
            if self._binding is not None:
                self._binding.cancel()
            return
        try:
            async with asyncio.timeout(self.address.leave_within.total_seconds()):
                if self._deliveries:
                    await asyncio.wait(self._deliveries)
                await link.settled()
                await link.request(Unbind(sequence=link.next_sequence()))
                link.close()
                await asyncio.shield(link.closed)
        except (TimeoutError, Lost, Overdue) as why:
            self._log.info("left_without_leave", reason=type(why).__name__)
            link.abort()
            await asyncio.shield(link.closed)

    async def submit(
        self,
        part: Part,
        source: str,
        destination: str,
        *,
        registered_delivery: bool = True,
        validity: timedelta | None = None,
    ) -> str:
        """Hand over one part of an MT; the operator's id for it.

        Numbers are E.164 with the plus, short codes or names. Waits while the window is full. An id may be
        empty where an SMSC gives none: then no receipt can be matched. Raises the four ``SendError``s.
        """
        if not self._is_open():
            raise NotConnected
        source_ton, source_npi, source = self._sender(source)
        destination_ton, destination_npi, destination = numbering(destination)
        async with self._window:
            response = await self._ask(
                lambda sequence: SubmitSm(
                    sequence=sequence,
                    source_ton=source_ton,
                    source_npi=source_npi,
                    source=source,
                    destination_ton=destination_ton,
                    destination_npi=destination_npi,
                    destination=destination,
                    esm_class=part.esm_class,
                    validity_period=relative(validity) if validity is not None else "",
                    registered_delivery=int(registered_delivery),
                    data_coding=part.data_coding,
                    short_message=part.payload,
                )
            )
        if not isinstance(response, SubmitSmResp):
            raise Unanswered
        return response.message_id

    async def query(self, message_id: str, source: str) -> Receipt:
        """Ask what became of an MT that was sent from ``source``; raises the four ``SendError``s."""
        if not self._is_open():
            raise NotConnected
        source_ton, source_npi, source = self._sender(source)
        response = await self._ask(
            lambda sequence: QuerySm(
                sequence=sequence,
                message_id=message_id,
                source_ton=source_ton,
                source_npi=source_npi,
                source=source,
            )
        )
        if not isinstance(response, QuerySmResp):
            raise Unanswered
        state = STATES.get(response.message_state, ReceiptState.UNKNOWN)
        return Receipt(message_id, state, str(response.error_code) if response.error_code else None)

    def opened(self, link: Link) -> None:
        """The SMSC is there; the bind follows."""

    def received(self, link: Link, request: Incoming) -> None:
        """The SMSC delivers something."""
        if not isinstance(request, DeliverSm):
            link.send(GenericNack(sequence=request.sequence, status=Status.INVALID_COMMAND_ID))
            return
        if len(self._deliveries) >= self.address.deliveries:
            self._log.warning("delivery_put_off", deliveries=len(self._deliveries))
            link.send(DeliverSmResp(sequence=request.sequence, status=Status.RECEIVER_TEMPORARY_ERROR))
            return
        task = asyncio.get_running_loop().create_task(self._deliver(link, request))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    def ended(self, link: Link) -> None:
        """The connection is gone."""
        if self._link is link:
            self._link = None

    def _is_open(self) -> bool:
        return self.is_bound and not self._closing.is_set()

    def _sender(self, source: str) -> tuple[int, int, str]:
        ton, npi, digits = numbering(source)
        return (
            ton if self.address.source_ton is None else self.address.source_ton,
            npi if self.address.source_npi is None else self.address.source_npi,
            digits,
        )

    async def _ask(self, pdu: Callable[[int], AnyRequest]) -> AnyResponse:
        link = self._link
        if link is None or not link.is_open or self._closing.is_set():
            raise NotConnected
        try:
            answered = link.request(pdu(link.next_sequence()))
        except ValueError:  # its words would quote the number
            raise _rejected(Status.INVALID_MESSAGE_LENGTH) from None
        self._outstanding += 1
        try:
            response = await answered
        except (Lost, Overdue) as why:
            raise Unanswered from why
        finally:
            self._outstanding -= 1
        if not response.status:
            return response
        if response.status in _SLOW_DOWN:
            raise Throttled(self.address.retry_throttled_after, command_status=response.status)
        if response.status in _UNWELL:
            raise Throttled(self.address.retry_unwell_after, command_status=response.status)
        if response.status == Status.INVALID_BIND_STATUS:
            link.close()  # it does not know our bind any more
            raise NotConnected
        raise _rejected(response.status)

    async def _bind(self) -> Link:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.address.connect_within.total_seconds()):
            _, link = await loop.create_connection(
                lambda: Link(self, self.address.name, respond_within=self.address.respond_within),
                self.address.host,
                self.address.port,
                ssl=self._tls,
            )
        try:
            self._welcome(await link.request(replace(self._introduction, sequence=link.next_sequence())))
        except BaseException:
            link.abort()
            raise
        return link

    def _welcome(self, response: AnyResponse) -> None:
        if not isinstance(response, BindTransceiverResp) or response.status:
            self._log.warning("bind_refused", command_status=response.status)
            raise BindRefused

    async def _hold(self, link: Link) -> float:
        """Serve one bind to its end; how long it lasted, in seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._closing.is_set():
            link.close()
            return 0.0
        self._link = link if link.is_open else None
        self._bound.set()
        self._log.info("bound")
        keeping = loop.create_task(self._keep_alive(link))
        try:
            await asyncio.shield(link.closed)
        finally:
            keeping.cancel()
            link.abort()
            self._link = None
        self._log.info("bind_ended")
        return loop.time() - began

    async def _keep_alive(self, link: Link) -> None:
        """Ask a silent peer whether it is there; end the connection when it does not say so."""
        after = self.address.enquire_after.total_seconds()
        loop = asyncio.get_running_loop()
        while True:
            silent = loop.time() - link.heard_at
            if silent < after:
                await asyncio.sleep(after - silent)
                continue
            try:
                await link.request(EnquireLink(sequence=link.next_sequence()))
            except Lost:
                return
            except Overdue:
                self._log.warning("peer_is_dead")
                link.abort()
                return

    async def _pause(self, failures: int) -> None:
        longest = self.address.reconnect_at_most.total_seconds()
        after = min(longest, self.address.reconnect_after.total_seconds() * 2 ** min(failures - 1, 16))
        try:
            async with asyncio.timeout(after * self._chance.uniform(0.5, 1.0)):
                await self._closing.wait()
        except TimeoutError:
            return

    async def _deliver(self, link: Link, message: DeliverSm) -> None:
        status = Status.RECEIVER_TEMPORARY_ERROR  # whatever breaks, the SMSC keeps it and delivers again
        try:
            await self._keep(message)
            status = Status.OK
        except NotNow:
            self._log.info("delivery_put_off")
        except Exception as why:  # noqa: BLE001 - the bind outlives what its callbacks raise
            self._log.error("delivery_failed", reason=type(why).__name__)
        finally:
            link.send(DeliverSmResp(sequence=message.sequence, status=status))

    async def _keep(self, message: DeliverSm) -> None:
        if is_receipt(message):
            match read_receipt(message):
                case Receipt() as receipt:
                    await self._on_receipt(receipt)
                case Unreadable():
                    self._log.warning("receipt_unreadable")  # delivered again it would read no better
            return
        await self._on_mo(read_mo(message))


def _rejected(status: int) -> Rejected:
    return Rejected(
        f"0x{status:02x}", command_status=status, is_unreachable=status == Status.INVALID_DESTINATION
    )
