"""Leftover doses of the day, from the word that one can come to the dose that was taken first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from conversations.library import load_library
from core.messages import SMS_CHANNEL, Address
from core.routing import OperatorChoice
from core.sites.record import Origin
from core.store import tables as t
from core.store.outcomes import OutcomeBook
from core.store.substitute_rounds import LeftoverRound, SubstituteRoundBook, Taken
from core.store.work import Store
from core.substitutes import WITHIN, Day, Window, window
from gateway.channels.loopback import Loopback
from gateway.turns.runner import TurnRunner
from tests.workers.town import HOURS, SITE, add_dates, add_person, add_site, vault
from workers.substitutes import offer_leftovers, open_round
from workers.workshop import Workshop, install

LIBRARY = load_library()
NOW = datetime(2021, 1, 22, 16, 0, tzinfo=UTC)  # 17:00 in Prague
BY = Origin("Svobodová", "test")
SECOND_DAY = NOW + timedelta(days=24)


class Village:
    """A site that offers leftover doses, its people's phones, and the time."""

    def __init__(self, store: Store, world) -> None:
        self.store, self.world, self.now = store, world, NOW
        self._loopback = Loopback(store, by="test")
        self._runner = TurnRunner(store, LIBRARY, world)
        self.workshop = Workshop(
            store, LIBRARY, world, (OperatorChoice("o2"),), HOURS, Random(1), lambda: self.now
        )
        install(self.workshop)
        with store.begin() as work:
            add_site(work.db)
            work.substitutes.enable(SITE, Day(), BY, now=NOW)

    def person(self, number: int, *, is_one: bool = True, **more: object) -> int:
        with self.store.begin() as work:
            registration_id = add_person(work.db, number, **more)
            if is_one:
                work.substitutes.join(registration_id, now=NOW)
        self._loopback.connect(phone(number), now=self.now)
        return registration_id

    def offer(
        self, doses: int = 1, *, product: str = "comirnaty", come_by: datetime | None = None
    ) -> LeftoverRound:
        open_for = window(Day(), come_by, now=self.now)
        assert isinstance(open_for, Window)
        with self.store.begin() as work:
            leftover, self.asked = open_round(
                work,
                self.workshop,
                SITE,
                self.world.products.by_key[product],
                doses,
                window=open_for,
                who="Svobodová",
                now=self.now,
            )
        return leftover

    def reads(self, number: int) -> str:
        return " ".join(mt.text for mt in self._loopback.collect(phone(number), now=self.now))

    def says(self, number: int, text: str) -> str:
        self._loopback.say(phone(number), text, now=self.now)
        self._runner.run_address(Address(SMS_CHANNEL, phone(number)), self.now)
        return self.reads(number)

    def later(self, by: timedelta) -> None:
        self.now += by
        offer_leftovers()

    def states(self, leftover: LeftoverRound) -> dict[str, int]:
        with self.store.begin() as work:
            return work.substitute_rounds.counts(leftover.round_id)

    def round(self, leftover: LeftoverRound) -> LeftoverRound:
        with self.store.begin() as work:
            found = work.substitute_rounds.get(leftover.round_id)
        assert found
        return found

    def state_of(self, registration_id: int) -> str:
        with self.store.begin() as work:
            return work.registrations.get(registration_id).state

    def slot(self, slot_id: int) -> tuple[int, int]:
        with self.store.begin() as work:
            row = work.db.execute(
                select(t.slots.c.capacity, t.slots.c.taken).where(t.slots.c.slot_id == slot_id)
            ).one()
            assert OutcomeBook(work.db).miscounted_slots() == 0
        return row.capacity, row.taken


def phone(number: int) -> str:
    return f"+420601{number:06}"


@pytest.fixture
def village(database: str, world) -> Village:
    store = Store.connect(database, vault(), connections=8)
    yield Village(store, world)
    store.close()


def add_seconds(village: Village, pairs: int = 1) -> None:
    """Second dates three weeks from today, whose first ones are today and over."""
    with village.store.begin() as work:
        add_dates(work.db, pairs=pairs, first=NOW - timedelta(hours=6))


