"""MOs, their parts, sessions and MTs on a real PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.messages import Address, Lane, MtState, NewMo, NewMt
from core.store.mo_parts import LongMo
from core.store.receipts import FinalReceipt, SentPart
from core.unanswered import PATIENCE

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
ANNA = Address("sms", "+420601000001")
BORIS = Address("sms", "+420601000002")


def mo(words: str, *, address: Address = ANNA, operator_id: str | None = None, at: datetime = NOW) -> NewMo:
    return NewMo(address, "o2", words, at, operator_id)


def mt(words: str, lane: Lane = Lane.ANSWER, *, rank: int = 0, segments: int = 1, **more: object) -> NewMt:
    return NewMt(ANNA, "o2", lane, "answer", words, segments, NOW, rank=rank, **more)  # type: ignore[arg-type]


def test_an_mo_that_comes_again_with_the_operators_id_is_one(store):
    for _ in range(2):
        with store.begin() as work:
            work.inbox.add([mo("REG", operator_id="7"), mo("REG", operator_id="8")])
    with store.begin() as work:
        assert [m.text for m in work.inbox.claim(10)] == ["REG", "REG"]


def test_an_mo_without_an_id_is_the_same_while_it_waits_for_its_answer(store):
    with store.begin() as work:
        assert work.inbox.add([mo("1"), mo("1"), mo("2")]) == 2
    with store.begin() as work:
        work.inbox.settle([m.mo_id for m in work.inbox.claim(10)], now=NOW)
    with store.begin() as work:
        assert work.inbox.add([mo("1")]) == 1


def test_an_equal_mo_much_later_is_a_new_one_even_unanswered(store):
    with store.begin() as work:
        assert work.inbox.add([mo("1"), mo("1", at=NOW + timedelta(minutes=5))]) == 2


def test_the_text_of_an_mo_is_not_readable_in_the_database(store):
    with store.begin() as work:
        work.inbox.add([mo("405123123 Jan Novak")])
        row = work.db.execute(text("SELECT inbox::text FROM inbox")).scalar_one()
    assert "405123123" not in row
    assert b"405123123".hex() not in row


def test_turns_of_one_address_are_taken_by_one_process_at_a_time(store):
    with store.begin() as work:
        work.inbox.add([mo("a"), mo("b"), mo("c", address=BORIS)])
    with store.begin() as first:
        assert [m.text for m in first.inbox.claim(1)] == ["a", "b"]
        with store.begin() as second:
            assert [m.text for m in second.inbox.claim(10)] == ["c"]


def test_parts_are_joined_in_any_order_and_a_repeated_part_changes_nothing(store):
    key = LongMo("o2", "+420601000001", "1221", 300, 3)
    with store.begin() as work:
        assert work.mo_parts.add(key, 3, b"C", 0, now=NOW) is None
        assert work.mo_parts.add(key, 1, b"A", 0, now=NOW) is None
        assert work.mo_parts.add(key, 1, b"A", 0, now=NOW) is None
        joined = work.mo_parts.add(key, 2, b"B", 0, now=NOW)
        assert joined is not None
        assert joined.payload == b"ABC"
        assert work.mo_parts.add(key, 2, b"B", 0, now=NOW) is None
        assert work.mo_parts.join_late(before=NOW + timedelta(hours=1), now=NOW) == []


def test_last_parts_that_come_on_two_connections_at_once_are_joined_once(store):
    key = LongMo("o2", "+420601000001", "1221", 5, 2)
    joined = []
    start = threading.Barrier(2)

    def add(number: int) -> None:
        with store.begin() as work:
            start.wait()
            joined.append(work.mo_parts.add(key, number, bytes([64 + number]), 0, now=NOW))

    threads = [threading.Thread(target=add, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [j.payload for j in joined if j] == [b"AB"]


def test_a_missing_part_times_out_into_what_there_is(store):
    key = LongMo("o2", "+420601000001", "1221", 5, 3)
    with store.begin() as work:
        work.mo_parts.add(key, 3, b"C", 0, now=NOW)
        work.mo_parts.add(key, 1, b"A", 0, now=NOW)
        assert work.mo_parts.join_late(before=NOW, now=NOW) == []
        assert [j.payload for j in work.mo_parts.join_late(before=NOW + timedelta(seconds=1), now=NOW)] == [
            b"AC"
        ]


def test_mts_are_claimed_by_lane_then_rank_then_age(store):
    with store.begin() as work:
        work.outbox.add(
            [
                mt("notice", Lane.NOTICE),
                mt("second invited", Lane.INVITATION, rank=2),
                mt("first invited", Lane.INVITATION, rank=1),
                mt("answer"),
                mt("next answer"),
            ]
        )
    with store.begin() as work:
        claimed = work.outbox.claim("o2", max_segments=10, by="me", now=NOW)
    assert [m.text for m in claimed] == ["answer", "next answer", "first invited", "second invited", "notice"]


def test_a_claim_takes_no_more_segments_than_asked_but_always_one_message(store):
    with store.begin() as work:
        work.outbox.add([mt("long", segments=3), mt("short"), mt("other")])
    with store.begin() as work:
        assert [m.text for m in work.outbox.claim("o2", max_segments=2, by="me", now=NOW)] == ["long"]
        assert [m.text for m in work.outbox.claim("o2", max_segments=2, by="me", now=NOW)] == [
            "short",
            "other",
        ]


def test_what_was_given_back_is_claimed_again_in_its_place(store):
    with store.begin() as work:
        work.outbox.add([mt("one"), mt("two")])
        work.outbox.give_back(work.outbox.claim("o2", max_segments=1, by="me", now=NOW))
        claimed = work.outbox.claim("o2", max_segments=2, by="me", now=NOW)
    assert [(m.text, m.attempt) for m in claimed] == [("one", 2), ("two", 1)]


def test_a_claim_of_a_dead_sender_is_in_doubt_and_only_answers_go_again(store):
    with store.begin() as work:
        work.outbox.add([mt("answer"), mt("invitation", Lane.INVITATION)])
        work.outbox.claim("o2", max_segments=5, by="dead", now=NOW)
    later = NOW + timedelta(minutes=2)
    with store.begin() as work:
        assert work.outbox.doubt(claimed_before=later, now=later) == 2
        assert work.outbox.resend_unanswered(PATIENCE, now=later + timedelta(seconds=6)) == 1
        assert [m.text for m in work.outbox.claim("o2", max_segments=5, by="me", now=later)] == ["answer"]


def test_a_settled_status_never_moves_back(store):
    with store.begin() as work:
        work.outbox.add([mt("one")])
        claimed = work.outbox.claim("o2", max_segments=5, by="me", now=NOW)
        work.outbox.settle(claimed, MtState.SENT, now=NOW)
        work.outbox.settle(claimed, MtState.UNANSWERED, now=NOW)
        work.outbox.give_back(claimed)
        assert work.outbox.claim("o2", max_segments=5, by="me", now=NOW) == []


@pytest.mark.parametrize("resent", [False, True])
def test_what_is_known_of_an_attempt_ends_the_doubt_about_it(store, resent):
    """A database that was away for long: the sender's word comes after the doubt."""
    later = NOW + timedelta(minutes=2)
    with store.begin() as work:
        work.outbox.add([mt("one")])
        claimed = work.outbox.claim("o2", max_segments=5, by="me", now=NOW)
        work.outbox.doubt(claimed_before=later, now=NOW)
        if resent:
            assert work.outbox.resend_unanswered(PATIENCE, now=later) == 1
        work.outbox.settle(claimed, MtState.SENT, now=later)
        work.receipts.record([SentPart(claimed[0].mt_id, 1, 1, "o2", "77")], now=later)
        assert work.outbox.resend_unanswered(PATIENCE, now=later) == 0
        assert work.outbox.claim("o2", max_segments=5, by="me", now=later) == []
        work.receipts.apply([FinalReceipt("o2", ("77",), is_delivered=True, error=None)], now=later)
        assert work.db.scalar(text("SELECT state FROM outbox")) == "delivered"


