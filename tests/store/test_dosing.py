"""Recorded doses on a real PostgreSQL: once under a race, off the stock once, and counted in the numbers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.doses import Dose, KnownAlready
from core.doses_file import Claim
from core.stock import Use
from core.store import tables as t
from core.store.doses import DoseBook
from core.store.dosing import Given, RecordOutcome, record, withdraw
from core.store.numbers import DayNumbers, NumbersBook
from core.store.registrations import RegistrationBook
from core.store.work import Store
from core.world import World
from gateway.compose import load_world
from tests.workers.town import NOW, SITE, add_dates, add_person, add_site, deliver, hold, vault

DAY = date(2021, 1, 25)
EVENING = datetime(2021, 1, 25, 18, tzinfo=UTC)
NEXT_DAY = EVENING + timedelta(hours=12)
NUMBER = "405123123"
WORLD: World = load_world()
AT_ONCE = 4


def claim(number: str = NUMBER, n: int = 1, on: date = DAY) -> Claim:
    return Claim(2, Dose(n, "comirnaty", on, SITE, "EJ6796", "sestra"), number)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


def recorded(store: Store, *claims: Claim, now: datetime = EVENING) -> list[RecordOutcome]:
    with store.begin() as work:
        outcomes = [record(work, each, world=WORLD, by="site", now=now) for each in claims]
        work.stock.count_given([(SITE, "comirnaty", each.dose.given_on) for each in claims])
    return outcomes


def on_hand(store: Store) -> int:
    with store.begin() as work:
        return work.db.execute(select(func.sum(t.stock_movements.c.doses))).scalar_one()


def at_the_same_moment(store: Store) -> list[RecordOutcome | IntegrityError]:
    barrier = Barrier(AT_ONCE)

    def one(_: int) -> RecordOutcome | IntegrityError:
        barrier.wait()
        try:
            return recorded(store, claim())[0]
        except IntegrityError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_the_same_dose_from_several_imports_at_once_counts_once(store: Store) -> None:
    outcomes = at_the_same_moment(store)
    assert sum(isinstance(each, Given) for each in outcomes) == 1
    assert sum(isinstance(each, KnownAlready) for each in outcomes) == AT_ONCE - 1


def test_without_the_lock_they_would_collide(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    look, all_looked = DoseBook.of_person, Barrier(AT_ONCE)

    def looks_with_the_others(self: DoseBook, number: str) -> list[Dose]:
        found = look(self, number)
        all_looked.wait()
        return found

    monkeypatch.setattr(RegistrationBook, "lock", RegistrationBook.living)
    monkeypatch.setattr(DoseBook, "of_person", looks_with_the_others)
    outcomes = at_the_same_moment(store)
    assert sum(isinstance(each, IntegrityError) for each in outcomes) == AT_ONCE - 1, (
        "the schema keeps the others out"
    )


def test_recorded_doses_leave_the_stock_until_the_use_of_the_day_is_reported(store: Store) -> None:
    with store.begin() as work:
        deliver(work.db, 60)
    recorded(store, claim(), claim("405123124"))
    assert on_hand(store) == 58
    recorded(store, claim())
    assert on_hand(store) == 58, "known already"
    with store.begin() as work:
        work.stock.add(uses=[Use(SITE, "comirnaty", DAY, used=2, wasted=1)])
    assert on_hand(store) == 57, "the report knows the waste, and holds"
    recorded(store, claim("405123125"))
    assert on_hand(store) == 57, "what is recorded late of a reported day is in the report"
    recorded(store, claim(n=2, on=date(2021, 2, 15)), now=EVENING + timedelta(days=21))
    assert on_hand(store) == 56, "another day"


def test_a_dose_that_is_withdrawn_is_in_the_stock_again(store: Store) -> None:
    with store.begin() as work:
        deliver(work.db, 60)
    recorded(store, claim(), claim("405123124"))
    with store.begin() as work:
        withdraw(work, 1, by="matron", because="a slip", now=EVENING)
    assert on_hand(store) == 59


def test_a_dose_of_today_is_promised_or_used_and_never_both(store: Store) -> None:
    with store.begin() as work:
        deliver(work.db, 10)
        firsts, seconds = add_dates(work.db, pairs=2)
        for n in (0, 1):
            person = add_person(work.db, n, state="reserved", reserved_at=NOW)
            hold(work.db, person, firsts[n], seconds[n], state="confirmed")
        number = work.doses.holders([1])[1].number

    def courses(now: datetime) -> int:
        with store.begin() as work:
            return work.supply.of_site(SITE, WORLD, now=now)["comirnaty"].courses

    assert courses(EVENING) == 3, "10 less both doses of two people"
    recorded(store, claim(number))
    assert courses(EVENING) == 3, "she has had one that was hers"
    assert courses(NEXT_DAY) == 3, "the day is over: 9 are here, two second doses are promised"


def test_the_numbers_know_doses_and_completed_people_and_their_sum_holds(store: Store) -> None:
    with store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=1)
        person = add_person(work.db, 1, state="reserved", reserved_at=NOW)
        hold(work.db, person, firsts[0], seconds[0], state="confirmed")
        add_person(work.db, 2)
        number = work.doses.holders([1])[1].number
    last = date(2021, 2, 15)
    recorded(store, claim(on=DAY - timedelta(days=7)))
    recorded(store, claim(number), claim(number, 2, last), now=EVENING + timedelta(days=21))
    with store.begin() as work:
        book = NumbersBook(work.db)
        days = {day.date: day for day in book.daily(until=last)}
        assert days[last] == DayNumbers(last, 2, 1, 1, doses=3, completed=1)
        assert days[DAY] == DayNumbers(DAY, 2, 1, 1, doses=2, completed=0)
        assert days[DAY - timedelta(days=7)].doses == 1, "before anybody has registered"
        for day in days.values():
            assert day == book.on(day.date)
            assert day.registrations == day.reservations + day.waiting
