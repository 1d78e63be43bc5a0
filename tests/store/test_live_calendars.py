"""Changes of calendars in which people hold places: refused with their number, or begun on a later day."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from core.calendars import Calendar, CalendarDraft, Round, SlotDraft, lint
from core.store import tables as t
from core.store.calendars import Merged
from core.store.live_calendars import Closed
from core.store.work import Store, Work
from gateway.compose import load_world
from tests.workers.town import FIRST_DAY, SITE, THREE_WEEKS, add_site, vault

DAYS = [FIRST_DAY + timedelta(days=n) for n in range(4)]
MONDAY = date(2021, 1, 25)
PRODUCTS = load_world().products


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=3)
    with store.begin() as work:
        add_site(work.db)
        work.calendars.merge([FIRST, SECOND])
    yield store
    store.close()


def series(name: str, round_: Round, apart: timedelta, links_to: str | None) -> CalendarDraft:
    slots = tuple(SlotDraft(day + apart, 5) for day in DAYS)
    return CalendarDraft(SITE, name, round_, "comirnaty", links_to, slots)


FIRST = series("first", Round.FIRST, timedelta(0), "second")
SECOND = series("second", Round.SECOND, THREE_WEEKS, None)


def take(work: Work, name: str, *days: int, places: int = 1) -> None:
    ids = select(t.calendars.c.calendar_id).where(t.calendars.c.name == name)
    moments = [
        day + (timedelta(0) if name == "first" else THREE_WEEKS) for day in map(DAYS.__getitem__, days)
    ]
    slots = update(t.slots).where(t.slots.c.calendar_id.in_(ids), t.slots.c.begins_at.in_(moments))
    work.db.execute(slots.values(taken=t.slots.c.taken + places))


def by_name(work: Work) -> dict[str, Calendar]:
    return {c.name: c for c in work.calendars.of_site(SITE)}


def sizes(calendar: Calendar) -> list[tuple[int, int]]:
    return [(slot.capacity, slot.taken) for slot in calendar.slots]


def test_a_closed_day_keeps_those_who_have_a_date(store: Store) -> None:
    with store.begin() as work:
        take(work, "first", 1, places=2)
        assert work.live_calendars.close_day(SITE, "first", MONDAY + timedelta(days=1)) == Closed(3, 2)
        assert sizes(by_name(work)["first"]) == [(5, 0), (2, 2), (5, 0), (5, 0)]
        again = work.live_calendars.close_day(SITE, "first", MONDAY + timedelta(days=1))
        assert again == Closed(0, 2), "closing again changes nothing"
        assert work.live_calendars.close_day(SITE, "first", MONDAY - timedelta(days=1)) is None
        assert work.live_calendars.close_day(SITE, "third", MONDAY) is None


def test_who_books_while_a_day_is_closed_has_the_place_or_finds_it_full(store: Store) -> None:
    def close() -> Closed | None:
        with store.begin() as work:
            return work.live_calendars.close_day(SITE, "first", MONDAY)

    with ThreadPoolExecutor(1) as another:
        with store.begin() as booking:
            take(booking, "first", 0)
            closing = another.submit(close)
        assert closing.result(timeout=30) == Closed(4, 1)
    with store.begin() as work:
        assert sizes(by_name(work)["first"])[0] == (1, 1)


def test_a_good_link_stays_while_people_hold_places(store: Store) -> None:
    other = replace(SECOND, name="other")
    relinked = replace(FIRST, links_to="other")
    with store.begin() as work:
        take(work, "first", 0, 2)
        (kept,) = work.calendars.merge([relinked, other]).kept
    assert kept.words == (
        "stays linked to second: 2 people hold places in it. Move them first (`crs reservations move`), or "
        "let the change begin when nobody has a date there any more: `crs calendars import --from 2021-01-28`"
    )


def test_a_wrong_link_may_be_corrected_though_people_hold_places(store: Store) -> None:
    with store.begin() as work:
        work.calendars.merge([replace(FIRST, links_to="nowhere")])
        take(work, "first", 0)
        assert work.calendars.merge([FIRST]) == Merged(changed_calendars=1)
        assert by_name(work)["first"].links_to == "second"


MODERNA = [replace(FIRST, product="spikevax"), replace(SECOND, product="spikevax")]


def test_a_change_begins_on_a_day_and_the_old_calendars_serve_until_then(store: Store) -> None:
    since = MONDAY + timedelta(days=2)
    with store.begin() as work:
        take(work, "first", 0, 1)
        take(work, "second", 0, 1)
        changed = work.live_calendars.change_from(MODERNA, since)
        assert changed.followed == (
            (SITE, "first", "first (2021-01-27)"),
            (SITE, "second", "second (2021-01-27)"),
        )
        assert changed.taken_away == 10
        assert changed.merged.kept == ()
        its = by_name(work)
    assert sizes(its["first"]) == [(5, 1), (5, 1), (0, 0), (0, 0)]
    assert sizes(its["second"]) == [(5, 1), (5, 1), (5, 0), (5, 0)], "for those whose first date was before"
    new = its["first (2021-01-27)"]
    assert (new.product, new.links_to, len(new.slots)) == ("spikevax", "second (2021-01-27)", 2)
    judged = lint(list(its.values()), PRODUCTS, today=MONDAY)
    assert not judged.has_broken_link
    assert judged.pairs_by_product == {"comirnaty": 8, "spikevax": 0}


def test_beginning_twice_changes_nothing_more(store: Store) -> None:
    since = MONDAY + timedelta(days=2)
    with store.begin() as work:
        work.live_calendars.change_from(MODERNA, since)
        before = by_name(work)
        again = work.live_calendars.change_from(MODERNA, since)
        assert (again.merged, again.taken_away) == (Merged(), 0)
        assert by_name(work) == before


def test_a_change_before_the_last_date_is_refused_with_the_day_to_begin(store: Store) -> None:
    with store.begin() as work:
        take(work, "first", 0, 2, places=3)
        before = by_name(work)
        changed = work.live_calendars.change_from(MODERNA[:1], MONDAY + timedelta(days=1))
        (kept,) = changed.merged.kept
        assert by_name(work) == before
    assert kept.words == (
        "stays as it is: 3 people hold places in it from 2021-01-26 on. Move them first "
        "(`crs reservations move`), or begin later: `--from 2021-01-28`"
    )


def test_what_does_not_change_its_kind_only_gets_its_days_from_then_on(store: Store) -> None:
    more = [replace(d, slots=tuple(replace(s, capacity=9) for s in d.slots)) for d in (FIRST, SECOND)]
    with store.begin() as work:
        changed = work.live_calendars.change_from(more, MONDAY + timedelta(days=2))
        assert changed.followed == ()
        assert [capacity for capacity, _ in sizes(by_name(work)["first"])] == [5, 5, 9, 9]
        assert [capacity for capacity, _ in sizes(by_name(work)["second"])] == [9, 9, 9, 9]
