"""An operator's centre that does nothing but stamp: when each submit_sm came, by the clock of its kernel.

It is a process of its own, so that nothing of ours keeps it from reading.
"""

import fcntl
import multiprocessing
import os
import selectors
import socket
import struct
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from gateway.smpp.codec import Decoder, encode
from gateway.smpp.pdu import (
    BindTransceiver,
    BindTransceiverResp,
    EnquireLink,
    EnquireLinkResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)

SO_TIMESTAMPNS = 35  # Linux, asm-generic/socket.h; not in Python's socket before 3.14
LOOK_EVERY_SECONDS = 0.05
PRIORITY = -10  # where we may: a centre that is late cannot tell the kernel's stamps apart


@dataclass(frozen=True, slots=True)
class Stamp:
    """One submit_sm, hence one segment: between which seconds since 1970, the account, and the connection.

    The kernel joins what waits and keeps its last stamp; where it did, `earliest` is when nothing waited.
    """

    earliest: float
    at: float
    account: str
    sender: int


class StampingCentre:
    """Listens on loopback inside ``with``."""

    def __init__(self) -> None:
        self.bound = 0
        self.taken = 0
        self._ours, theirs = multiprocessing.Pipe()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listening.getsockname()[1]
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=_serve, args=(self._listening, theirs))

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._ours.send("end")
        self._process.join()
        self._listening.close()

    def wait(self, is_so: Callable[[], bool], *, seconds: float) -> None:
        """Wait for binds or stamps; TimeoutError when they do not come."""
        until = time.monotonic() + seconds
        while not is_so():
            self._ours.send("count")
            self.bound, self.taken = self._ours.recv()
            if time.monotonic() > until:
                raise TimeoutError(f"{self.bound} bound, {self.taken} segments taken")
            time.sleep(LOOK_EVERY_SECONDS)

    def stamps(self) -> list[Stamp]:
        """So far, in order."""
        self._ours.send("stamps")
        stamps: list[Stamp] = self._ours.recv()
        return sorted(stamps, key=lambda stamp: stamp.at)


@dataclass(slots=True)
class _Bind:
    number: int
    empty_at: float  # nothing waited to be read
    account: str = ""
    decoder: Decoder = field(default_factory=Decoder)


def _serve(listening: socket.socket, orders: Connection) -> None:
    """One thread, one PDU at a time, from whoever has one."""
    with suppress(OSError):
        os.nice(PRIORITY)
    stamps: list[Stamp] = []
    links: list[socket.socket] = []
    bound = 0
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        selector.register(orders, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                match key.data:
                    case _Bind() as bind:
                        link = key.fileobj
                        assert isinstance(link, socket.socket)
                        before = bind.account
                        if not _read(link, bind, stamps):
                            selector.unregister(link)
                            link.close()
                        bound += bind.account != before
                    case _ if key.fileobj is listening:
                        link, _ = listening.accept()
                        link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        links.append(link)
                        selector.register(link, selectors.EVENT_READ, _Bind(len(links), time.time()))
                    case _:
                        match orders.recv():
                            case "count":
                                orders.send((bound, len(stamps)))
                            case "stamps":
                                orders.send(stamps)
                            case _:
                                return


def _read(link: socket.socket, bind: _Bind, stamps: list[Stamp]) -> bool:
    """Take what waits, one PDU after another; False when the connection is over."""
    while True:
        looked_at = time.time()
        waiting = _waiting(link)
        if waiting < 4:
            bind.empty_at = looked_at
            return bool(waiting) or not _is_over(link)
        length = int.from_bytes(link.recv(4, socket.MSG_PEEK), "big")
        if waiting < length:
            return True
        octets, ancillary, _, _ = link.recvmsg(length, 64)
        at = _stamp(ancillary)
        is_last = not _waiting(link)
        for item in bind.decoder.feed(octets):
            match item:
                case BindTransceiver(sequence=sequence, system_id=account):
                    bind.account = account
                    link.sendall(encode(BindTransceiverResp(sequence=sequence, system_id="stamps")))
                case SubmitSm(sequence=sequence):
                    stamps.append(Stamp(at if is_last else bind.empty_at, at, bind.account, bind.number))
                    link.sendall(encode(SubmitSmResp(sequence=sequence, message_id=str(sequence))))
                case EnquireLink(sequence=sequence):
                    link.sendall(encode(EnquireLinkResp(sequence=sequence)))
                case Unbind(sequence=sequence):
                    link.sendall(encode(UnbindResp(sequence=sequence)))


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> float:
    if not ancillary:  # a bind that came before we asked for stamps
        return time.time()
    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
    return float(seconds + nanoseconds / 1e9)


def _waiting(link: socket.socket) -> int:
    """Octets that can be read."""
    return int.from_bytes(fcntl.ioctl(link, termios.FIONREAD, b"\0" * 4), "little")


def _is_over(link: socket.socket) -> bool:
    with suppress(BlockingIOError):
        return not link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return False