def test_of_a_sender_known_to_be_dead_answers_go_again_at_once(store):
    with store.begin() as work:
        work.outbox.add([mt("answer"), mt("invitation", Lane.INVITATION)])
        work.outbox.claim("o2", max_segments=5, by="dead", now=NOW)
        assert work.outbox.doubt_claims_of({"dead"}, PATIENCE, now=NOW) == 2
        assert [m.text for m in work.outbox.claim("o2", max_segments=5, by="me", now=NOW)] == ["answer"]
        states = work.db.execute(text("SELECT state FROM outbox ORDER BY mt_id")).scalars().all()
        assert states == ["claimed", "unanswered"]


def test_an_answer_that_is_never_answered_goes_again_ever_more_slowly_and_then_stays(store):
    now, waited = NOW, []
    with store.begin() as work:
        work.outbox.add([mt("answer")])
        while claimed := work.outbox.claim("o2", max_segments=1, by="me", now=now):
            work.outbox.settle(claimed, MtState.UNANSWERED, now=now)
            begun = now
            while now < begun + timedelta(hours=1) and not work.outbox.resend_unanswered(PATIENCE, now=now):
                now += timedelta(seconds=1)
            waited.append((now - begun).seconds)
        assert waited == [6, 11, 21, 41, 3600]
        assert work.db.scalar(text("SELECT state FROM outbox")) == "unanswered"


