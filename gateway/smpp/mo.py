"""An MO out of a deliver_sm."""

from dataclasses import dataclass

from gateway.smpp.codes import Tag
from gateway.smpp.coding import PartOf, contents, find
from gateway.smpp.numbers import plain
from gateway.smpp.pdu import DeliverSm


@dataclass(frozen=True, slots=True)
class ReceivedMo:
    """A deliver_sm that is a message from a person, or a part of one."""

    source: str
    destination: str
    payload: bytes
    data_coding: int
    part: PartOf | None
    message_id: str | None  # the operator's, where it tells


def read_mo(message: DeliverSm) -> ReceivedMo:
    """Read what is not a receipt; the text stays octets, for parts are joined before they are read."""
    payload, part = contents(message)
    return ReceivedMo(
        source=plain(message.source_ton, message.source),
        destination=plain(message.destination_ton, message.destination),
        payload=payload,
        data_coding=message.data_coding,
        part=part,
        message_id=_mo_id(message),
    )


def _mo_id(message: DeliverSm) -> str | None:
    if value := find(message.tlvs, Tag.RECEIPTED_MESSAGE_ID):
        return value.split(b"\0", 1)[0].decode("latin-1") or None
    # Not user_message_reference (§5.3.2.17): it is the phone's, it wraps, and some centres always send 0,
    # so a second "1" or "ANO" would be taken for the first and never answered.
    return None
