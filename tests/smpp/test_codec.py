"""PDUs against octets that others wrote: whole, byte by byte, with what follows, and broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smpp.codec import Decoder, Malformed, OutOfStep, answer, encode
from gateway.smpp.codes import Status
from gateway.smpp.fields import Tlv, Unwritable
from gateway.smpp.pdu import (
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

# Written by smpplib 2.2.4 and npm smpp 0.5.1; the first is the sample of SMPP 3.4 §3.2.3.
RECORDED = [
    pytest.param(
        "0000002f000000020000000000000001534d5050335445535400736563726574303800"
        "5355424d4954310000010100",
        BindTransmitter(
            sequence=1, system_id="SMPP3TEST", password="secret08", system_type="SUBMIT1",
            interface_version=0, address_ton=1, address_npi=1,
        ),
        id="bind_transmitter",
    ),
    pytest.param(
        "0000002000000009000000000000000163727300736563726574000034000000",
        BindTransceiver(sequence=1, system_id="crs", password="secret"),
        id="bind_transceiver",
    ),
    pytest.param(
        "0000002000000001000000000000000163727300736563726574000050000000",
        BindReceiver(sequence=1, system_id="crs", password="secret", interface_version=0x50),
        id="bind_receiver",
    ),
    pytest.param(
        "0000001a800000090000000000000001736d7363000210000134",
        BindTransceiverResp(sequence=1, system_id="smsc", tlvs=(Tlv(0x210, b"\x34"),)),
        id="bind_transceiver_resp",
    ),
    pytest.param(
        "0000003500000004000000000000000200030031323231000101343230363031313233343536000000000000010000000441686f6a",
        SubmitSm(
            sequence=2, source_ton=3, source="1221", destination_ton=1, destination_npi=1,
            destination="420601123456", registered_delivery=1, short_message=b"Ahoj",
        ),
        id="submit_sm",
    ),
    pytest.param(
        "000000158000000400000000000000023141324200",
        SubmitSmResp(sequence=2, message_id="1A2B"),
        id="submit_sm_resp",
    ),
    pytest.param(
        "00000010800000040000005800000002",
        SubmitSmResp(sequence=2, status=Status.THROTTLED),
        id="submit_sm_resp with an error",
    ),
    pytest.param(
        "0000004f00000005000000000000000300010134323036303131323334353600030031323231000400000000000000001269"
        "643a313720737461743a44454c495652440427000102001e0003313700",
        DeliverSm(
            sequence=3, source_ton=1, source_npi=1, source="420601123456", destination_ton=3,
            destination="1221", esm_class=4, short_message=b"id:17 stat:DELIVRD",
            tlvs=(Tlv(0x427, b"\x02"), Tlv(0x1E, b"17\0")),
        ),
        id="deliver_sm, a receipt",
    ),
    pytest.param(
        "0000003d0000000500000000000000070001013432303630313132333435360000003132323100000000000000000800000424"
        "0002017d020400020009",
        DeliverSm(
            sequence=7, source_ton=1, source_npi=1, source="420601123456", destination="1221", data_coding=8,
            tlvs=(Tlv(0x424, b"\x01\x7d"), Tlv(0x204, b"\x00\x09")),
        ),
        id="deliver_sm, message_payload",
    ),
    pytest.param("0000001180000005000000000000000700", DeliverSmResp(sequence=7), id="deliver_sm_resp"),
    pytest.param(
        "0000001a00000003000000000000000631370003003132323100",
        QuerySm(sequence=6, message_id="17", source_ton=3, source="1221"),
        id="query_sm",
    ),
    pytest.param(
        "00000016800000030000000000000006313700000200",
        QuerySmResp(sequence=6, message_id="17", message_state=2),
        id="query_sm_resp",
    ),
    pytest.param("00000010000000150000000000000004", EnquireLink(sequence=4), id="enquire_link"),
    pytest.param("00000010800000150000000000000004", EnquireLinkResp(sequence=4), id="enquire_link_resp"),
    pytest.param("00000010000000060000000000000005", Unbind(sequence=5), id="unbind"),
    pytest.param("00000010800000060000000000000005", UnbindResp(sequence=5), id="unbind_resp"),
    pytest.param(
        "00000010800000000000000300000008",
        GenericNack(sequence=8, status=Status.INVALID_COMMAND_ID),
        id="generic_nack",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "pdu"), RECORDED)
def test_a_pdu_is_written_as_others_write_it(octets, pdu):
    assert encode(pdu).hex() == octets


@pytest.mark.parametrize(("octets", "pdu"), RECORDED)
def test_a_pdu_is_read_whole(octets, pdu):
    assert Decoder().feed(bytes.fromhex(octets)) == [pdu]


@pytest.mark.parametrize(("octets", "pdu"), RECORDED)
def test_a_pdu_is_read_byte_by_byte(octets, pdu):
    decoder = Decoder()
    items = [decoder.feed(octet.to_bytes()) for octet in bytes.fromhex(octets)]
    assert items[-1] == [pdu]
    assert not any(items[:-1])


@pytest.mark.parametrize(("octets", "pdu"), RECORDED)
def test_what_follows_a_pdu_waits_for_its_rest(octets, pdu):
    decoder = Decoder()
    next_one = encode(EnquireLink(sequence=9))
    assert decoder.feed(bytes.fromhex(octets) + next_one[:7]) == [pdu]
    assert decoder.feed(next_one[7:] + bytes.fromhex(octets)) == [EnquireLink(sequence=9), pdu]


def _pdu(command_id: int, body: str = "", *, status: int = 0) -> bytes:
    octets = bytes.fromhex(body)
    return b"".join(n.to_bytes(4, "big") for n in (16 + len(octets), command_id, status, 5)) + octets


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        pytest.param(_pdu(0x05, ""), Status.INVALID_COMMAND_LENGTH, id="deliver_sm without a body"),
        pytest.param(_pdu(0x05, "00010134"), Status.INVALID_COMMAND_LENGTH, id="a number without its end"),
        pytest.param(_pdu(0x05, "00 000000 0000"), Status.INVALID_COMMAND_LENGTH, id="a body cut short"),
        pytest.param(
            _pdu(0x05, "00 000000 000000 000000 00 00 00000000 05 4142"),
            Status.INVALID_MESSAGE_LENGTH, id="sm_length beyond the end",
        ),
        pytest.param(
            _pdu(0x05, "00 000000 000000 000000 00 00 00000000 00 04240005 41"),
            Status.INVALID_TLV_STREAM, id="a TLV beyond the end",
        ),
        pytest.param(
            _pdu(0x04, "00 000000 000000 000000 00 00 00000000 00 0424"),
            Status.INVALID_TLV_STREAM, id="half a TLV",
        ),
        pytest.param(_pdu(0x03, "3137"), Status.INVALID_COMMAND_LENGTH, id="query_sm without its end"),
        pytest.param(_pdu(0x09, "00"), Status.INVALID_COMMAND_LENGTH, id="bind cut short"),
        pytest.param(_pdu(0x77, "00"), Status.INVALID_COMMAND_ID, id="a command nobody knows"),
        pytest.param(_pdu(0x80000004, "3137"), Status.INVALID_COMMAND_LENGTH, id="an id without its end"),
    ],
)  # fmt: skip
def test_a_malformed_pdu_costs_one_item_and_the_stream_goes_on(octets, status):
    items = Decoder().feed(octets + encode(EnquireLink(sequence=6)))
    command_id = int.from_bytes(octets[4:8], "big")
    assert items == [Malformed(command_id, 5, status), EnquireLink(sequence=6)]


@pytest.mark.parametrize(
    ("command_id", "response"),
    [
        pytest.param(0x05, DeliverSmResp(sequence=5, status=Status.INVALID_TLV_STREAM), id="deliver_sm"),
        pytest.param(0x04, SubmitSmResp(sequence=5, status=Status.INVALID_TLV_STREAM), id="submit_sm"),
        pytest.param(0x77, GenericNack(sequence=5, status=Status.INVALID_TLV_STREAM), id="unknown"),
        pytest.param(0x80000005, None, id="a response is not answered"),
    ],
)
def test_a_malformed_request_is_answered(command_id, response):
    assert answer(Malformed(command_id, 5, Status.INVALID_TLV_STREAM)) == response


@pytest.mark.parametrize("length", [0, 4, 15, 70_001, 0xFFFF_FFFF])
def test_an_absurd_length_ends_the_stream_after_what_came_before(length):
    decoder = Decoder()
    good = encode(EnquireLink(sequence=1))
    assert decoder.feed(good + length.to_bytes(4, "big") + good) == [
        EnquireLink(sequence=1),
        OutOfStep(length),
    ]
    assert decoder.feed(good) == []


def test_a_message_payload_of_64_kib_is_no_absurd_length():
    pdu = SubmitSm(sequence=1, tlvs=(Tlv(0x424, b"x" * 0xFFFF),))
    assert Decoder().feed(encode(pdu)) == [pdu]


def test_the_body_of_a_refusal_says_nothing():
    assert Decoder().feed(_pdu(0x80000004, "ffff", status=0x58)) == [SubmitSmResp(sequence=5, status=0x58)]
    assert Decoder().feed(_pdu(0x80000003, "ff", status=0x67)) == [QuerySmResp(sequence=5, status=0x67)]


def test_padding_after_a_message_is_let_pass():
    pdu = DeliverSm(sequence=5, short_message=b"A")
    octets = encode(pdu)[16:] + b"\0\0"
    assert Decoder().feed(_pdu(0x05, octets.hex())) == [pdu]


@pytest.mark.parametrize(
    "pdu",
    [
        pytest.param(SubmitSm(sequence=1, destination="4" * 21), id="a number too long"),
        pytest.param(SubmitSm(sequence=1, destination="42\0"), id="NUL inside"),
        pytest.param(SubmitSm(sequence=1, source="číslo"), id="not Latin-1"),
        pytest.param(SubmitSm(sequence=1, short_message=b"x" * 255), id="a message too long"),
        pytest.param(SubmitSm(sequence=1, data_coding=256), id="a number beyond its octet"),
    ],
)
def test_what_does_not_fit_is_not_written(pdu):
    with pytest.raises(ValueError, match=r"."):
        encode(pdu)
    assert issubclass(Unwritable, ValueError)


def _text(at_most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(max_codepoint=255, min_codepoint=1), max_size=at_most)


OCTET = st.integers(0, 255)
SEQUENCE = st.integers(0, 0xFFFF_FFFF)
TLVS = st.lists(st.builds(Tlv, st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=3).map(tuple)
MESSAGE = {
    "sequence": SEQUENCE,
    "service_type": _text(5),
    "source_ton": OCTET,
    "source_npi": OCTET,
    "source": _text(20),
    "destination_ton": OCTET,
    "destination_npi": OCTET,
    "destination": _text(20),
    "esm_class": OCTET,
    "protocol_id": OCTET,
    "priority": OCTET,
    "schedule_delivery_time": _text(16),
    "validity_period": _text(16),
    "registered_delivery": OCTET,
    "replace_if_present": OCTET,
    "data_coding": OCTET,
    "default_message_id": OCTET,
    "short_message": st.binary(max_size=254),
    "tlvs": TLVS,
}
BIND = {
    "sequence": SEQUENCE,
    "system_id": _text(15),
    "password": _text(64),
    "system_type": _text(12),
    "interface_version": OCTET,
    "address_ton": OCTET,
    "address_npi": OCTET,
    "address_range": _text(40),
}
ACCEPTED = {"sequence": SEQUENCE, "tlvs": TLVS}
REFUSED = {"sequence": SEQUENCE, "status": st.integers(1, 0xFFFF_FFFF)}
BINDS = (BindReceiver, BindTransmitter, BindTransceiver)
BIND_RESPS = (BindReceiverResp, BindTransmitterResp, BindTransceiverResp)
PDUS = st.one_of(
    *(st.builds(kind, **MESSAGE) for kind in (SubmitSm, DeliverSm)),
    *(st.builds(kind, **BIND) for kind in BINDS),
    *(st.builds(kind, **ACCEPTED, system_id=_text(15)) for kind in BIND_RESPS),
    *(st.builds(kind, **ACCEPTED, message_id=_text(64)) for kind in (SubmitSmResp, DeliverSmResp)),
    *(
        st.builds(kind, **REFUSED)
        for kind in (
            *BIND_RESPS,
            SubmitSmResp,
            DeliverSmResp,
            QuerySmResp,
            EnquireLinkResp,
            UnbindResp,
            GenericNack,
        )
    ),
    *(st.builds(kind, sequence=SEQUENCE) for kind in (EnquireLink, Unbind)),
    st.builds(
        QuerySm, sequence=SEQUENCE, message_id=_text(64), source_ton=OCTET, source_npi=OCTET, source=_text(20)
    ),
    st.builds(
        QuerySmResp,
        sequence=SEQUENCE,
        message_id=_text(64),
        final_date=_text(16),
        message_state=OCTET,
        error_code=OCTET,
    ),
)


@given(st.lists(PDUS, max_size=5), st.lists(st.integers(1, 200), min_size=1))
def test_what_was_written_is_read_however_it_is_chopped(pdus, sizes):
    stream = b"".join(map(encode, pdus))
    decoder = Decoder()
    read, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        read += decoder.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert read == pdus


@given(st.binary(max_size=400))
def test_no_body_is_too_strange(body):
    for command_id in (1, 3, 4, 5, 9, 0x15, 0x80000004, 0x80000009, 0x80000003):
        items = Decoder().feed(_pdu(command_id, body.hex()))
        assert len(items) == 1


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_no_stream_is_too_strange(chunks):
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
