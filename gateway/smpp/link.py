"""One TCP connection that speaks SMPP, for either side; requests find their responses by sequence number."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

import structlog

from gateway.smpp.codec import Decoder, Malformed, OutOfStep, answer, encode
from gateway.smpp.codes import Status
from gateway.smpp.pdu import (
    AnyBind,
    AnyRequest,
    AnyResponse,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    Response,
    SubmitSm,
    Unbind,
    UnbindResp,
)

MAX_SEQUENCE: Final = 0x7FFF_FFFF  # §3.2

Incoming: TypeAlias = AnyBind | SubmitSm | DeliverSm | QuerySm

_log = structlog.get_logger(__name__)


class Lost(Exception):
    """The connection ended before the response came."""


class Overdue(Exception):
    """No response within the time we give."""


class Owner(Protocol):
    """Who the connection belongs to."""

    def opened(self, link: "Link") -> None:
        """The peer is there."""

    def received(self, link: "Link", request: Incoming) -> None:
        """The peer asks for something the link does not answer by itself; must not block or raise."""

    def ended(self, link: "Link") -> None:
        """The connection is gone; every waiting request has been told."""


@dataclass(slots=True)
class _Waiting:
    answered: asyncio.Future[AnyResponse]
    until: float


class Link(asyncio.Protocol):
    """Answers enquire_link, unbind and nonsense by itself; hands the rest to its owner.

    A response costs one dictionary look-up. All requests wait equally long, so that the oldest is always
    the next to be overdue and one timer serves them all.
    """

    def __init__(self, owner: Owner, name: str, *, respond_within: timedelta) -> None:
        """``name`` is for the log."""
        self._owner = owner
        self._respond_within = respond_within.total_seconds()
        self._decoder = Decoder()
        self._waiting: dict[int, _Waiting] = {}  # in order of sending, hence of deadline
        self._sequence = 0
        self._outgoing: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._log = _log.bind(link=name)
        self.heard_at = self._loop.time()  # when the peer last sent anything, loop time
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.is_open = False

    def next_sequence(self) -> int:
        """A sequence number no waiting request has."""
        while True:
            self._sequence = self._sequence % MAX_SEQUENCE + 1
            if self._sequence not in self._waiting:
                return self._sequence

    def request(self, pdu: AnyRequest) -> asyncio.Future[AnyResponse]:
        """Hand over ``pdu``; the future holds its response, ``Lost`` or ``Overdue``.

        ``ValueError`` for a field that does not fit: nothing was handed over then.
        """
        octets = encode(pdu)
        answered: asyncio.Future[AnyResponse] = self._loop.create_future()
        if not self.is_open:
            answered.set_exception(Lost())
            return answered
        until = self._loop.time() + self._respond_within
        self._waiting[pdu.sequence] = _Waiting(answered, until)
        if self._timer is None:
            self._timer = self._loop.call_at(until, self._expire)
        # At once: the caller may have waited for this very moment.
        self._outgoing.append(octets)
        self._flush()
        return answered

    async def settled(self) -> None:
        """Wait until no request waits any more."""
        if self._waiting:
            await asyncio.wait([waiting.answered for waiting in self._waiting.values()])

    def send(self, pdu: Pdu) -> None:
        """Hand over a response, or a request nobody awaits; nothing if the connection is gone."""
        if self.is_open:
            self._write(encode(pdu))

    def close(self) -> None:
        """End the connection when what was handed over has left."""
        if not self.is_open or self._transport is None:
            return
        self._flush()
        self._transport.close()
        self.is_open = False
        # A peer that reads no more would keep a closed connection for ever.
        self._ending = self._loop.call_later(self._respond_within, self._transport.abort)

    def abort(self) -> None:
        """End the connection at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio says so."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream transport by construction
        self._transport = transport
        self.is_open = True
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio says so."""
        self.is_open = False
        for handle in (self._timer, self._ending):
            if handle is not None:
                handle.cancel()
        waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            _fail(one.answered, Lost())
        self._log.info("link_ended", waiting=len(waiting), reason=type(exc).__name__ if exc else None)
        if not self.closed.done():
            self.closed.set_result(None)
        self._owner.ended(self)

    def pause_writing(self) -> None:
        """The peer does not read: hear no more of it, so that our answers do not pile up."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """asyncio says so."""
        self.heard_at = self._loop.time()
        for item in self._decoder.feed(data):
            match item:
                case Response():
                    self._respond(item)
                case EnquireLink(sequence=sequence):
                    self.send(EnquireLinkResp(sequence=sequence))
                case Unbind(sequence=sequence):
                    self._log.info("peer_unbinds")
                    self.send(UnbindResp(sequence=sequence))
                    self.close()
                case Malformed():
                    self._refuse(item)
                case OutOfStep(command_length=length):
                    self._log.warning("out_of_step", command_length=length)
                    self.send(GenericNack(sequence=0, status=Status.INVALID_COMMAND_LENGTH))
                    self.close()
                case _:
                    self._owner.received(self, item)

    def _refuse(self, malformed: Malformed) -> None:
        self._log.warning("malformed", command_id=malformed.command_id, status=malformed.status.name)
        if (response := answer(malformed)) is not None:
            self.send(response)

    def _respond(self, response: AnyResponse) -> None:
        waiting = self._waiting.pop(response.sequence, None)
        if waiting is None:
            self._log.info("answer_to_nothing", command_id=response.command_id, status=response.status)
        elif not waiting.answered.done():
            waiting.answered.set_result(response)

    def _expire(self) -> None:
        now = self._loop.time()
        self._timer = None
        overdue: list[int] = []
        for sequence, waiting in self._waiting.items():
            if waiting.until > now:
                self._timer = self._loop.call_at(waiting.until, self._expire)
                break
            overdue.append(sequence)
        for sequence in overdue:
            _fail(self._waiting.pop(sequence).answered, Overdue())

    def _write(self, octets: bytes) -> None:
        # All answers of one turn of the loop leave in one system call.
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(octets)

    def _flush(self) -> None:
        if self._outgoing and self._transport is not None:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()


def _fail(answered: asyncio.Future[AnyResponse], why: Exception) -> None:
    if not answered.done():
        answered.set_exception(why)
