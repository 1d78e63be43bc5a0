"""An operator's centre that does nothing but stamp: when each submit_sm came, by the clock of its kernel."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Stamp:
    """One submit_sm, hence one segment: seconds since 1970, the account, and the connection."""

    at: float
    account: str
    sender: int


class StampingCentre:
    """Listens on loopback inside ``with``; each connection is read by a thread, one PDU at a time.

    Where a thread is late, the kernel may join what waits and tell its last stamp: never an earlier one.
    """

    def __init__(self) -> None:
        self.stamps: list[Stamp] = []
        self.bound = 0
        self._news = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listening.getsockname()[1]
        self._links: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listening, *self._links):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    def wait(self, is_so: Callable[[], bool], *, seconds: float) -> None:
        """Wait for binds or stamps; TimeoutError when they do not come."""
        with self._news:
            if not self._news.wait_for(is_so, seconds):
                raise TimeoutError(f"{self.bound} bound, {len(self.stamps)} segments taken")

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listening.accept()
                link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._links.append(link)
                self._run(self._serve, link, len(self._links))

    def _serve(self, link: socket.socket, number: int) -> None:
        decoder = Decoder()
        account = ""
        with suppress(OSError):
            while read := _next_pdu(link):
                octets, at = read
                for item in decoder.feed(octets):
                    match item:
                        case BindTransceiver(sequence=sequence, system_id=account):
                            link.sendall(encode(BindTransceiverResp(sequence=sequence, system_id="stamps")))
                            with self._news:
                                self.bound += 1
                                self._news.notify_all()
                        case SubmitSm(sequence=sequence):
                            with self._news:
                                self.stamps.append(Stamp(at, account, number))
                                self._news.notify_all()
                            link.sendall(encode(SubmitSmResp(sequence=sequence, message_id=str(sequence))))
                        case EnquireLink(sequence=sequence):
                            link.sendall(encode(EnquireLinkResp(sequence=sequence)))
                        case Unbind(sequence=sequence):
                            link.sendall(encode(UnbindResp(sequence=sequence)))


def _next_pdu(link: socket.socket) -> tuple[bytes, float] | None:
    """The octets of one PDU and when its last one came; None at the end."""
    head = link.recv(4, socket.MSG_PEEK | socket.MSG_WAITALL)
    if len(head) < 4:
        return None
    octets, ancillary, _, _ = link.recvmsg(int.from_bytes(head, "big"), 64, socket.MSG_WAITALL)
    if not ancillary:
        return None
    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
    return octets, seconds + nanoseconds / 1e9
