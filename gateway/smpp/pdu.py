"""The PDUs of SMPP 3.4 as values, each able to write and to read its own body."""

from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias

from gateway.smpp.codes import INTERFACE_VERSION, RESPONSE, Command, Status
from gateway.smpp.fields import Tlv, Unreadable, Unwritable, read_tlvs, text, write_tlvs


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Anything that wants a response."""

    command_id: ClassVar[int]
    status: ClassVar[int] = 0

    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to the request of the same sequence number."""

    command_id: ClassVar[int]

    sequence: int
    status: int = Status.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _BareRequest(Request):
    def body(self) -> bytes:
        return b""

    @classmethod
    def read(cls, sequence: int, _status: int, _body: bytes) -> Self:
        return cls(sequence=sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BareResponse(Response):
    def body(self) -> bytes:
        return b""

    @classmethod
    def read(cls, sequence: int, status: int, _body: bytes) -> Self:
        return cls(sequence=sequence, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bind(Request):
    system_id: str
    password: str = ""
    system_type: str = ""
    interface_version: int = INTERFACE_VERSION
    address_ton: int = 0
    address_npi: int = 0
    address_range: str = ""

    def body(self) -> bytes:
        return b"".join((
            text(self.system_id, 16),
            text(self.password, 65),  # nine by the letter of §4.1.1; operators give longer ones
            text(self.system_type, 13),
            bytes((self.interface_version, self.address_ton, self.address_npi)),
            text(self.address_range, 41),
        ))  # fmt: skip

    @classmethod
    def read(cls, sequence: int, _status: int, body: bytes) -> Self:
        system_id = body.index(0)
        password = body.index(0, system_id + 1)
        system_type = body.index(0, password + 1)
        address_range = body.index(0, system_type + 4)
        return cls(
            sequence=sequence,
            system_id=body[:system_id].decode("latin-1"),
            password=body[system_id + 1 : password].decode("latin-1"),
            system_type=body[password + 1 : system_type].decode("latin-1"),
            interface_version=body[system_type + 1],
            address_ton=body[system_type + 2],
            address_npi=body[system_type + 3],
            address_range=body[system_type + 4 : address_range].decode("latin-1"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _BindResp(Response):
    system_id: str = ""
    tlvs: tuple[Tlv, ...] = ()

    def body(self) -> bytes:
        return b"" if self.status else text(self.system_id, 16) + write_tlvs(self.tlvs)

    @classmethod
    def read(cls, sequence: int, status: int, body: bytes) -> Self:
        if status or not body:
            return cls(sequence=sequence, status=status)
        end = body.index(0)
        return cls(
            sequence=sequence,
            status=status,
            system_id=body[:end].decode("latin-1"),
            tlvs=read_tlvs(body, end + 1),
        )


class BindReceiver(_Bind):
    """Ask for MOs and receipts only (§4.1.3)."""

    __slots__ = ()
    command_id = Command.BIND_RECEIVER


class BindReceiverResp(_BindResp):
    """Its answer."""

    __slots__ = ()
    command_id = RESPONSE | Command.BIND_RECEIVER


class BindTransmitter(_Bind):
    """Ask to send MTs only (§4.1.1)."""

    __slots__ = ()
    command_id = Command.BIND_TRANSMITTER


class BindTransmitterResp(_BindResp):
    """Its answer."""

    __slots__ = ()
    command_id = RESPONSE | Command.BIND_TRANSMITTER


class BindTransceiver(_Bind):
    """Ask for both directions on one connection (§4.1.5)."""

    __slots__ = ()
    command_id = Command.BIND_TRANSCEIVER


class BindTransceiverResp(_BindResp):
    """Its answer."""

    __slots__ = ()
    command_id = RESPONSE | Command.BIND_TRANSCEIVER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message(Request):
    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    destination_ton: int = 0
    destination_npi: int = 0
    destination: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present: int = 0
    data_coding: int = 0
    default_message_id: int = 0
    short_message: bytes = b""
    tlvs: tuple[Tlv, ...] = ()

    def body(self) -> bytes:
        size = len(self.short_message)
        if size > 254:
            raise Unwritable("a short_message takes 254 octets; use message_payload")
        return b"".join((
            text(self.service_type, 6),
            bytes((self.source_ton, self.source_npi)),
            text(self.source, 21),
            bytes((self.destination_ton, self.destination_npi)),
            text(self.destination, 21),
            bytes((self.esm_class, self.protocol_id, self.priority)),
            text(self.schedule_delivery_time, 17),
            text(self.validity_period, 17),
            bytes((
                self.registered_delivery,
                self.replace_if_present,
                self.data_coding,
                self.default_message_id,
                size,
            )),
            self.short_message,
            write_tlvs(self.tlvs) if self.tlvs else b"",
        ))  # fmt: skip

    @classmethod
    def read(cls, sequence: int, _status: int, body: bytes) -> Self:
        service_type = body.index(0)
        source = body.index(0, service_type + 3)
        destination = body.index(0, source + 3)
        schedule = body.index(0, destination + 4)
        validity = body.index(0, schedule + 1)
        begin = validity + 6
        end = begin + body[validity + 5]
        if end > len(body):
            raise Unreadable(Status.INVALID_MESSAGE_LENGTH)
        return cls(
            sequence=sequence,
            service_type=body[:service_type].decode("latin-1"),
            source_ton=body[service_type + 1],
            source_npi=body[service_type + 2],
            source=body[service_type + 3 : source].decode("latin-1"),
            destination_ton=body[source + 1],
            destination_npi=body[source + 2],
            destination=body[source + 3 : destination].decode("latin-1"),
            esm_class=body[destination + 1],
            protocol_id=body[destination + 2],
            priority=body[destination + 3],
            schedule_delivery_time=body[destination + 4 : schedule].decode("latin-1"),
            validity_period=body[schedule + 1 : validity].decode("latin-1"),
            registered_delivery=body[validity + 1],
            replace_if_present=body[validity + 2],
            data_coding=body[validity + 3],
            default_message_id=body[validity + 4],
            short_message=body[begin:end],
            tlvs=read_tlvs(body, end) if end < len(body) else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _MessageResp(Response):
    message_id: str = ""
    tlvs: tuple[Tlv, ...] = ()

    def body(self) -> bytes:
        return b"" if self.status else text(self.message_id, 65) + write_tlvs(self.tlvs)

    @classmethod
    def read(cls, sequence: int, status: int, body: bytes) -> Self:
        # With an error there is no body (§4.4.2), and what some SMSCs put there says nothing.
        if status or not body:
            return cls(sequence=sequence, status=status)
        end = body.index(0)
        return cls(
            sequence=sequence,
            message_id=body[:end].decode("latin-1"),
            tlvs=read_tlvs(body, end + 1),
        )


class SubmitSm(_Message):
    """An MT, or one part of it (§4.4.1)."""

    __slots__ = ()
    command_id = Command.SUBMIT_SM


class SubmitSmResp(_MessageResp):
    """The SMSC took an MT and calls it ``message_id``, or says why not (§4.4.2)."""

    __slots__ = ()
    command_id = RESPONSE | Command.SUBMIT_SM


class DeliverSm(_Message):
    """An MO, one part of it, or a receipt (§4.6.1)."""

    __slots__ = ()
    command_id = Command.DELIVER_SM


class DeliverSmResp(_MessageResp):
    """We took it; ``message_id`` is always empty (§4.6.2)."""

    __slots__ = ()
    command_id = RESPONSE | Command.DELIVER_SM


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySm(Request):
    """Ask what became of an MT (§4.8.1)."""

    command_id = Command.QUERY_SM

    message_id: str
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""

    def body(self) -> bytes:
        return text(self.message_id, 65) + bytes((self.source_ton, self.source_npi)) + text(self.source, 21)

    @classmethod
    def read(cls, sequence: int, _status: int, body: bytes) -> Self:
        message_id = body.index(0)
        source = body.index(0, message_id + 3)
        return cls(
            sequence=sequence,
            message_id=body[:message_id].decode("latin-1"),
            source_ton=body[message_id + 1],
            source_npi=body[message_id + 2],
            source=body[message_id + 3 : source].decode("latin-1"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySmResp(Response):
    """What became of it, as ``message_state`` of §5.2.28."""

    command_id = RESPONSE | Command.QUERY_SM

    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0

    def body(self) -> bytes:
        if self.status:
            return b""
        return (
            text(self.message_id, 65)
            + text(self.final_date, 17)
            + bytes((self.message_state, self.error_code))
        )

    @classmethod
    def read(cls, sequence: int, status: int, body: bytes) -> Self:
        if status:
            return cls(sequence=sequence, status=status)
        message_id = body.index(0)
        final_date = body.index(0, message_id + 1)
        return cls(
            sequence=sequence,
            message_id=body[:message_id].decode("latin-1"),
            final_date=body[message_id + 1 : final_date].decode("latin-1"),
            message_state=body[final_date + 1],
            error_code=body[final_date + 2],
        )


class EnquireLink(_BareRequest):
    """Are you there? (§4.11.1)."""

    __slots__ = ()
    command_id = Command.ENQUIRE_LINK


class EnquireLinkResp(_BareResponse):
    """Yes."""

    __slots__ = ()
    command_id = RESPONSE | Command.ENQUIRE_LINK


class Unbind(_BareRequest):
    """Good-bye (§4.2.1)."""

    __slots__ = ()
    command_id = Command.UNBIND


class UnbindResp(_BareResponse):
    """Good-bye, then."""

    __slots__ = ()
    command_id = RESPONSE | Command.UNBIND


class GenericNack(_BareResponse):
    """The request of this sequence number was not understood (§4.3.1)."""

    __slots__ = ()
    command_id = Command.GENERIC_NACK


Message: TypeAlias = SubmitSm | DeliverSm
AnyBind: TypeAlias = BindReceiver | BindTransmitter | BindTransceiver
AnyRequest: TypeAlias = AnyBind | SubmitSm | DeliverSm | QuerySm | EnquireLink | Unbind
AnyResponse: TypeAlias = (
    BindReceiverResp
    | BindTransmitterResp
    | BindTransceiverResp
    | SubmitSmResp
    | DeliverSmResp
    | QuerySmResp
    | EnquireLinkResp
    | UnbindResp
    | GenericNack
)
Pdu: TypeAlias = AnyRequest | AnyResponse
