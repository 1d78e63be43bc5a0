"""Receipts on a real PostgreSQL: late, early, doubled, of reused and of ambiguous ids."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.messages import Address, ClaimedMt, Lane, MtState, NewMt
from core.store.receipts import FinalReceipt, SentPart
from core.store.work import Store
from gateway.smpp.receipt import id_forms, normal_id

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
ANNA, BORIS = "+420601000001", "+420601000002"


class Desk:
    """An operator's MTs, from the claim to the receipt."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def claim(self, number: str = ANNA, segments: int = 1) -> ClaimedMt:
        with self.store.begin() as work:
            work.outbox.add([NewMt(Address("sms", number), "o2", Lane.ANSWER, "answer", "x", segments, NOW)])
            (claimed,) = work.outbox.claim("o2", max_segments=9, by="test", now=NOW)
        return claimed

    def sent(self, mt: ClaimedMt, *ids: str) -> None:
        with self.store.begin() as work:
            work.outbox.settle([mt], MtState.SENT, now=NOW)
            work.receipts.record(
                [SentPart(mt.mt_id, mt.attempt, n, "o2", normal_id(i)) for n, i in enumerate(ids, 1)], now=NOW
            )

    def receipt(self, given: str, *, of: str = ANNA, is_delivered: bool = True, by: str = "o2") -> None:
        with self.store.begin() as work:
            work.receipts.apply([FinalReceipt(by, id_forms(given), is_delivered, None, of)], now=NOW)

    def match_early(self) -> None:
        later = NOW + timedelta(seconds=10)
        with self.store.begin() as work:
            work.receipts.match_early(id_forms, since=NOW - timedelta(seconds=1), before=later, now=later)

    def somebody_waits(self) -> bool:
        with self.store.begin() as work:
            waits = text("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return bool(work.db.execute(waits).scalar_one())

    def state(self, mt: ClaimedMt) -> str:
        with self.store.begin() as work:
            found = work.db.execute(text("SELECT state FROM outbox WHERE mt_id = :id"), {"id": mt.mt_id})
            return str(found.scalar_one())


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_receipt_that_comes_before_the_id_is_known_is_kept_for_it(desk):
    mt = desk.claim()
    desk.receipt("0017")
    desk.sent(mt, "17")
    assert desk.state(mt) == "delivered"


def test_an_early_receipt_is_not_taken_by_an_older_id_in_another_notation(desk):
    """4096 is 1000 in hexadecimal: a busy operator has both, and its receipts race our commits."""
    old = desk.claim(BORIS)
    desk.sent(old, "1000")
    new = desk.claim(ANNA)
    desk.receipt("4096", of=ANNA)
    desk.sent(new, "4096")
    assert (desk.state(old), desk.state(new)) == ("sent", "delivered")


def test_an_early_receipt_serves_one_mt_only(desk):
    first = desk.claim()
    desk.receipt("1000")
    desk.sent(first, "1000")
    later = desk.claim()
    desk.sent(later, "4096")
    desk.match_early()
    assert (desk.state(first), desk.state(later)) == ("delivered", "sent")


@pytest.mark.parametrize(
    ("answered", "reported"),
    [
        pytest.param("3e8", "1000", id="answered in hexadecimal"),
        pytest.param("1000", "000003E8", id="reported in hexadecimal"),
    ],
)
def test_another_notation_is_understood_where_the_recipient_agrees(desk, answered, reported):
    mt = desk.claim()
    desk.sent(mt, answered)
    desk.receipt(reported)
    assert desk.state(mt) == "delivered"


def test_an_early_receipt_in_another_notation_is_understood_in_the_end(desk):
    mt = desk.claim()
    desk.receipt("1000")
    desk.sent(mt, "3e8")
    assert desk.state(mt) == "sent"
    desk.match_early()
    assert desk.state(mt) == "delivered"


def test_a_receipt_waits_for_the_id_that_is_being_recorded(desk):
    """Else neither transaction would see what the other writes, and the MT would stay sent."""
    mt = desk.claim()
    reporting = threading.Thread(target=desk.receipt, args=["17"])
    with desk.store.begin() as settling:
        settling.outbox.settle([mt], MtState.SENT, now=NOW)
        settling.receipts.record([SentPart(mt.mt_id, mt.attempt, 1, "o2", "17")], now=NOW)
        reporting.start()
        while reporting.is_alive() and not desk.somebody_waits():
            pass
    reporting.join()
    assert desk.state(mt) == "delivered"


def test_an_id_that_the_operator_uses_again_means_its_newest_mt(desk):
    old = desk.claim()
    desk.sent(old, "17")
    desk.receipt("17")
    new = desk.claim()
    desk.sent(new, "17")
    desk.receipt("17", is_delivered=False)
    assert (desk.state(old), desk.state(new)) == ("delivered", "failed")


def test_an_early_receipt_of_an_id_used_before_waits_for_its_own_mt(desk):
    old = desk.claim(BORIS)
    desk.sent(old, "17")
    desk.receipt("17", of=BORIS)
    new = desk.claim(ANNA)
    desk.receipt("17", of=ANNA)
    desk.sent(new, "17")
    assert desk.state(new) == "delivered"


def test_a_doubled_or_contradicting_receipt_changes_nothing(desk):
    mt = desk.claim()
    desk.sent(mt, "17")
    desk.receipt("17")
    desk.receipt("17", is_delivered=False)
    desk.match_early()
    assert desk.state(mt) == "delivered"


def test_a_long_mt_is_delivered_with_its_last_part_and_failed_with_any(desk):
    delivered, failed = desk.claim(segments=2), desk.claim(segments=2)
    desk.sent(delivered, "1", "2")
    desk.sent(failed, "3", "4")
    desk.receipt("1")
    desk.receipt("3")
    assert (desk.state(delivered), desk.state(failed)) == ("sent", "sent")
    desk.receipt("2")
    desk.receipt("4", is_delivered=False)
    assert (desk.state(delivered), desk.state(failed)) == ("delivered", "failed")


def test_the_same_id_at_another_operator_is_another_mt(desk):
    mt = desk.claim()
    desk.sent(mt, "17")
    desk.receipt("17", by="vodafone")
    assert desk.state(mt) == "sent"


def test_settling_again_after_a_lost_commit_changes_nothing(desk):
    mt = desk.claim()
    desk.sent(mt, "17")
    desk.sent(mt, "17")
    desk.receipt("17")
    assert desk.state(mt) == "delivered"


def test_an_mt_without_an_id_is_sent_and_no_receipt_is_its(desk):
    mt = desk.claim()
    desk.sent(mt, "")
    desk.receipt("0")
    assert desk.state(mt) == "sent"
