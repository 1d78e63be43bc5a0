"""DLRs in the many forms operators write them, and the ids by which they find their MT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smpp.fields import Tlv
from gateway.smpp.pdu import DeliverSm
from gateway.smpp.receipt import (
    Receipt,
    ReceiptState,
    Unreadable,
    id_forms,
    is_receipt,
    normal_id,
    read_receipt,
    same_id,
    text_receipt,
)


def _dlr(text: str = "", tlvs: tuple[tuple[int, bytes], ...] = (), data_coding: int = 0) -> DeliverSm:
    return DeliverSm(
        sequence=1,
        source_ton=1,
        source="420601123456",
        destination="1221",
        esm_class=4,
        data_coding=data_coding,
        short_message=text.encode("utf-16-be") if data_coding == 8 else text.encode("latin-1"),
        tlvs=tuple(Tlv(*tlv) for tlv in tlvs),
    )


DELIVERED = ReceiptState.DELIVERED
UNDELIVERABLE = ReceiptState.UNDELIVERABLE


@pytest.mark.parametrize(
    ("message", "message_id", "state", "error"),
    [
        pytest.param(
            _dlr(
                "id:0012345678 sub:001 dlvrd:001 submit date:2101220900 done date:2101220901 "
                "stat:DELIVRD err:000 text:Nemocnice Jihlava"
            ),
            "0012345678", DELIVERED, None, id="appendix B",
        ),
        pytest.param(
            _dlr(
                "id:1A2b sub:001 dlvrd:000 submit date:210122090059 done date:210122090159 "
                "stat:UNDELIV err:045 text:"
            ),
            "1A2b", UNDELIVERABLE, "045", id="dates with seconds, an error",
        ),
        pytest.param(_dlr("ID:77 STAT:DELIVRD ERR:0"), "77", DELIVERED, None, id="upper case"),
        pytest.param(_dlr("id:77 stat:delivrd"), "77", DELIVERED, None, id="lower case"),
        pytest.param(_dlr("id: 77 Stat: Delivered Err: 3F"), "77", DELIVERED, "3F", id="blanks, whole words"),
        pytest.param(_dlr("id:77\nstat:EXPIRED\nerr:001"), "77", ReceiptState.EXPIRED, "001", id="lines"),
        pytest.param(_dlr("stat:REJECTD id:77"), "77", ReceiptState.REJECTED, None, id="another order"),
        pytest.param(_dlr("id:77 status:ACCEPTD"), "77", ReceiptState.ACCEPTED, None, id="status"),
        pytest.param(_dlr("id:77 stat:UNDELIVERABLE"), "77", UNDELIVERABLE, None, id="undeliverable"),
        pytest.param(_dlr("id:77 stat:DELETED"), "77", ReceiptState.DELETED, None, id="deleted"),
        pytest.param(_dlr("id:77 stat:ENROUTE"), "77", ReceiptState.ENROUTE, None, id="on its way"),
        pytest.param(_dlr("id:77 stat:UNKNOWN"), "77", ReceiptState.UNKNOWN, None, id="unknown"),
        pytest.param(_dlr("id:77 stat:KAPUT"), "77", ReceiptState.UNKNOWN, None, id="a word nobody knows"),
        pytest.param(
            _dlr("id:3f2504e0-4f89-11d3 stat:DELIVRD"), "3f2504e0-4f89-11d3", DELIVERED, None, id="uuid"
        ),
        pytest.param(
            _dlr("id:77 stat:DELIVRD text:id:1 stat:UNDELIV err:9"), "77", DELIVERED, None,
            id="the quoted MT looks like a receipt",
        ),
        pytest.param(_dlr("id:77 stat:DELIVRD", data_coding=8), "77", DELIVERED, None, id="in UCS-2"),
        pytest.param(_dlr("id:77 stat:DELIVRD", data_coding=3), "77", DELIVERED, None, id="in Latin-1"),
        pytest.param(
            _dlr("", ((0x1E, b"77\0"), (0x427, b"\x02"))), "77", DELIVERED, None, id="TLVs alone"
        ),
        pytest.param(
            _dlr("id:4D stat:ENROUTE err:000", ((0x1E, b"77"), (0x427, b"\x05"), (0x423, b"\x03\x00\x21"))),
            "77", UNDELIVERABLE, "33", id="TLVs before the text",
        ),
        pytest.param(_dlr("id:77 stat:DELIVRD", ((0x427, b"\x08"),)), "77", ReceiptState.REJECTED, None,
                     id="one TLV, the id from the text"),
        pytest.param(_dlr("id:77 stat:DELIVRD", ((0x427, b"\x63"),)), "77", DELIVERED, None,
                     id="a state nobody knows"),
        pytest.param(_dlr("", ((0x424, b"id:77 stat:DELIVRD"),)), "77", DELIVERED, None,
                     id="text in message_payload"),
    ],
)  # fmt: skip
def test_a_receipt_is_read(message, message_id, state, error):
    assert is_receipt(message)
    assert read_receipt(message) == Receipt(message_id, state, error, "+420601123456")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(_dlr("stat:DELIVRD"), id="no id"),
        pytest.param(_dlr("id:77"), id="no state"),
        pytest.param(_dlr(""), id="nothing"),
        pytest.param(_dlr("Your message was delivered"), id="prose"),
        pytest.param(_dlr("", ((0x1E, b"\0"), (0x427, b""))), id="empty TLVs"),
    ],
)
def test_a_receipt_that_says_too_little_is_unreadable(message):
    assert read_receipt(message) == Unreadable()


def test_a_person_cannot_write_a_receipt():
    assert not is_receipt(DeliverSm(sequence=1, short_message=b"id:77 stat:DELIVRD err:000"))


def test_an_mo_with_an_id_is_no_receipt():
    assert not is_receipt(DeliverSm(sequence=1, tlvs=(Tlv(0x1E, b"m1\0"),)))


def test_two_tlvs_make_a_receipt_where_the_smsc_forgot_esm_class():
    assert is_receipt(DeliverSm(sequence=1, tlvs=(Tlv(0x1E, b"77\0"), Tlv(0x427, b"\x02"))))


def test_an_intermediate_notification_is_a_receipt():
    assert is_receipt(DeliverSm(sequence=1, esm_class=0x20))


@pytest.mark.parametrize(
    ("answered", "reported"),
    [
        pytest.param("1234567890", "1234567890", id="decimal both"),
        pytest.param("1234567890", "0001234567890", id="zeros added"),
        pytest.param("0001234567890", "1234567890", id="zeros lost"),
        pytest.param("499602D2", "1234567890", id="hex answered, decimal reported"),
        pytest.param("00499602d2", "1234567890", id="hex with zeros answered, decimal reported"),
        pytest.param("16", "22", id="hex that looks decimal, decimal reported"),
        pytest.param("1234567890", "499602D2", id="decimal answered, hex reported"),
        pytest.param("22", "0016", id="decimal answered, hex that looks decimal reported"),
        pytest.param("499602D2", "499602d2", id="hex in another case"),
        pytest.param("3f2504e0-4f89-11d3", "3f2504e0-4f89-11d3", id="uuid"),
        pytest.param("0", "000", id="nought"),
    ],
)
def test_a_receipt_finds_its_mt(answered, reported):
    assert same_id(answered, reported)


@pytest.mark.parametrize(
    ("answered", "reported"),
    [
        pytest.param("17", "18", id="another number"),
        pytest.param("aZ", "Az", id="case counts where it is no number"),
        pytest.param("abc-1", "abc-2", id="another name"),
    ],
)
def test_a_receipt_does_not_find_another_mt(answered, reported):
    assert not same_id(answered, reported)


def test_the_id_as_it_is_comes_first():
    assert id_forms("0022") == ("22", "16", "34")


@given(
    st.integers(1, 2**63),
    st.sampled_from("dxX"),
    st.sampled_from("dxX"),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_any_writing_of_a_number_finds_any_other(number, style, other, zeros, more_zeros):
    answered = "0" * zeros + format(number, style)
    reported = "0" * more_zeros + format(number, other)
    assert normal_id(answered) in id_forms(reported)


@given(st.text(max_size=70))
def test_no_id_is_too_strange(message_id):
    assert id_forms(message_id)[0] == normal_id(message_id)


@given(st.text(max_size=160), st.binary(max_size=8), st.integers(0, 255))
def test_no_receipt_is_too_strange_to_read(text, value, data_coding):
    read_receipt(
        DeliverSm(
            sequence=1,
            esm_class=4,
            data_coding=data_coding,
            short_message=text.encode("utf-8", "replace")[:254],
            tlvs=(Tlv(0x1E, value), Tlv(0x427, value), Tlv(0x423, value)),
        )
    )


@given(st.sampled_from(ReceiptState), st.sampled_from([None, "045"]))
def test_the_text_form_reads_as_it_was_written(state, error):
    receipt = Receipt("77", state, error, "+420601123456")
    assert read_receipt(_dlr(text_receipt(receipt, submitted="2101220900", done="210122090159"))) == receipt
