"""The book of calendars, on a real PostgreSQL: imports, and the gates of sites."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from core.calendars import CalendarDraft, Round, SlotDraft, lint
from core.sites import Missing, diff, gate
from core.store import tables as t
from core.store.calendars import CalendarBook, Merged
from core.store.work import Store, Work
from core.vault import Vault
from core.world import World
from gateway.compose import load_world
from gateway.demo.world import calendars as demo_calendars
from gateway.demo.world import sites as demo_sites
from tests.workers.town import OTHER_SITE, SITE, add_site

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
TODAY = date(2021, 1, 22)
MONDAY = datetime(2021, 1, 25, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, Vault(b"a key that only the tests have.."), connections=2)
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
    yield store
    store.close()


@pytest.fixture
def work(store: Store) -> Iterator[Work]:
    with store.begin() as work:
        yield work


def draft(
    name: str,
    round_: Round,
    *days: datetime,
    links_to: str | None = None,
    capacity: int = 2,
    site_id: UUID = SITE,
    product: str = "comirnaty",
) -> CalendarDraft:
    slots = tuple(SlotDraft(day, capacity) for day in days)
    return CalendarDraft(site_id, name, round_, product, links_to, slots)


def first(*days: datetime, links_to: str | None = "second", capacity: int = 2) -> CalendarDraft:
    return draft("first", Round.FIRST, *(days or (MONDAY,)), links_to=links_to, capacity=capacity)


def second(*days: datetime, capacity: int = 2) -> CalendarDraft:
    return draft("second", Round.SECOND, *(days or (MONDAY + timedelta(days=21),)), capacity=capacity)


def take(work: Work, places: int, *, calendar: str = "first") -> None:
    ids = select(t.calendars.c.calendar_id).where(t.calendars.c.name == calendar)
    work.db.execute(update(t.slots).where(t.slots.c.calendar_id.in_(ids)).values(taken=places))


def linked(work: Work) -> dict[str, str | None]:
    target = t.calendars.alias()
    rows = work.db.execute(
        select(t.calendars.c.name, target.c.name).outerjoin(
            target, target.c.calendar_id == t.calendars.c.linked_id
        )
    )
    return {row[0]: row[1] for row in rows}


def test_calendars_come_back_in_the_order_of_time(work: Work) -> None:
    work.calendars.merge([first(MONDAY + timedelta(hours=1), MONDAY), second()])
    calendars = work.calendars.of_site(SITE)
    assert [(c.name, c.round, c.links_to) for c in calendars] == [
        ("first", Round.FIRST, "second"),
        ("second", Round.SECOND, None),
    ]
    assert [(s.begins_at, s.capacity, s.taken) for s in calendars[0].slots] == [
        (MONDAY, 2, 0),
        (MONDAY + timedelta(hours=1), 2, 0),
    ]
    assert work.calendars.of_site(OTHER_SITE) == []


def test_since_a_day_begins_at_midnight_in_prague(work: Work) -> None:
    before, after = datetime(2021, 1, 24, 22, 59, tzinfo=UTC), datetime(2021, 1, 24, 23, tzinfo=UTC)
    work.calendars.merge([first(before, after)])
    (calendar,) = work.calendars.of_site(SITE, since=date(2021, 1, 25))
    assert [slot.begins_at for slot in calendar.slots] == [after]


def test_importing_twice_changes_nothing(store: Store) -> None:
    drafts = [first(), second()]
    with store.begin() as work:
        assert work.calendars.merge(drafts) == Merged(new_calendars=2, new_slots=2)
    versions = text(
        "SELECT xmin::text, ctid::text FROM slots UNION ALL SELECT xmin::text, ctid::text FROM calendars"
    )
    with store.begin() as work:
        before = work.db.execute(versions).all()
        assert work.calendars.merge(drafts) == Merged()
    with store.begin() as work:
        assert work.db.execute(versions).all() == before


def test_what_a_file_does_not_name_stays(work: Work) -> None:
    work.calendars.merge([first(MONDAY), second()])
    assert work.calendars.merge([first(MONDAY + timedelta(days=1))]) == Merged(new_slots=1)
    assert {c.name: len(c.slots) for c in work.calendars.of_site(SITE)} == {"first": 2, "second": 1}


def test_a_capacity_never_falls_below_the_places_taken(work: Work) -> None:
    work.calendars.merge([first(MONDAY, MONDAY + timedelta(hours=1), capacity=4)])
    take(work, 3)
    work.db.execute(update(t.slots).where(t.slots.c.begins_at != MONDAY).values(taken=1))
    merged = work.calendars.merge([first(MONDAY, MONDAY + timedelta(hours=1), capacity=2)])
    assert merged.changed_slots == 1
    assert [(k.site_id, k.calendar, k.words) for k in merged.kept] == [
        (SITE, "first", "2021-01-25 08:00 keeps its capacity 4: 3 places are taken already")
    ]
    (calendar,) = work.calendars.of_site(SITE)
    assert [slot.capacity for slot in calendar.slots] == [4, 2]


def test_a_calendar_in_use_keeps_its_vaccine(work: Work) -> None:
    work.calendars.merge([first(), second()])
    moderna = [replace(first(MONDAY + timedelta(days=1)), product="spikevax")]
    take(work, 1)
    merged = work.calendars.merge(moderna)
    (kept,) = merged.kept
    assert kept.words == (
        "stays V1 of comirnaty: 1 person holds a place in it. Move them first (`crs reservations move`), or "
        "let the change begin when nobody has a date there any more: `crs calendars import --from 2021-01-26`"
    )
    assert {c.product for c in work.calendars.of_site(SITE)} == {"comirnaty"}
    assert {len(c.slots) for c in work.calendars.of_site(SITE)} == {1}, (
        "its other rows are not believed either"
    )
    take(work, 0)
    assert work.calendars.merge(moderna) == Merged(changed_calendars=1, new_slots=1)


def test_links_are_resolved_within_the_site_and_in_any_order(work: Work) -> None:
    elsewhere = draft("second", Round.SECOND, MONDAY, site_id=OTHER_SITE)
    work.calendars.merge([first(), elsewhere])
    assert linked(work) == {"first": None, "second": None}
    work.calendars.merge([second()])
    ids = {c.name: c.calendar_id for c in work.calendars.of_site(SITE)}
    assert (
        work.db.execute(
            select(t.calendars.c.linked_id).where(t.calendars.c.calendar_id == ids["first"])
        ).scalar_one()
        == ids["second"]
    )
    work.calendars.merge([first(links_to=None)])
    assert set(linked(work).values()) == {None}


def test_a_link_to_itself_is_no_link(work: Work) -> None:
    work.calendars.merge([first(links_to="first")])
    assert linked(work) == {"first": None}


def test_an_import_does_not_wait_for_people_who_are_booking(store: Store) -> None:
    with store.begin() as work:
        work.calendars.merge([first(), second()])
    with store.begin() as booking:
        take(booking, 1)
        with store.begin() as importing:
            importing.db.execute(text("SET LOCAL lock_timeout = '1s'"))
            later = second(MONDAY + timedelta(days=22), capacity=1)
            assert importing.calendars.merge([first(), later]) == Merged(new_slots=1)


def test_a_place_that_is_just_being_taken_is_not_imported_away(store: Store) -> None:
    with store.begin() as work:
        work.calendars.merge([first(capacity=2)])

    def import_less() -> Merged:
        with store.begin() as importing:
            return importing.calendars.merge([first(capacity=1)])

    with ThreadPoolExecutor(1) as another:
        with store.begin() as booking:
            take(booking, 2)
            merging = another.submit(import_less)
        assert [k.words for k in merging.result(timeout=30).kept] == [
            "2021-01-25 08:00 keeps its capacity 2: 2 places are taken already"
        ]


def test_days_add_up_to_the_same_verdict_as_slots(work: Work, world: World) -> None:
    chance = random.Random(7)
    for _ in range(20):
        work.db.execute(t.slots.delete())
        work.db.execute(t.calendars.delete())
        days = [MONDAY + timedelta(days=n, hours=h) for n in range(-5, 30) for h in (0, 1)]
        work.calendars.merge(
            [
                first(*chance.sample(days, 12), links_to=chance.choice(["second", "nowhere"])),
                second(*chance.sample(days, 12)),
            ]
        )
        take(work, chance.randint(0, 2))
        first_from = chance.choice([None, chance.choice(days), chance.choice(days) + timedelta(minutes=1)])
        slots, by_day = (
            lint(calendars, world.products, today=TODAY, first_from=first_from)
            for calendars in (
                work.calendars.of_site(SITE, since=TODAY),
                work.calendars.days_of_sites([SITE], since=TODAY, parted_at=first_from)[SITE],
            )
        )
        assert (by_day.pairs_by_product, by_day.room_by_product) == (
            slots.pairs_by_product,
            slots.room_by_product,
        )
        site = work.sites.all()[SITE]
        whole = lint(work.calendars.of_site(SITE, since=TODAY), world.products, today=TODAY)
        assert work.calendars.gates([site], world, today=TODAY)[SITE] == gate(site, whole, today=TODAY)


def test_a_site_is_offered_only_with_dates_that_pair(work: Work, world: World) -> None:
    def missing() -> set[Missing]:
        sites = work.sites.all()
        return set(work.calendars.gates(sites.values(), world, today=TODAY)[SITE].missing)

    assert missing() == {Missing.CALENDAR}
    work.calendars.merge([first()])
    assert missing() == {Missing.LINK}
    work.calendars.merge([second(MONDAY + timedelta(days=20))])
    assert missing() == {Missing.PAIR}
    assert work.calendars.open_sites(world, today=TODAY) == []
    work.calendars.merge([second()])
    assert missing() == set()
    assert [s.site_id for s in work.calendars.open_sites(world, today=TODAY)] == [SITE]


def test_people_may_register_at_a_site_that_is_full(work: Work, world: World) -> None:
    work.calendars.merge([first(), second()])
    take(work, 2)
    take(work, 2, calendar="second")
    assert [s.site_id for s in work.calendars.open_sites(world, today=TODAY)] == [SITE]


def test_the_demos_country_is_imported_whole_and_mostly_open(work: Work, world: World) -> None:
    read = demo_sites(DATA, world.postcodes)
    work.sites.apply(diff({}, read.sites), now=NOW)
    drafts = demo_calendars(read.sites, world.products, chance=random.Random(3), now=NOW)
    slots = sum(len(d.slots) for d in drafts)
    assert work.calendars.merge(drafts) == Merged(new_calendars=len(drafts), new_slots=slots)
    assert work.calendars.merge(drafts) == Merged()
    assert len(work.calendars.open_sites(world, today=TODAY)) > len(read.sites) // 2


def test_nothing_to_merge_asks_nothing(work: Work) -> None:
    assert CalendarBook(work.db).merge([]) == Merged()
