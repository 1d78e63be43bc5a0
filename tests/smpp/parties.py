"""An ESME with a memory, and a peer that says what a test tells it to say."""

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.smpp.codec import Decoder, Item, encode
from gateway.smpp.codes import Status
from gateway.smpp.esme import Esme, SmscAddress
from gateway.smpp.mo import ReceivedMo
from gateway.smpp.pdu import BindTransceiver, BindTransceiverResp, Pdu, Unbind, UnbindResp
from gateway.smpp.receipt import Receipt

PERSON = "+420601123456"
US = "1221"

ADDRESS = SmscAddress(
    name="o2",
    host="127.0.0.1",
    port=0,
    system_id="crs",
    password="secret",
    respond_within=timedelta(seconds=5),
    reconnect_after=timedelta(milliseconds=1),
    reconnect_at_most=timedelta(milliseconds=5),
)


class Memory:
    """What an ESME was given; ``before_mo`` and ``before_receipt`` run first and may fail or wait."""

    def __init__(self) -> None:
        self.mos: asyncio.Queue[ReceivedMo] = asyncio.Queue()
        self.receipts: asyncio.Queue[Receipt] = asyncio.Queue()
        self.before_mo: Callable[[ReceivedMo], Awaitable[None]] | None = None
        self.before_receipt: Callable[[Receipt], Awaitable[None]] | None = None

    async def keep_mo(self, mo: ReceivedMo) -> None:
        if self.before_mo:
            await self.before_mo(mo)
        self.mos.put_nowait(mo)

    async def keep_receipt(self, receipt: Receipt) -> None:
        if self.before_receipt:
            await self.before_receipt(receipt)
        self.receipts.put_nowait(receipt)


class Patience(random.Random):
    """Chance that tells when it was asked: before every pause between two binds."""

    def __init__(self) -> None:
        super().__init__(1)
        self.pauses: asyncio.Queue[float] = asyncio.Queue()

    def uniform(self, a: float, b: float) -> float:
        drawn = super().uniform(a, b)
        self.pauses.put_nowait(drawn)
        return drawn


@contextlib.asynccontextmanager
async def running(
    port: int,
    memory: Memory | None = None,
    *,
    trust: ssl.SSLContext | None = None,
    chance: random.Random | None = None,
    **changes: Any,
) -> AsyncIterator[Esme]:
    """An ESME that runs, bound or not, and is gone afterwards."""
    memory = memory or Memory()
    esme = Esme(
        replace(ADDRESS, port=port, **changes),
        on_mo=memory.keep_mo,
        on_receipt=memory.keep_receipt,
        chance=chance or random.Random(1),
        tls=trust,
    )
    task = asyncio.create_task(esme.run())
    try:
        async with asyncio.timeout(20):
            yield esme
    finally:
        await esme.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def bound(port: int, memory: Memory | None = None, **changes) -> AsyncIterator[Esme]:
    """An ESME that is bound."""
    async with running(port, memory, **changes) as esme:
        await esme.bound()
        yield esme


class Peer(asyncio.Protocol):
    """One connection of a scripted SMSC; ``heard`` holds what it did not answer by itself."""

    def __init__(self, script: "Script") -> None:
        self._script = script
        self._decoder = Decoder()
        self.heard: asyncio.Queue[Item] = asyncio.Queue()
        self.transport: asyncio.Transport

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._script.transports.append(transport)

    def data_received(self, data: bytes) -> None:
        for item in self._decoder.feed(data):
            match item:
                case BindTransceiver() if self._script.welcome:
                    self.say(self._script.welcome(item))
                    self._script.bound.put_nowait(self)
                case Unbind(sequence=sequence):
                    self.say(UnbindResp(sequence=sequence))
                case _:
                    self.heard.put_nowait(item)

    def say(self, *pdus: Pdu | bytes) -> None:
        self.transport.write(b"".join(pdu if isinstance(pdu, bytes) else encode(pdu) for pdu in pdus))


def _welcome(bind: BindTransceiver) -> Pdu | bytes:
    return BindTransceiverResp(sequence=bind.sequence, system_id="script", status=Status.OK)


class Script:
    """A scripted SMSC: it answers a bind with ``welcome``, an unbind, and nothing else by itself."""

    def __init__(self, welcome: Callable[[BindTransceiver], Pdu | bytes] | None = _welcome) -> None:
        self.welcome = welcome
        self.bound: asyncio.Queue[Peer] = asyncio.Queue()
        self.transports: list[asyncio.Transport] = []
        self.port = 0

    async def __aenter__(self) -> "Script":
        self._server = await asyncio.get_running_loop().create_server(lambda: Peer(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()
        for transport in self.transports:
            transport.abort()