def test_the_first_yes_gets_the_dose_and_the_others_a_polite_no(village):
    add_seconds(village)
    anna, eva = village.person(1), village.person(2)
    leftover = village.offer()
    assert village.reads(1) == (
        "Anna Novakova 1, zbyla davka: Nemocnice Jihlava. Stihnete prijit do 19:00? Odpovezte ANO, nebo NE. "
        "Dostane ji ten, kdo odpovi prvni."
    )
    assert village.reads(2)
    assert village.says(2, "ano") == (
        "Davka je vase. Prijdte hned, nejpozdeji pa 22.1. 19:00: Nemocnice Jihlava, Vrchlickeho 59, 586 33 "
        "Jihlava. S sebou obcanku a karticku pojistovny. 2. davka pa 12.2. 11:00."
    )
    no = (
        "Dekujeme, ale vsechny davky uz maji jini, kteri odpovedeli driv. Nahradnikem zustavate a vase misto "
        "v poradi take."
    )
    assert village.says(1, "ANO") == no
    village.later(timedelta(minutes=5))
    assert "Ockovani proti covidu" in village.says(1, "ANO")  # once; after that it answers nothing
    assert (village.state_of(eva), village.state_of(anna)) == ("reserved", "waiting")
    assert village.states(leftover) == {"taken": 1, "late": 1}
    assert village.slot(leftover.slot_id) == (1, 1)
    with village.store.begin() as work:
        assert not work.substitutes.is_one(eva)
        assert work.substitutes.is_one(anna)
        dates = work.rebooking.dates_of(eva)
        supply = work.supply.of_site(SITE, village.world, now=village.now)["comirnaty"]
    assert dates
    assert dates.second
    assert (supply.promised.first, supply.promised.second) == (1, 1)


def test_a_missing_second_date_is_told_and_a_single_dose_has_none(village):
    village.person(1)
    village.offer()
    village.reads(1)
    assert "Den pro 2. davku ted volny neni" in village.says(1, "ANO")
    village.person(2)
    village.offer(product="janssen")
    village.reads(2)
    assert "2. davk" not in village.says(2, "ANO")


def test_others_are_asked_after_a_while_and_nobody_once_none_can_come(village, monkeypatch):
    monkeypatch.setattr("workers.substitutes.how_many", lambda doses, answers: 1)
    village.person(1)
    village.person(2)
    leftover = village.offer()
    assert village.reads(1)
    village.later(timedelta(minutes=9))
    assert not village.reads(2)
    village.later(timedelta(minutes=1))
    assert village.reads(2)
    village.later(WITHIN)
    assert village.states(leftover) == {"lapsed": 2}
    assert village.slot(leftover.slot_id) == (0, 0)
    assert "uz maji jini" in village.says(2, "ANO")


def test_a_yes_to_another_question_takes_no_dose(village):
    anna = village.person(1)
    village.says(1, "NAHRADNIK")  # she is asked whether she stays one
    village.offer()
    assert "Odpovezte NAHRADNIK." in village.reads(1)
    assert "nahradnikem zustavate" in village.says(1, "ANO")
    assert village.state_of(anna) == "waiting"
    assert "zbyla davka pro vas" in village.says(1, "NAHRADNIK")
    assert "Davka je vase" in village.says(1, "ANO")
    assert village.state_of(anna) == "reserved"


def test_an_offer_that_waits_does_not_leave_once_the_round_is_over(village):
    village.person(1)
    leftover = village.offer()
    village.now = leftover.answer_until
    offer_leftovers()
    assert village.reads(1) == ""


@pytest.mark.parametrize("is_guarded", [False, True])
def test_one_dose_is_taken_once(village, monkeypatch, is_guarded):
    """All have read that a dose is left before any takes it; without the guard each would get it."""
    people = [village.person(number) for number in range(1, 6)]
    leftover = village.offer()
    if not is_guarded:
        all_read = threading.Barrier(len(people))

        def look(book, round_id, *, now):
            found = book.get(round_id)
            all_read.wait(timeout=20)
            return found is not None and found.left > 0

        monkeypatch.setattr(SubstituteRoundBook, "one_less", look)
        with village.store.begin() as work:
            work.db.execute(update(t.slots).values(capacity=9))

    def take(registration_id):
        with village.store.begin() as work:
            return work.substitute_rounds.take(registration_id, world=village.world, now=village.now)

    with ThreadPoolExecutor(len(people)) as pool:
        outcomes = list(pool.map(take, people))
    taken = sum(isinstance(outcome, Taken) for outcome in outcomes)
    assert taken == (1 if is_guarded else 5)
    assert village.slot(leftover.slot_id)[1] == taken


def test_joining_and_leaving_are_noted_once(village):
    anna = village.person(1, is_one=False)
    for text in ("NAHRADNIK", "ANO", "NAHRADNIK", "NE"):
        village.says(1, text)
    with village.store.begin() as work:
        noted = [each.what for each in work.audit.latest(9, registration_id=anna)]
        assert not work.substitutes.is_one(anna)
    assert sorted(noted) == ["became a substitute", "is a substitute no more"]
