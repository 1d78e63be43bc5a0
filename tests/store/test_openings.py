"""Free dates that are published are those that people are offered."""

from datetime import date, timedelta

import pytest

from core.sites.pauses import Pause
from core.sites.record import Origin
from core.store import tables as t
from core.store.openings import OpeningView
from core.store.work import Store
from core.world import World
from gateway.compose import load_world
from tests.workers.town import (
    FIRST_DAY,
    NOW,
    OTHER_SITE,
    SITE,
    add_dates,
    add_person,
    add_site,
    deliver,
    hold,
)

UNTIL = NOW + timedelta(days=28)


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


def free(store: Store, world: World, *, now=NOW, until=UNTIL) -> dict[int, bool]:
    """The slots that are published, and whether they are bookable."""
    with store.begin() as work:
        found = OpeningView(work.db).of_all_sites(world, now=now, until=until)
    return {slot.slot_id: slot.slot_id in each.bookable for each in found for slot in each.slots}


def test_full_slots_are_published_as_such(store: Store, world: World):
    with store.begin() as work:
        add_site(work.db)
        first, second = add_dates(work.db, pairs=3)
        hold(work.db, add_person(work.db, 1), first[0], second[0])
    assert free(store, world) == {first[0]: False, first[1]: True, first[2]: True}


def test_a_first_date_without_a_second_is_not_bookable(store: Store, world: World):
    with store.begin() as work:
        add_site(work.db)
        first, second = add_dates(work.db, pairs=1)
        alone, _ = add_dates(work.db, pairs=1, product="spikevax")
        work.db.execute(t.slots.update().where(t.slots.c.slot_id == second[0]).values(taken=1))
    assert free(store, world) == {first[0]: False, alone[0]: False}


def test_sites_that_are_not_offered_are_not_published(store: Store, world: World):
    with store.begin() as work:
        add_site(work.db)
        first, _ = add_dates(work.db, pairs=1)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
        add_dates(work.db, pairs=1, site_id=OTHER_SITE)
        work.db.execute(t.sites.update().where(t.sites.c.site_id == OTHER_SITE).values(is_active=False))
    assert free(store, world) == {first[0]: True}


def test_without_vaccine_nothing_is_bookable(store: Store, world: World):
    with store.begin() as work:
        add_site(work.db)
        first, _ = add_dates(work.db, pairs=1)
        deliver(work.db, 0)
    assert free(store, world) == {first[0]: False}


def test_days_on_which_the_site_pauses_are_not_bookable(store: Store, world: World):
    with store.begin() as work:
        add_site(work.db)
        first, _ = add_dates(work.db, pairs=1)
        pause = Pause(date(2021, 1, 25), date(2021, 1, 26), "malování")
        work.pauses.begin(SITE, pause, Origin("Svobodová", "test"), now=NOW)
    assert free(store, world) == {first[0]: False}


def test_only_what_begins_soon_enough_and_not_too_soon(store: Store, world: World):
    with store.begin() as work:
        add_site(work.db)
        first, _ = add_dates(work.db, pairs=1)
    assert not free(store, world, now=FIRST_DAY - timedelta(minutes=119))
    assert free(store, world, now=FIRST_DAY - timedelta(minutes=120)) == {first[0]: True}
    assert not free(store, world, until=FIRST_DAY)