def test_what_was_never_handed_over_is_no_attempt(store):
    with store.begin() as work:
        work.outbox.add([mt("answer")])
        for _ in range(PATIENCE.most_attempts):
            work.outbox.give_back(work.outbox.claim("o2", max_segments=1, by="me", now=NOW))
        work.outbox.settle(
            work.outbox.claim("o2", max_segments=1, by="me", now=NOW), MtState.UNANSWERED, now=NOW
        )
        assert work.outbox.resend_unanswered(PATIENCE, now=NOW + timedelta(seconds=6)) == 1


def test_senders_that_die_one_after_another_lose_no_answer_and_come_to_an_end(store):
    with store.begin() as work:
        work.outbox.add([mt("answer")])
        claims = 0
        while work.outbox.claim("o2", max_segments=1, by="dead", now=NOW):
            claims += 1
            work.outbox.doubt_claims_of({"dead"}, PATIENCE, now=NOW)
        assert claims == PATIENCE.most_claims > 2 * PATIENCE.most_attempts


def test_what_is_known_of_an_attempt_says_nothing_of_the_next_one(store):
    later = NOW + timedelta(minutes=2)
    with store.begin() as work:
        work.outbox.add([mt("one")])
        claimed = work.outbox.claim("o2", max_segments=5, by="me", now=NOW)
        work.outbox.doubt(claimed_before=later, now=NOW)
        work.outbox.resend_unanswered(PATIENCE, now=later)
        (again,) = work.outbox.claim("o2", max_segments=5, by="other", now=later)
        work.outbox.settle(claimed, MtState.SENT, now=later)
        assert (again.attempt, work.db.scalar(text("SELECT state FROM outbox"))) == (2, "claimed")


def test_what_certainly_did_not_leave_goes_again_though_it_was_doubted(store):
    """An invitation: nothing else would ever send it again."""
    later = NOW + timedelta(minutes=2)
    with store.begin() as work:
        work.outbox.add([mt("one", Lane.INVITATION)])
        claimed = work.outbox.claim("o2", max_segments=5, by="me", now=NOW)
        work.outbox.doubt(claimed_before=later, now=NOW)
        work.outbox.give_back(claimed)
        assert [m.attempt for m in work.outbox.claim("o2", max_segments=5, by="me", now=later)] == [2]


def test_what_is_no_longer_true_is_not_sent(store):
    with store.begin() as work:
        work.outbox.add([mt("old", valid_until=NOW), mt("new")])
        assert work.outbox.expire(now=NOW) == 1
        assert [m.text for m in work.outbox.claim("o2", max_segments=5, by="me", now=NOW)] == ["new"]


def test_a_session_comes_back_as_it_was_kept(store):
    session = {
        "dialogue": "registration",
        "version": 1,
        "step": "ask",
        "language": "cs",
        "answers": {"name": "Á"},
    }
    with store.begin() as work:
        work.sessions.keep({ANNA: session}, now=NOW)
        work.sessions.keep({ANNA: session | {"step": "end"}}, now=NOW)
    with store.begin() as work:
        assert work.sessions.find([ANNA, BORIS]) == {ANNA: (session | {"step": "end"}, NOW)}


def test_a_route_is_learned_and_changes_when_the_number_moves(store):
    with store.begin() as work:
        work.routes.learn([(ANNA.number, "o2")], source="mo", now=NOW)
        work.routes.learn([(ANNA.number, "tm")], source="mo", now=NOW)
        assert work.routes.find([ANNA.number, BORIS.number]).learned == {ANNA.number: "tm"}
