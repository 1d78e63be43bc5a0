"""First dates stop where second doses would lack, whoever books at the same time."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text, update

from core.calendars.calendar import PRAGUE
from core.stock import Movement, Reserve, Use, read_deliveries
from core.store import tables as t
from core.store.reservation_rows import Picked, Reservation
from core.store.reservations import Lapsed, PairTaken
from core.store.supply import Supply
from core.store.work import Store
from core.world import World
from gateway.compose import load_world
from tests.workers.town import (
    FIRST_DAY,
    NOW,
    SITE,
    THREE_WEEKS,
    add_dates,
    add_people,
    add_site,
    deliver,
    expect,
    vault,
)

PEOPLE = 12
HALF = 0.5
SECONDS_ON = (FIRST_DAY + THREE_WEEKS).astimezone(PRAGUE).date()


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=16)
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


def under(world: World, reserve: Reserve) -> World:
    return replace(world, policy=replace(world.policy, reserve=reserve, haircut=HALF))


def book(store: Store, world: World, registration_id: int, *, now: datetime = NOW) -> bool:
    """Take the first pair that is offered, and confirm it."""
    with store.begin() as work:
        offered = work.reservations.offers(SITE, world, now=now, at_most=1)
        if not offered:
            return False
        (pair,) = offered
        picked = Picked(pair.first.slot_id, pair.second.slot_id if pair.second else None)
        held = work.reservations.hold(registration_id, picked, site_id=SITE, world=world, now=now)
        if isinstance(held, PairTaken):
            return False
        assert isinstance(work.reservations.confirm(registration_id, world=world, now=now), Reservation)
        return True


def supply(store: Store, world: World) -> Supply:
    with store.begin() as work:
        return work.supply.of_site(SITE, world, now=NOW)["comirnaty"]


@pytest.mark.parametrize(
    ("doses", "expected", "reserve", "served"),
    [
        pytest.param(10, 0, Reserve.FULL, 5, id="every second dose is kept"),
        pytest.param(10, 100, Reserve.FULL, 5, id="full counts on nothing that is not here"),
        pytest.param(7, 0, Reserve.FULL, 3, id="half a course is none"),
        pytest.param(8, 8, Reserve.ROLLING, 6, id="rolling counts on half of what is announced"),
        pytest.param(4, 100, Reserve.ROLLING, 4, id="a first dose is one that is here"),
        pytest.param(10, 0, Reserve.NONE, 10, id="none keeps nothing"),
        pytest.param(0, 100, Reserve.ROLLING, 0, id="nothing here yet"),
    ],
)
def test_second_doses_promised_never_exceed_the_vaccine_in_sight(
    store: Store, world: World, *, doses: int, expected: int, reserve: Reserve, served: int
) -> None:
    world = under(world, reserve)
    with store.begin() as work:
        people = add_people(work.db, PEOPLE)
        add_dates(work.db, pairs=PEOPLE)
        if doses:
            deliver(work.db, doses)
        if expected:
            expect(work.db, expected, SECONDS_ON)
    assert sum(book(store, world, each) for each in people) == served
    if reserve is not Reserve.NONE and (doses or expected):
        left = supply(store, world)
        coming = int(expected * HALF) if reserve is Reserve.ROLLING else 0
        assert left.promised.second <= doses + coming - left.promised.first


def test_a_site_that_reports_no_vaccine_is_held_by_its_calendar_alone(store: Store, world: World) -> None:
    with store.begin() as work:
        people = add_people(work.db, 3)
        add_dates(work.db, pairs=2)
    assert [book(store, world, each) for each in people] == [True, True, False]


def test_whoever_holds_the_last_course_may_change_her_mind(store: Store, world: World) -> None:
    with store.begin() as work:
        (anna,) = add_people(work.db, 1)
        firsts, seconds = add_dates(work.db, pairs=2)
        deliver(work.db, 2)
    for at in (0, 1):
        with store.begin() as work:
            picked = Picked(firsts[at], seconds[at])
            held = work.reservations.hold(anna, picked, site_id=SITE, world=world, now=NOW)
            assert isinstance(held, Reservation)


def test_whoever_has_dates_is_offered_others_though_no_course_is_left(store: Store, world: World) -> None:
    with store.begin() as work:
        (anna,) = add_people(work.db, 1)
        add_dates(work.db, pairs=2)
        deliver(work.db, 2)
    assert book(store, world, anna)
    with store.begin() as work:
        hers = work.rebooking.dates_of(anna)
        assert not work.reservations.offers(SITE, world, now=NOW, at_most=9)
        assert len(work.reservations.offers(SITE, world, now=NOW, at_most=9, instead_of=hers)) == 1


def test_a_lapsed_hold_is_not_confirmed_when_its_vaccine_is_promised(store: Store, world: World) -> None:
    later = NOW + timedelta(hours=1)
    with store.begin() as work:
        anna, berta = add_people(work.db, 2)
        firsts, seconds = add_dates(work.db, pairs=2)
        deliver(work.db, 2)
        work.reservations.hold(anna, Picked(firsts[0], seconds[0]), site_id=SITE, world=world, now=NOW)
        assert work.reservations.release_lapsed(later) == 1
    assert book(store, world, berta, now=later)
    with store.begin() as work:
        assert isinstance(work.reservations.confirm(anna, world=world, now=later), Lapsed)


def test_doses_reported_as_used_are_not_promised_any_more(store: Store, world: World) -> None:
    with store.begin() as work:
        people = add_people(work.db, 2)
        add_dates(work.db, pairs=2)
        deliver(work.db, 8)
    assert all(book(store, world, each) for each in people)
    assert supply(store, world).courses == 2
    with store.begin() as work:
        work.stock.add(uses=[Use(SITE, "comirnaty", FIRST_DAY.date(), used=2, wasted=0)])
        after = FIRST_DAY + timedelta(days=1)
        left = work.supply.of_site(SITE, world, now=after)["comirnaty"]
    assert (left.on_hand, left.promised.first, left.promised.second, left.courses) == (6, 0, 2, 2)


def dates_of_a_scarce_vaccine(store: Store, world: World) -> tuple[int, int, Picked]:
    """Anna has dates for Comirnaty; one course of Moderna is here, and Berta wants it too."""
    with store.begin() as work:
        anna, berta = add_people(work.db, 2)
        add_dates(work.db, pairs=1)
        deliver(work.db, 2)
        deliver(work.db, 2, product="moderna")
    assert book(store, world, anna)
    with store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=2, product="moderna", apart=timedelta(days=28))
    return anna, berta, Picked(firsts[1], seconds[1])


def test_other_dates_are_held_only_where_their_vaccine_is_in_sight(store: Store, world: World) -> None:
    anna, berta, others = dates_of_a_scarce_vaccine(store, world)
    assert book(store, world, berta)
    with store.begin() as work:
        held = work.rebooking.hold_new(anna, others, site_id=SITE, world=world, now=NOW)
        assert isinstance(held, PairTaken)


def test_a_lapsed_change_is_not_made_when_its_vaccine_is_promised(store: Store, world: World) -> None:
    anna, berta, others = dates_of_a_scarce_vaccine(store, world)
    later = NOW + timedelta(hours=1)
    with store.begin() as work:
        held = work.rebooking.hold_new(anna, others, site_id=SITE, world=world, now=NOW)
        assert isinstance(held, Reservation)
        assert work.reservations.release_lapsed(later) == 1
    assert book(store, world, berta, now=later)
    with store.begin() as work:
        assert isinstance(work.rebooking.exchange(anna, world=world, now=later), Lapsed)


# -- Many at once ------------------------------------------------------------------------------------------


def at_once(store: Store, world: World, take) -> int:
    with store.begin() as work:
        people = add_people(work.db, 40)
        firsts, seconds = add_dates(work.db, pairs=40)
        deliver(work.db, 10)
    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(take, people, firsts, seconds))


def test_the_race_is_real_when_the_guard_is_off(store: Store, world: World) -> None:
    def read_then_write(registration_id: int, first: int, second: int) -> bool:
        with store.begin() as work:
            if work.supply.of_site(SITE, world, now=NOW)["comirnaty"].lacks:
                return False
            work.db.execute(text("SELECT pg_sleep(0.02)"))
            for slot_id in (first, second):
                work.db.execute(update(t.slots).where(t.slots.c.slot_id == slot_id).values(taken=1))
            return True

    assert at_once(store, world, read_then_write) > 5


def test_the_last_courses_are_given_once(store: Store, world: World) -> None:
    def take(registration_id: int, first: int, second: int) -> bool:
        with store.begin() as work:
            held = work.reservations.hold(
                registration_id, Picked(first, second), site_id=SITE, world=world, now=NOW
            )
            return isinstance(held, Reservation)

    assert at_once(store, world, take) == 5
    assert supply(store, world).promised.second == 5


# -- What was announced ------------------------------------------------------------------------------------

HEADER = "datum,ockovaci_misto_id,cilove_ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek\n"


def came(world: World, day: date, doses: int) -> tuple[Movement, ...]:
    row = f"{day},{SITE},,Comirnaty,Příjem,{doses // 6},{doses}\n"
    return read_deliveries(HEADER + row, world.products).movements


@pytest.mark.parametrize(("late", "settled"), [(-2, 1), (0, 1), (2, 1), (3, 0)])
def test_a_delivery_near_its_day_is_the_one_announced(
    store: Store, world: World, late: int, settled: int
) -> None:
    due = date(2021, 2, 1)
    with store.begin() as work:
        expect(work.db, 60, due)
        added = work.stock.add(came(world, due + timedelta(days=late), 54))
        assert work.announcements.settle(added.arrivals) == settled
        assert work.announcements.settle(work.stock.add(came(world, due, 54)[:0]).arrivals) == 0


def test_one_arrival_settles_one_announcement_the_nearest(store: Store, world: World) -> None:
    with store.begin() as work:
        for day in (1, 2):
            expect(work.db, 60, date(2021, 2, day))
        added = work.stock.add(came(world, date(2021, 2, 2), 60))
        assert work.announcements.settle(added.arrivals) == 1
        e = t.expected_deliveries.c
        assert work.db.execute(select(e.due_on).where(e.came_on.is_not(None))).scalars().all() == [
            date(2021, 2, 2)
        ]
        assert work.db.execute(select(func.count()).select_from(t.expected_deliveries)).scalar_one() == 2


def test_reported_days_are_read_once_a_calendar_and_not_once_a_slot(store: Store, world: World) -> None:
    """Four months of reports of a site with a long calendar took seconds, in every turn that offers dates."""
    said: list[tuple[str, Any]] = []
    with store.begin() as work:
        add_dates(work.db, pairs=40)
        work.db.execute(update(t.slots).values(taken=1))
        event.listen(work.db, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
        work.supply.of_site(SITE, world, now=NOW)
        ((statement, values),) = said
        (plan,) = work.db.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar_one()
    readings = [node["Actual Loops"] for node in _nodes(plan["Plan"]) if "stock_movements" in str(node)]
    assert readings
    assert max(readings) <= 2, "there are two calendars"


def _nodes(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan, without those below it."""
    yield {key: value for key, value in plan.items() if key != "Plans"}
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
