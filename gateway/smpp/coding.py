"""MT text to the parts an SMSC takes, and MO octets back to text.

Source: SMPP 3.4 §5.2.19 (data_coding), 3GPP TS 23.038 §4 (coding groups), TS 23.040 §9.2.3.24 (UDH).
"""

from dataclasses import dataclass
from typing import Final

from conversations.media import gsm
from gateway.smpp.codes import ESM_UDHI, Tag
from gateway.smpp.fields import Tlv
from gateway.smpp.pdu import Message

GSM7: Final = 0
UCS2: Final = 8

_CODECS: Final = {
    1: "ascii",
    2: "latin-1",
    3: "latin-1",
    4: "latin-1",
    6: "iso8859-5",
    7: "iso8859-8",
    8: "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one submit_sm carries."""

    data_coding: int
    esm_class: int
    payload: bytes  # with its UDH, if any; at most 254 octets


@dataclass(frozen=True, slots=True)
class PartOf:
    """Which part of a longer message this is."""

    reference: int  # 8 or 16 bits
    total: int  # 2 to 255
    number: int  # 1 to total


def encode_parts(text: str, reference: int) -> list[Part]:
    """The submit_sm an MT takes, as many as ``gsm.segments`` counts, joined by an 8-bit ``reference``.

    ``ValueError`` for a text of more than 255 parts.
    """
    data_coding = GSM7 if gsm.is_gsm7(text) else UCS2
    payloads = [
        gsm.encode_gsm7(piece) if data_coding == GSM7 else piece.encode("utf-16-be", "surrogatepass")
        for piece in gsm.split(text)
    ]
    total = len(payloads)
    if total == 1:
        return [Part(data_coding, 0, payloads[0])]
    if total > 255:
        raise ValueError("an MT has at most 255 parts")
    return [
        Part(data_coding, ESM_UDHI, bytes((5, 0, 3, reference & 0xFF, total, number)) + payload)
        for number, payload in enumerate(payloads, 1)
    ]


def decode(payload: bytes, data_coding: int) -> str:
    """Read a payload without its UDH; what cannot be read becomes U+FFFD.

    A coding we do not know is read as GSM-7, which is what a telephone would show.
    """
    if data_coding in _CODECS:
        return payload.decode(_CODECS[data_coding], "replace")
    if 0x10 <= data_coding <= 0x3F:  # general group with a message class: bits 3..2 name the alphabet
        alphabet = data_coding >> 2 & 3
    elif data_coding >= 0xF0:  # message class group: bit 2 says 8-bit data
        alphabet = data_coding >> 2 & 1
    else:
        alphabet = 0
    if alphabet == 2:
        return payload.decode("utf-16-be", "replace")
    return payload.decode("latin-1") if alphabet == 1 else gsm.decode_gsm7(payload)


def split_udh(short_message: bytes, esm_class: int) -> tuple[bytes, PartOf | None]:
    """Take the user data header off and read its concatenation element, 8- or 16-bit.

    A header that makes no sense is no header, an element that makes no sense is no element.
    """
    if not esm_class & ESM_UDHI or not short_message or short_message[0] >= len(short_message):
        return short_message, None
    end = short_message[0] + 1
    part: PartOf | None = None
    at = 1
    while at + 2 <= end:
        element, size = short_message[at], short_message[at + 1]
        value = short_message[at + 2 : at + 2 + size]
        at += 2 + size
        if at > end:
            break
        if element == 0x00 and size == 3:
            part = _part(value[0], value[1], value[2]) or part
        elif element == 0x08 and size == 4:
            part = _part(value[0] << 8 | value[1], value[2], value[3]) or part
    return short_message[end:], part


def contents(message: Message) -> tuple[bytes, PartOf | None]:
    """The octets of the text, wherever they travel, and which part of a longer message they are."""
    octets = message.short_message
    if not octets:
        octets = find(message.tlvs, Tag.MESSAGE_PAYLOAD) or b""
    payload, part = split_udh(octets, message.esm_class)
    if part is None and message.tlvs:
        part = _sar(message.tlvs)
    return payload, part


def find(tlvs: tuple[Tlv, ...], tag: int) -> bytes | None:
    """The value of an optional parameter, None where it was not sent."""
    for tlv in tlvs:
        if tlv.tag == tag:
            return tlv.value
    return None


def _sar(tlvs: tuple[Tlv, ...]) -> PartOf | None:
    reference = find(tlvs, Tag.SAR_MSG_REF_NUM)
    total = find(tlvs, Tag.SAR_TOTAL_SEGMENTS)
    number = find(tlvs, Tag.SAR_SEGMENT_SEQNUM)
    if reference is None or not total or not number:
        return None
    return _part(int.from_bytes(reference[-2:], "big"), total[-1], number[-1])


def _part(reference: int, total: int, number: int) -> PartOf | None:
    """None for a message of one part, which is whole, and for numbers that make no sense."""
    return PartOf(reference, total, number) if total > 1 and 1 <= number <= total else None
