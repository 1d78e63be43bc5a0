"""MTs that change their operator, and what is remembered of operators and numbers."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from core.messages import Address, Lane, MtState, NewMt
from core.routing import OperatorChoice, Shift
from core.store.moving import Attempt
from core.store.receipts import FinalReceipt, SentPart
from core.store.routes import REFUSALS_LAST, ROUTES_LAST

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
ANNA, BORIS = "+420601000001", "+420602000002"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
O2, TM = OperatorChoice("o2"), OperatorChoice("tm")


def queue(work, *texts: str, lane: Lane = Lane.INVITATION, number: str = ANNA, operator: str = "o2") -> None:
    work.outbox.add(
        [
            NewMt(Address("sms", number), operator, lane, "test", words, 1, NOW, rank=-n)
            for n, words in enumerate(texts)
        ]
    )


def order(work, operator: str) -> list[str]:
    return [mt.text for mt in work.outbox.claim(operator, max_segments=999, by="test", now=NOW)]


def move_all(work, operator: str, to: str) -> int:
    return work.moving.move([mt.place.mt_id for mt in work.moving.queued(operator)], operator=operator, to=to)


def states(work) -> list[tuple[object, ...]]:
    return [tuple(row) for row in work.db.execute(text("SELECT state, operator FROM outbox ORDER BY mt_id"))]


# -- Moving ------------------------------------------------------------------------------------------------


def test_what_is_moved_keeps_its_lane_and_its_rank_among_the_others(store):
    with store.begin() as work:
        queue(work, "c", "a")
        queue(work, "b", operator="tm", number=BORIS)
        queue(work, "answer", lane=Lane.ANSWER)
        assert move_all(work, "o2", "tm") == 3
        assert order(work, "o2") == []
        assert order(work, "tm") == ["answer", "a", "c", "b"]


def test_what_is_moved_and_still_waits_comes_home_and_the_rest_stays_where_it_left(store):
    with store.begin() as work:
        queue(work, "b", "a")
        move_all(work, "o2", "tm")
        (first,) = work.outbox.claim("tm", max_segments=1, by="test", now=NOW)
        work.outbox.settle([first], MtState.SENT, now=NOW)
        assert work.moving.bring_home("o2") == 1
        assert work.moving.bring_home("o2") == 0
        assert states(work) == [("queued", "o2"), ("sent", "tm")]


def test_what_is_moved_twice_still_knows_its_home(store):
    with store.begin() as work:
        queue(work, "a")
        move_all(work, "o2", "tm")
        move_all(work, "tm", "vodafone")
        assert work.moving.bring_home("tm") == 0
        assert work.moving.bring_home("o2") == 1


def test_what_is_moved_to_its_home_is_no_longer_away(store):
    with store.begin() as work:
        queue(work, "a")
        move_all(work, "o2", "tm")
        move_all(work, "tm", "o2")
        assert work.moving.bring_home("o2") == 0
        assert states(work) == [("queued", "o2")]


def test_what_a_sender_has_claimed_is_not_moved(store):
    with store.begin() as work:
        queue(work, "a")
        waiting = work.moving.queued("o2")
    with store.begin() as work:
        work.outbox.claim("o2", max_segments=9, by="test", now=NOW)
    with store.begin() as work:
        assert work.moving.move([mt.place.mt_id for mt in waiting], operator="o2", to="tm") == 0
        assert states(work) == [("claimed", "o2")]


def test_an_mt_is_claimed_once_whoever_moves_and_claims_at_the_same_time(store):
    with store.begin() as work:
        queue(work, *(f"{n}" for n in range(200)))
    claimed: list[str] = []
    begin = threading.Barrier(3)

    def claim(operator: str) -> None:
        begin.wait()
        for _ in range(40):
            with store.begin() as work:
                found = work.outbox.claim(operator, max_segments=10, by=operator, now=NOW)
            claimed.extend(mt.text for mt in found)

    def move() -> None:
        begin.wait()
        for there, back in [("o2", "tm"), ("tm", "o2")] * 10:
            with store.begin() as work:
                move_all(work, there, back)

    threads = [threading.Thread(target=claim, args=[name]) for name in ("o2", "tm")]
    threads.append(threading.Thread(target=move))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.begin() as work:
        left = order(work, "o2") + order(work, "tm")
    assert sorted(claimed + left, key=int) == [str(n) for n in range(200)]


def test_one_process_moves_at_a_time(store):
    with store.begin() as ours, store.begin() as theirs:
        assert ours.moving.begin()
        assert not theirs.moving.begin()
    with store.begin() as theirs:
        assert theirs.moving.begin()


def test_a_long_queue_is_seen_to_its_end_whatever_stays(store):
    with store.begin() as work:
        queue(work, *(f"{n}" for n in range(1_200)))
        first = work.moving.queued("o2")
        rest = work.moving.queued("o2", after=first[-1].place)
        assert len({mt.place for mt in [*first, *rest]}) == 1_200
        assert work.moving.queued("o2", after=rest[-1].place) == []


# -- Refusals ----------------------------------------------------------------------------------------------


def failed(work) -> Attempt:
    """An MT to Anna that o2 has refused."""
    queue(work, "a")
    (mt,) = work.outbox.claim("o2", max_segments=1, by="test", now=NOW)
    work.outbox.settle([mt], MtState.FAILED, now=NOW)
    return Attempt(mt.mt_id, mt.attempt)


def test_what_was_refused_is_queued_elsewhere_and_never_goes_home(store):
    with store.begin() as work:
        attempt = failed(work)
        assert work.moving.refused([attempt], operator="o2") == {attempt: ANNA}
        work.moving.send_elsewhere([attempt], to="tm")
        assert states(work) == [("queued", "tm")]
        assert work.moving.bring_home("o2") == 0
        assert work.moving.refused([attempt], operator="o2") == {}, "a second receipt changes nothing"


def test_what_has_arrived_in_part_is_not_sent_elsewhere(store):
    with store.begin() as work:
        queue(work, "a")
        (mt,) = work.outbox.claim("o2", max_segments=2, by="test", now=NOW)
        work.outbox.settle([mt], MtState.SENT, now=NOW)
        work.receipts.record([SentPart(mt.mt_id, 1, n, "o2", f"{n}") for n in (1, 2)], now=NOW)
        told = work.receipts.apply(
            [FinalReceipt("o2", ("1",), True, None), FinalReceipt("o2", ("2",), False, "001")], now=NOW
        )
        assert [(verdict.is_delivered, verdict.error) for verdict in told] == [(True, None), (False, "001")]
        assert work.moving.refused([Attempt(mt.mt_id, 1)], operator="o2") == {}


def test_a_receipt_that_comes_before_its_part_tells_its_error_all_the_same(store):
    with store.begin() as work:
        queue(work, "a")
        (mt,) = work.outbox.claim("o2", max_segments=1, by="test", now=NOW)
        assert work.receipts.apply([FinalReceipt("o2", ("1",), False, "001")], now=NOW) == []
        work.outbox.settle([mt], MtState.SENT, now=NOW)
        (told,) = work.receipts.record([SentPart(mt.mt_id, 1, 1, "o2", "1")], now=NOW)
        assert (told.mt_id, told.operator, told.is_delivered, told.error) == (mt.mt_id, "o2", False, "001")


# -- Numbers -----------------------------------------------------------------------------------------------


def test_a_receipt_teaches_whose_a_number_is_only_after_another_refused_it(store):
    with store.begin() as work:
        queue(work, "a")
        queue(work, "b", number=BORIS)
        mts = work.outbox.claim("o2", max_segments=9, by="test", now=NOW)
        work.routes.refuse([ANNA], "tm", source="refusal", now=NOW)
        work.routes.learn_delivered([(mt.mt_id, "o2") for mt in mts], now=NOW)
        known = work.routes.find([ANNA, BORIS])
    assert known.learned == {ANNA: "o2"}
    assert known.unserved == {ANNA: frozenset({"tm"})}


def test_a_receipt_does_not_overrule_what_an_mo_has_shown_unless_that_one_refused(store):
    with store.begin() as work:
        queue(work, "a")
        (mt,) = work.outbox.claim("o2", max_segments=1, by="test", now=NOW)
        work.routes.learn([(ANNA, "tm")], source="mo", now=NOW)
        work.routes.refuse([ANNA], "vodafone", source="refusal", now=NOW)
        work.routes.learn_delivered([(mt.mt_id, "o2")], now=NOW)
        assert work.routes.find([ANNA]).learned == {ANNA: "tm"}
        work.routes.refuse([ANNA], "tm", source="refusal", now=NOW)
        work.routes.learn_delivered([(mt.mt_id, "o2")], now=NOW)
        assert work.routes.find([ANNA]).learned == {ANNA: "o2"}


def test_what_was_learned_is_forgotten_when_it_is_old(store):
    with store.begin() as work:
        work.routes.learn([(ANNA, "o2")], source="mo", now=NOW)
        work.routes.refuse([ANNA], "tm", source="refusal", now=NOW)
        work.routes.forget(now=NOW + REFUSALS_LAST)
        assert work.routes.find([ANNA]).unserved == {ANNA: frozenset({"tm"})}
        work.routes.forget(now=NOW + REFUSALS_LAST + SECOND)
        assert work.routes.find([ANNA]).unserved == {}
        assert work.routes.find([ANNA]).learned == {ANNA: "o2"}
        work.routes.forget(now=NOW + ROUTES_LAST + SECOND)
        assert work.routes.find([ANNA]).learned == {}


# -- Operators ---------------------------------------------------------------------------------------------


def up(work, now: datetime) -> list[bool]:
    return [operator.is_up for operator in work.operators.as_they_are([O2, TM], now=now)]


def test_an_operator_is_down_when_nobody_has_been_bound_to_it_for_some_time(store):
    with store.begin() as work:
        assert up(work, NOW) == [False, False]
        work.operators.note(["o2", "tm"], bound=["o2"], now=NOW)
        assert up(work, NOW) == [True, False]
        work.operators.note(["o2", "tm"], bound=[], now=NOW + SECOND)
        assert up(work, NOW + 29 * SECOND) == [True, False], "another process may be bound"
        assert up(work, NOW + 30 * SECOND) == [False, False]


def test_a_late_note_does_not_make_a_bind_older(store):
    with store.begin() as work:
        work.operators.note(["o2"], bound=["o2"], now=NOW + MINUTE)
        work.operators.note(["o2"], bound=["o2"], now=NOW)
        assert up(work, NOW + MINUTE + 29 * SECOND) == [True, False]


def test_an_operator_that_left_the_settings_is_gone(store):
    with store.begin() as work:
        work.operators.note(["o2", "tm"], bound=["o2", "tm"], now=NOW)
        assert work.operators.gone([O2], now=NOW + MINUTE) == set()
        assert work.operators.gone([O2], now=NOW + 6 * MINUTE) == {"tm"}


def test_a_weight_is_shifted_once_a_minute_and_every_shift_is_recorded(store):
    with store.begin() as work:
        work.operators.note(["o2"], bound=["o2"], now=NOW)
        slow = Shift(0.5, "slow")
        assert not work.operators.shift("o2", 1.0, slow, now=NOW + 59 * SECOND), "too soon"
        assert work.operators.shift("o2", 1.0, slow, now=NOW + MINUTE)
        assert not work.operators.shift("o2", 1.0, slow, now=NOW + 2 * MINUTE), "not what it weighs now"
        assert work.operators.shift("o2", 0.5, Shift(0.6, "well"), now=NOW + 2 * MINUTE)
        rows = work.db.execute(
            text(
                "SELECT operator, weight_before, weight_after, reason FROM operator_shifts ORDER BY shift_id"
            )
        )
        assert [tuple(row) for row in rows] == [("o2", 1.0, 0.5, "slow"), ("o2", 0.5, 0.6, "well")]
        (o2,) = work.operators.as_they_are([O2], now=NOW)
        assert o2.weight == 0.6
