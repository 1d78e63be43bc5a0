"""What passes through our own SMSC: an MT as it was taken, a receipt on it, a person's MO."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.smpp.behaviour import Behaviour, ReceiptForm
from gateway.smpp.codes import ESM_RECEIPT, Tag
from gateway.smpp.coding import PartOf, contents, decode, encode_parts
from gateway.smpp.fields import Tlv
from gateway.smpp.numbers import numbering, plain, valid_for
from gateway.smpp.pdu import DeliverSm, SubmitSm
from gateway.smpp.receipt import STATE_NUMBERS, Receipt, ReceiptState, text_receipt


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submit_sm that was accepted."""

    at: float  # seconds of the loop's monotonic clock
    source: str
    destination: str
    payload: bytes  # without its UDH
    data_coding: int
    part: PartOf | None
    message_id: str  # as it was answered
    valid_for: timedelta | None = None

    @property
    def text(self) -> str:
        """What a telephone would show of this part."""
        return decode(self.payload, self.data_coding)


def submitted(request: SubmitSm, message_id: str, *, at: float, now: datetime) -> Submitted:
    """What the SMSC notes of an MT that it calls ``message_id``."""
    payload, part = contents(request)
    return Submitted(
        at=at,
        source=plain(request.source_ton, request.source),
        destination=plain(request.destination_ton, request.destination),
        payload=payload,
        data_coding=request.data_coding,
        part=part,
        message_id=message_id,
        valid_for=valid_for(request.validity_period, now=now),
    )


def mo_parts(
    source: str, destination: str, text: str, message_id: str | None, *, reference: int
) -> list[DeliverSm]:
    """A person's message in as many deliver_sm as it takes, without sequence numbers yet."""
    source_ton, source_npi, source = numbering(source)
    destination_ton, destination_npi, destination = numbering(destination)
    parts = encode_parts(text, reference)
    return [
        DeliverSm(
            sequence=0,
            source_ton=source_ton,
            source_npi=source_npi,
            source=source,
            destination_ton=destination_ton,
            destination_npi=destination_npi,
            destination=destination,
            esm_class=part.esm_class,
            data_coding=part.data_coding,
            short_message=part.payload,
            tlvs=() if message_id is None else (_id(f"{message_id}-{n}" if len(parts) > 1 else message_id),),
        )
        for n, part in enumerate(parts, 1)
    ]


def fate(taken: Submitted, behaviour: Behaviour) -> tuple[ReceiptState, str | None]:
    """What becomes of an MT, and the network's reason: none is delivered when it is no longer valid."""
    if taken.valid_for is not None and behaviour.receipt_after >= taken.valid_for:
        return ReceiptState.EXPIRED, None
    if taken.destination in behaviour.unknown_subscribers:
        return ReceiptState.UNDELIVERABLE, behaviour.unknown_subscriber_error
    return behaviour.receipt_state, None


def receipt_of(
    request: SubmitSm, taken: Submitted, number: int, behaviour: Behaviour, *, now: datetime
) -> DeliverSm | None:
    """The receipt on the MT of this number; None where only a failure was to be reported."""
    state, error = fate(taken, behaviour)
    if request.registered_delivery & 3 == 2 and state is ReceiptState.DELIVERED:
        return None
    message_id = behaviour.receipt_ids.write(number)
    when = now.strftime("%y%m%d%H%M%S" if number % 2 else "%y%m%d%H%M")  # both are met in the field
    text = b""
    tlvs: tuple[Tlv, ...] = ()
    if behaviour.receipt_form is not ReceiptForm.TLV:
        text = text_receipt(Receipt(message_id, state, error), submitted=when, done=when).encode()
    if behaviour.receipt_form is not ReceiptForm.TEXT:
        tlvs = (_id(message_id), Tlv(Tag.MESSAGE_STATE, bytes((STATE_NUMBERS[state],))))
    return DeliverSm(
        sequence=0,
        source_ton=request.destination_ton,
        source_npi=request.destination_npi,
        source=request.destination,
        destination_ton=request.source_ton,
        destination_npi=request.source_npi,
        destination=request.source,
        esm_class=ESM_RECEIPT,
        short_message=text,
        tlvs=tlvs,
    )


def _id(message_id: str) -> Tlv:
    return Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0")
