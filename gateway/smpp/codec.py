"""PDUs to octets and back, without I/O."""

import struct
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.smpp.codes import RESPONSE, Command, Status
from gateway.smpp.fields import Unreadable
from gateway.smpp.pdu import (
    AnyResponse,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)

MAX_LENGTH: Final = 70_000  # octets of a PDU: a message_payload of 64 KiB and its envelope

_HEADER: Final = struct.Struct(">IIII")

_TYPES: Final[dict[int, type[Pdu]]] = {
    kind.command_id: kind
    for kind in (
        BindReceiver,
        BindReceiverResp,
        BindTransceiver,
        BindTransceiverResp,
        BindTransmitter,
        BindTransmitterResp,
        DeliverSm,
        DeliverSmResp,
        EnquireLink,
        EnquireLinkResp,
        GenericNack,
        QuerySm,
        QuerySmResp,
        SubmitSm,
        SubmitSmResp,
        Unbind,
        UnbindResp,
    )
}


@dataclass(frozen=True, slots=True)
class Malformed:
    """A PDU of sound length that we cannot read; the stream goes on after it."""

    command_id: int
    sequence: int
    status: Status  # what to answer


@dataclass(frozen=True, slots=True)
class OutOfStep:
    """A length no PDU has: where the next one begins cannot be known, so the connection is lost."""

    command_length: int


Item: TypeAlias = Pdu | Malformed | OutOfStep


def encode(pdu: Pdu) -> bytes:
    """One PDU as it goes over the line; ``ValueError`` for a field that does not fit its place."""
    body = pdu.body()
    return _HEADER.pack(16 + len(body), pdu.command_id, pdu.status, pdu.sequence) + body


def answer(malformed: Malformed) -> AnyResponse | None:
    """What to tell the peer: nothing about a response, else the status in the request's own response."""
    if malformed.command_id & RESPONSE:
        return None
    match malformed.command_id:
        case Command.DELIVER_SM:
            return DeliverSmResp(sequence=malformed.sequence, status=malformed.status)
        case Command.SUBMIT_SM:
            return SubmitSmResp(sequence=malformed.sequence, status=malformed.status)
        case _:
            return GenericNack(sequence=malformed.sequence, status=malformed.status)


class Decoder:
    """Cuts a stream of octets into PDUs, however it was chopped on its way.

    An ``OutOfStep`` is the last item it ever gives.
    """

    def __init__(self, *, max_length: int = MAX_LENGTH) -> None:
        """``max_length`` is in octets of a whole PDU."""
        self._rest = b""
        self._max_length = max_length
        self._out_of_step = False

    def feed(self, octets: bytes) -> list[Item]:
        """The PDUs that became complete with ``octets``."""
        if self._out_of_step:
            return []
        stream = self._rest + octets if self._rest else octets
        items: list[Item] = []
        at, size = 0, len(stream)
        while size - at >= 4:
            length = int.from_bytes(stream[at : at + 4], "big")
            if not 16 <= length <= self._max_length:
                self._out_of_step = True
                self._rest = b""
                items.append(OutOfStep(length))
                return items
            if size - at < length:
                break
            items.append(_read(stream[at : at + length]))
            at += length
        self._rest = stream[at:] if at else stream
        return items


def _read(octets: bytes) -> Pdu | Malformed:
    _, command_id, status, sequence = _HEADER.unpack_from(octets)
    kind = _TYPES.get(command_id)
    if kind is None:
        return Malformed(command_id, sequence, Status.INVALID_COMMAND_ID)
    try:
        return kind.read(sequence, status, octets[16:])
    except Unreadable as why:
        return Malformed(command_id, sequence, why.status)
    except (ValueError, IndexError):  # a text without its NUL, a number beyond the end
        return Malformed(command_id, sequence, Status.INVALID_COMMAND_LENGTH)
