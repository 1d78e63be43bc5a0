"""What is taken in: once where the operator says that it is the same, again where a person writes again."""

from datetime import UTC, datetime

from core.store.work import Store
from gateway.intake import FromOperator, Intake
from gateway.smpp.codes import Tag
from gateway.smpp.mo import read_mo
from gateway.smpp.pdu import DeliverSm, Tlv

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)


def _answered(store: Store, tlv: Tlv) -> int:
    """Take in the same "1" twice, the second after the first was answered; how many turns that made."""
    intake = Intake(store, country="CZ", clock=lambda: NOW)
    turns = 0
    for _ in range(2):
        message = DeliverSm(
            sequence=1, source="420601000001", destination="1221", short_message=b"1", tlvs=(tlv,)
        )
        intake.keep_mos([FromOperator("o2", read_mo(message))])
        with store.begin() as work:
            waiting = work.inbox.claim(10)
            work.inbox.settle([mo.mo_id for mo in waiting], now=NOW)
        turns += len(waiting)
    return turns


def test_a_phones_reference_that_repeats_does_not_silence_the_person(store):
    assert _answered(store, Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\0")) == 2


def test_an_mo_delivered_again_with_the_operators_id_has_one_turn(store):
    assert _answered(store, Tlv(Tag.RECEIPTED_MESSAGE_ID, b"7\0")) == 1
