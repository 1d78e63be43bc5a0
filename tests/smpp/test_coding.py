"""What an MT becomes on its way to the SMSC and what an MO was before it came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.media import gsm
from gateway.smpp.coding import Part, PartOf, contents, decode, encode_parts, split_udh
from gateway.smpp.fields import Tlv
from gateway.smpp.pdu import DeliverSm


def test_a_short_plain_mt_is_one_part_without_a_header():
    assert encode_parts("Ahoj @ {1}", 7) == [Part(0, 0, b"Ahoj \x00 \x1b(1\x1b)")]


def test_a_letter_outside_gsm_makes_the_whole_mt_ucs2():
    assert encode_parts("Žďár", 7) == [Part(8, 0, "Žďár".encode("utf-16-be"))]


def test_a_long_mt_is_joined_by_an_8_bit_reference():
    first, second = encode_parts("x" * 161, 0x1FE)
    assert first == Part(0, 0x40, b"\x05\x00\x03\xfe\x02\x01" + b"x" * 153)
    assert second == Part(0, 0x40, b"\x05\x00\x03\xfe\x02\x02" + b"x" * 8)


def test_a_text_of_more_than_255_parts_is_refused():
    with pytest.raises(ValueError, match="255"):
        encode_parts("x" * (153 * 255 + 1), 1)


@given(st.text(max_size=700), st.integers(0, 65535))
def test_the_parts_together_are_the_text_again(text, reference):
    parts = encode_parts(text, reference)
    read = [split_udh(part.payload, part.esm_class) for part in parts]
    assert (
        "".join(decode(payload, part.data_coding) for (payload, _), part in zip(read, parts, strict=True))
        == text
    )
    assert len(parts) == gsm.segments(text)
    assert all(len(part.payload) <= 160 for part in parts)
    if len(parts) > 1:
        assert [of for _, of in read] == [
            PartOf(reference & 0xFF, len(parts), number) for number in range(1, len(parts) + 1)
        ]


@pytest.mark.parametrize(
    ("payload", "data_coding", "text"),
    [
        pytest.param(b"\x00 \x1be", 0, "@ €", id="GSM-7"),
        pytest.param(b"@ $", 1, "@ $", id="IA5"),
        pytest.param(b"caf\xe9", 3, "café", id="Latin-1"),
        pytest.param(b"caf\xe9", 4, "café", id="binary reads as Latin-1"),
        pytest.param(b"\xbf", 6, "П", id="Cyrillic"),
        pytest.param(b"\x01\x7d", 8, "Ž", id="UCS-2"),
        pytest.param(b"\xd8\x3d\xde\x00", 8, "😀", id="outside the BMP"),
        pytest.param(b"\x01\x7d\x00", 8, "Ž\ufffd", id="UCS-2 cut in the middle of a unit"),
        pytest.param(b"\xd8\x3d", 8, "\ufffd", id="half a surrogate pair"),
        pytest.param(b"\xe9", 1, "\ufffd", id="no IA5"),
        pytest.param(b"\x90", 0, "\ufffd", id="no septet"),
        pytest.param(b"\x01\x7d", 0x18, "Ž", id="flash, UCS-2"),
        pytest.param(b"\x00", 0x10, "@", id="flash, GSM-7"),
        pytest.param(b"\x00", 0xF0, "@", id="class 0, GSM-7"),
        pytest.param(b"\xe9", 0xF5, "é", id="class 1, 8-bit"),
        pytest.param(b"\x00", 0x99, "@", id="a coding nobody knows"),
    ],
)
def test_a_payload_is_read_by_its_coding(payload, data_coding, text):
    assert decode(payload, data_coding) == text


@given(st.binary(max_size=300), st.integers(0, 255))
def test_no_payload_is_too_strange_to_read(payload, data_coding):
    decode(payload, data_coding)


@pytest.mark.parametrize(
    ("octets", "payload", "part"),
    [
        pytest.param("050003fe020141", "41", PartOf(0xFE, 2, 1), id="8-bit"),
        pytest.param("0608041234030341", "41", PartOf(0x1234, 3, 3), id="16-bit"),
        pytest.param("0b05040b8423f00003fe020141", "41", PartOf(0xFE, 2, 1), id="after ports"),
        pytest.param("050003fe010041", "41", None, id="number 0"),
        pytest.param("050003fe020341", "41", None, id="number beyond total"),
        pytest.param("050003fe010141", "41", None, id="one of one is whole"),
        pytest.param("050003fe000041", "41", None, id="total 0"),
        pytest.param("04000302fe41", "41", None, id="element longer than its header"),
        pytest.param("05000401020141", "41", None, id="element of a wrong length"),
        pytest.param("010041", "41", None, id="half an element"),
        pytest.param("0041", "41", None, id="empty header"),
        pytest.param("2041", "2041", None, id="header longer than the message"),
        pytest.param("", "", None, id="nothing"),
        pytest.param("050003fe0201", "", PartOf(0xFE, 2, 1), id="a part without text"),
    ],
)
def test_a_user_data_header_is_read_or_left(octets, payload, part):
    assert split_udh(bytes.fromhex(octets), 0x40) == (bytes.fromhex(payload), part)


def test_without_its_bit_there_is_no_header():
    octets = bytes.fromhex("050003fe020141")
    assert split_udh(octets, 0) == (octets, None)


@given(st.binary(max_size=160), st.integers(0, 255))
def test_no_header_is_too_strange_to_read(octets, esm_class):
    payload, _ = split_udh(octets, esm_class)
    assert octets.endswith(payload)


def test_a_text_may_travel_as_message_payload():
    message = DeliverSm(sequence=1, esm_class=0x40, tlvs=(Tlv(0x0424, bytes.fromhex("050003fe020141")),))
    assert contents(message) == (b"A", PartOf(0xFE, 2, 1))


@pytest.mark.parametrize(
    ("tlvs", "part"),
    [
        pytest.param(((0x20C, "1234"), (0x20E, "03"), (0x20F, "02")), PartOf(0x1234, 3, 2), id="whole"),
        pytest.param(((0x20C, "1234"), (0x20E, "03")), None, id="no number"),
        pytest.param(((0x20C, "1234"), (0x20E, ""), (0x20F, "01")), None, id="empty total"),
        pytest.param(((0x20C, "1234"), (0x20E, "03"), (0x20F, "04")), None, id="number beyond total"),
    ],
)
def test_a_part_may_be_told_by_sar_tlvs(tlvs, part):
    message = DeliverSm(
        sequence=1, short_message=b"A", tlvs=tuple(Tlv(tag, bytes.fromhex(value)) for tag, value in tlvs)
    )
    assert contents(message) == (b"A", part)
