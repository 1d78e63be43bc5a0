"""Asking again, on a real PostgreSQL: one SMS for one purpose and person, whatever is repeated."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import text

from conversations.library import load_library
from conversations.media.gsm import segments
from core.messages import Address, Lane, MtState, NewMo, NewMt
from core.routing import LOOPBACK
from core.store.work import Store
from core.world import World
from gateway.turns.asking import FRESH, LOOP_WITHIN, MOST_ALIKE
from gateway.turns.backlog import Backlog, told_wait, with_room_for
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NEIGHBOUR, Town
from tests.workers.town import NOW

LIBRARY = load_library()
REGISTER = "REG 405123123 Jan Novák 111 58601"
SECOND = timedelta(seconds=1)


class Phones:
    """Phones that write, an operator that takes MTs only when it is told to, and a clock."""

    def __init__(self, store: Store, world: World, rates: dict[str, float]) -> None:
        self.store = store
        self.runner = TurnRunner(store, LIBRARY, world, backlog=Backlog(rates))
        self.now = NOW
        self.written = 0

    def write(self, *texts: str, phone: str = JANA, operator: str = "o2") -> None:
        """Each is a message of its own, as its id says."""
        with self.store.begin() as work:
            for each in texts:
                self.written += 1
                mo = NewMo(Address("sms", phone), operator, each, self.now, str(self.written))
                work.inbox.add([mo])

    def take_turns(self) -> None:
        while self.runner.run_batch(self.now):
            pass

    def say(self, *texts: str, **whence: str) -> None:
        """Write one after another, each after the turn of the one before."""
        for each in texts:
            self.write(each, **whence)
            self.take_turns()

    def hand_over(self, operator: str = "o2") -> list[str]:
        """Everything that waits leaves; return the words."""
        with self.store.begin() as work:
            claimed = work.outbox.claim(operator, max_segments=10_000, by="test", now=self.now)
            work.outbox.settle(claimed, MtState.SENT, now=self.now)
        return [mt.text for mt in claimed]

    def states(self) -> Counter[str]:
        with self.store.begin() as work:
            return Counter(work.db.scalars(text("SELECT state FROM outbox")))

    def count(self, query: str) -> int:
        with self.store.begin() as work:
            return int(work.db.execute(text(query)).scalar_one())


@pytest.fixture
def phones(town: Town) -> Phones:
    return Phones(town.store, town.world, {})


@pytest.fixture
def slow(town: Town) -> Callable[[float], Phones]:
    """Phones at an operator of so many segments a second."""
    return lambda rate: Phones(town.store, town.world, {"o2": rate})


@pytest.mark.parametrize("asked", [REGISTER, "REG", "STAV", "PIN", "POMOC"])
def test_what_is_asked_five_times_while_the_answer_waits_is_answered_once(phones, asked):
    phones.say(*[asked] * 5)
    assert len(phones.hand_over()) == 1
    assert phones.count("SELECT count(*) FROM inbox WHERE done_at IS NULL") == 0


@pytest.mark.parametrize("asked", [REGISTER, "REG", "STAV", "PIN", "POMOC"])
def test_what_is_asked_five_times_in_one_transaction_is_answered_once(phones, asked):
    phones.write(*[asked] * 5)
    phones.take_turns()
    assert len(phones.hand_over()) == 1


def test_the_same_words_wait_once_even_if_other_ones_were_asked_for_between(phones):
    phones.say("REG", "STAV", "REG", "STAV", "REG")
    assert len(phones.hand_over()) == 2
    phones.say("405123123")
    assert "jmeno" in phones.hand_over()[0], "the last request is where she stands"


def test_what_was_just_handed_over_is_not_said_again_to_the_same_question(phones):
    phones.say("REG")
    assert len(phones.hand_over()) == 1
    phones.now += FRESH - SECOND
    phones.say("REG")
    assert phones.hand_over() == []
    phones.now += SECOND
    phones.say("REG")
    assert len(phones.hand_over()) == 1


def test_the_same_words_to_another_question_are_said_again(phones):
    phones.say("REG")
    [first] = phones.hand_over()
    phones.say("REGISTRACE")
    assert phones.hand_over() == [first]


def test_in_the_terminal_and_the_browser_what_was_read_is_said_again(phones):
    phones.say("REG", operator=LOOPBACK)
    [first] = phones.hand_over(LOOPBACK)
    phones.say("REG", operator=LOOPBACK)
    assert phones.hand_over(LOOPBACK) == [first]


def test_yes_five_times_registers_once_and_is_answered_by_the_closing_words_alone(phones):
    for each in (REGISTER, "1"):
        phones.say(each)
        phones.hand_over()
    phones.write(*["ANO"] * 5)
    phones.take_turns()
    phones.say("ANO")
    [closing] = phones.hand_over()
    assert closing.startswith("Registrace prijata")
    assert phones.count("SELECT count(*) FROM registrations") == 1
    phones.say("ANO")
    assert phones.hand_over() == [], "handed over, and perhaps not yet read"
    phones.now += FRESH
    phones.say("ANO")
    assert "registrace" in phones.hand_over()[0], "now it is a message to nobody in particular"


def test_a_text_that_is_repeated_before_its_answer_left_does_not_answer_the_next_question(phones):
    phones.say(REGISTER)
    phones.hand_over()
    phones.say("1", "1", "1")
    [summary] = phones.hand_over()
    assert summary.startswith("Souhrn")
    phones.say("1")
    assert not phones.hand_over()[0].startswith("Souhrn"), "read, so it is an answer to the summary"


def test_a_request_that_is_answered_and_over_is_not_taken_again_while_its_answer_waits(phones, town):
    """Told twice a day at most, her PIN must not be used up by an SMS that has not even left."""
    town.register()
    town.invite()
    phones.say(*["ZTRATA", "REG"] * 5)
    pin, registration = phones.hand_over()
    assert "PIN" in pin
    assert registration.startswith("Registrace")
    assert phones.count("SELECT count(*) FROM audit") == 1


def test_an_answer_that_is_no_longer_sent_does_not_stand_for_another(phones):
    phones.say("REG")
    with phones.store.begin() as work:
        work.db.execute(text("UPDATE outbox SET state = 'failed', settled_at = :now"), {"now": phones.now})
    phones.say("REG")
    assert len(phones.hand_over()) == 1


def test_a_notice_of_the_night_does_not_stand_for_an_answer(phones):
    phones.say("STAV")
    [words] = phones.hand_over()
    phones.now += FRESH
    with phones.store.begin() as work:
        notice = NewMt(Address("sms", JANA), "o2", Lane.NOTICE, "free again", words, 1, phones.now)
        work.outbox.add([notice])
    phones.say("STAV")
    assert phones.states() == {"sent": 1, "queued": 2}


def test_what_one_asks_for_does_not_keep_the_answer_from_another(phones):
    phones.say("REG")
    phones.say("REG", phone=NEIGHBOUR)
    assert len(phones.hand_over()) == 2


# -- The race ----------------------------------------------------------------------------------------------


def test_without_the_lock_two_processes_would_both_answer(phones):
    """The race is real: both look before either has written."""
    phones.write("REG", "REG")
    with phones.store.begin() as one, phones.store.begin() as other:
        address = Address("sms", JANA)
        looks = [
            work.asking.lately([address], since=phones.now - LOOP_WITHIN, now=phones.now)
            for work in (one, other)
        ]
    assert looks == [{}, {}]


def test_five_equal_requests_heard_by_two_processes_at_once_are_answered_once(phones):
    """Turns of an address are taken one after another, so each sees what the one before has written."""
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        for _ in range(5):
            phones.runner.run_batch(phones.now)
            phones.runner.run_address(Address("sms", JANA), phones.now)

    for _ in range(5):
        phones.write("REG")
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    phones.take_turns()
    assert len(phones.hand_over()) == 1


# -- Loops -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("echo_after", [5 * SECOND, FRESH + SECOND], ids=["at once", "when not fresh"])
def test_a_phone_that_sends_every_mt_back_is_not_answered_for_ever(phones, echo_after):
    phones.say("Dobrý den")
    handed_over: list[str] = []
    for _ in range(100):
        texts = phones.hand_over()
        if not texts:
            break
        handed_over += texts
        phones.now += echo_after
        phones.say(*texts)
    assert len(handed_over) <= 3 * MOST_ALIKE
    assert phones.count("SELECT count(*) FROM inbox WHERE done_at IS NULL") == 0


def test_a_phone_that_is_away_is_not_told_so_for_ever(phones):
    """Its own words are always the same; what would be the sixth answer in ours is kept, and not sent."""
    for _ in range(3 * (LOOP_WITHIN // FRESH)):
        phones.say("MENU")
        phones.hand_over()
        phones.now += FRESH
    assert phones.states() == {"sent": 3 * MOST_ALIKE, "blocked": 3}


def test_what_is_blocked_is_seen_by_the_desk_and_never_claimed(phones):
    for _ in range(MOST_ALIKE + 1):
        phones.say("MENU")
        phones.hand_over()
        phones.now += FRESH
    assert phones.states() == {"sent": MOST_ALIKE, "blocked": 1}
    assert phones.hand_over() == []


# -- The expected wait -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "told"),
    [
        (timedelta(seconds=60), {}),
        (timedelta(seconds=61), {"minutes": 2}),
        (timedelta(minutes=2), {"minutes": 2}),
        (timedelta(minutes=33), {"minutes": 45}),
        (timedelta(minutes=61), {"hours": 2}),
    ],
    ids=str,
)
def test_a_wait_is_told_in_round_minutes_and_never_too_short(wait, told):
    assert told_wait(wait) == told


def test_a_sentence_costs_no_segment_but_for_whoever_asks_again():
    assert with_room_for("a" * 100, ["b" * 59, "b"], spare=0) == "a" * 100 + " " + "b" * 59
    assert with_room_for("a" * 100, ["b" * 60, "b"], spare=0) == "a" * 100 + " b"
    assert with_room_for("a" * 160, ["b" * 60, "b"], spare=0) == "a" * 160
    assert segments(with_room_for("a" * 160, ["b" * 60], spare=1)) == 2


def test_who_will_wait_for_long_is_told_so_in_her_language(slow):
    phones = slow(0.5)
    for n in range(100):
        phones.say("REG", phone=f"+42060300{n:04}")
        phones.now += SECOND
    phones.say("REG")
    phones.say("ENGLISH", "REGISTER", phone=NEIGHBOUR)
    *_, czech, _, english = phones.hand_over()
    assert "Odpovidame asi za 5 min." in czech
    assert "Replies take about 5 min" in english
    assert all(segments(each) == 1 for each in (czech, english))


def test_who_writes_in_the_same_moment_as_a_hundred_others_is_told_of_them(slow):
    phones = slow(0.5)
    for n in range(100):
        phones.write("REG", phone=f"+42060300{n:04}")
    phones.take_turns()
    first, *_, last = phones.hand_over()
    assert "min" not in first
    assert "Odpovidame asi za 5 min." in last


def test_nobody_is_told_of_a_wait_of_less_than_a_minute(slow):
    phones = slow(20)
    phones.say(*["REG", "STAV"] * 3)
    assert not any("min" in each for each in phones.hand_over())


def test_answers_that_differ_in_the_wait_alone_are_the_same(slow):
    phones = slow(0.5)
    phones.say("REG", "STAV")
    for n in range(100):
        phones.say("REG", phone=f"+42060300{n:04}")
    phones.now += FRESH
    phones.say("REG", "STAV")
    assert phones.count(f"SELECT count(*) FROM outbox WHERE address = '{JANA}'") == 2  # noqa: S608


# -- The first hour ----------------------------------------------------------------------------------------


def test_the_storm_of_the_first_hour_costs_one_sms_for_each_purpose_and_person(slow):
    """Three hundred people ask five times for a registration and five times for a PIN; nothing leaves."""
    phones = slow(0.5)
    people = [f"+42060400{n:04}" for n in range(300)]
    asked = [(phone, each) for phone in people for each in (REGISTER, "ZTRATA") for _ in range(5)]
    Random(1).shuffle(asked)
    with phones.store.begin() as work:
        work.inbox.add(
            [
                NewMo(Address("sms", phone), "o2", each, phones.now, str(n))
                for n, (phone, each) in enumerate(asked)
            ]
        )
    phones.take_turns()
    assert phones.count("SELECT count(*) FROM inbox") == 3_000
    assert phones.count("SELECT count(*) FROM inbox WHERE done_at IS NULL") == 0
    with phones.store.begin() as work:
        rows = work.db.execute(text("SELECT address, count(*) FROM outbox GROUP BY address"))
        found = {row.address: row.count for row in rows}
    assert found == dict.fromkeys(people, 2)
