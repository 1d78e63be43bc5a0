"""PIN1 proves a phone: sent seldom, guessed hardly, used once."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from core.messages import Address, Lane, MtState, NewMt
from core.store import tables as t
from core.store.pin1s import (
    FRESH,
    GOOD_FOR,
    HOUR,
    MOST_TO_ADDRESS,
    MOST_TO_PHONE,
    MOST_WRONG,
    PIN1,
    REST,
    Blocked,
    Expired,
    Given,
    OnItsWay,
    Proven,
    TooOften,
    Wrong,
)

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
JANA, NEIGHBOUR = "+420601000001", "+420602000002"
CHAT = Address("telegram", "4711")


def give(work, *, address=CHAT, phone=JANA, pin="123456", now=NOW, state=MtState.SENT):
    outcome = work.pin1s.give(address, phone, pin, now=now, expires_at=now + GOOD_FOR)
    if outcome == Given():
        sms = NewMt(Address("sms", phone), "alpha", Lane.ANSWER, PIN1, "PIN1", 1, now, state=state)
        work.outbox.add([sms])
    return outcome


def check(work, pin, *, now=NOW):
    return work.pin1s.check(CHAT, pin, now=now)


def test_the_right_one_proves_the_phone_once(store):
    with store.begin() as work:
        assert give(work) == Given()
        assert check(work, "654321") == Wrong(MOST_WRONG - 1)
        assert check(work, "123456") == Proven(JANA)
        assert check(work, "123456") == Expired()


def test_nothing_is_proven_without_one_or_when_it_has_run_out(store):
    with store.begin() as work:
        assert check(work, "123456") == Expired()
        give(work)
        assert check(work, "123456", now=NOW + GOOD_FOR) == Expired()


def test_it_is_not_readable_in_the_database(store):
    with store.begin() as work:
        give(work)
        assert "123456" not in work.db.execute(text("SELECT pin1s::text FROM pin1s")).scalar_one()


def test_asking_again_costs_no_second_one_while_the_first_is_fresh_or_waits(store):
    later = NOW + FRESH
    with store.begin() as work:
        give(work, state=MtState.QUEUED)
        assert give(work, now=NOW + FRESH / 2) == OnItsWay()
        assert give(work, now=later) == OnItsWay(), "it has not left yet"
        work.db.execute(t.outbox.update().values(state=MtState.SENT))
        assert give(work, pin="654321", now=later) == Given()
        assert check(work, "654321", now=later) == Proven(JANA)


def test_another_phone_need_not_wait_for_the_first(store):
    with store.begin() as work:
        give(work)
        assert give(work, phone=NEIGHBOUR, pin="654321") == Given()
        assert check(work, "123456") == Wrong(MOST_WRONG - 1)
        assert check(work, "654321") == Proven(NEIGHBOUR)


def test_an_address_gets_three_and_then_rests(store):
    with store.begin() as work:
        moments = [NOW + n * FRESH for n in range(MOST_TO_ADDRESS)]
        assert [give(work, now=now) for now in moments] == [Given()] * MOST_TO_ADDRESS
        assert give(work, now=moments[-1] + FRESH) == TooOften()
        assert give(work, phone=NEIGHBOUR, now=moments[-1] + FRESH) == TooOften()
        assert give(work, now=moments[-1] + REST) == Given()


def test_a_phone_gets_five_in_an_hour_whoever_asks(store):
    with store.begin() as work:
        askers = [Address("web", str(number)) for number in range(MOST_TO_PHONE + 1)]
        outcomes = [give(work, address=asker) for asker in askers]
        assert outcomes == [Given()] * MOST_TO_PHONE + [TooOften()]
        assert give(work, address=askers[-1], phone=NEIGHBOUR) == Given()
        assert give(work, now=NOW + HOUR) == Given()


def test_five_wrong_ones_block_for_an_hour_and_a_new_one_does_not_forgive_them(store):
    with store.begin() as work:
        give(work)
        assert [check(work, "000000") for _ in range(3)] == [Wrong(4), Wrong(3), Wrong(2)]
        give(work, now=NOW + FRESH)
        assert check(work, "000000", now=NOW + FRESH) == Wrong(1)
        assert check(work, "000000", now=NOW + FRESH) == Blocked()
        assert check(work, "123456", now=NOW + FRESH) == Blocked(), "nor does a right one"
        assert give(work, now=NOW + 2 * FRESH) == Blocked()
        again = NOW + FRESH + HOUR
        assert give(work, now=again) == Given()
        assert check(work, "000000", now=again) == Wrong(4)


def together(store, number, what):
    """Do something in so many transactions, none of which begins to write before all are open."""
    barrier = threading.Barrier(number)
    outcomes = []

    def one(who):
        with store.begin() as work:
            work.db.execute(text("SELECT 1"))
            barrier.wait()
            outcomes.append(what(work, who))

    threads = [threading.Thread(target=one, args=[who]) for who in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_who_use_it_at_once_one_wins(store):
    with store.begin() as work:
        give(work)
    outcomes = together(store, 2, lambda work, _: check(work, "123456"))
    assert sorted(map(repr, outcomes)) == sorted([repr(Proven(JANA)), repr(Expired())])


def test_many_guesses_at_once_get_no_more_tries_than_one_after_another(store):
    with store.begin() as work:
        give(work)
    outcomes = together(store, 8, lambda work, _: check(work, "000000"))
    assert sum(isinstance(outcome, Wrong) for outcome in outcomes) == MOST_WRONG - 1


@pytest.mark.parametrize("is_guarded", [False, True], ids=["the race is real", "the book holds"])
def test_many_who_ask_for_one_phone_at_once_get_five(store, is_guarded):
    def count_then_send(work, who):
        sent = work.db.execute(select(t.outbox.c.mt_id).where(t.outbox.c.address == JANA)).all()
        barrier.wait()
        if len(sent) < MOST_TO_PHONE:
            work.outbox.add([NewMt(Address("sms", JANA), "alpha", Lane.ANSWER, PIN1, "PIN1", 1, NOW)])

    number = MOST_TO_PHONE + 3
    barrier = threading.Barrier(number)
    ask = count_then_send
    if is_guarded:
        ask = lambda work, who: give(work, address=Address("web", str(who)))  # noqa: E731
    together(store, number, ask)
    with store.begin() as work:
        sent = len(work.db.execute(select(t.outbox.c.mt_id)).all())
    assert sent == MOST_TO_PHONE if is_guarded else sent > MOST_TO_PHONE
