"""The book of sites, on a real PostgreSQL: what an import found is what is kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from core.sites import Kind, Site, diff, read_sites
from core.store.sites import SiteBook
from core.store.work import Store, Work
from core.vault import Vault
from core.world import World
from gateway.compose import load_world

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture
def work(database: str) -> Iterator[Work]:
    store = Store.connect(database, Vault(b"a key that only the tests have.."), connections=1)
    with store.begin() as work:
        yield work
    store.close()


def jihlava() -> Site:
    return Site(
        site_id=uuid4(),
        name="Nemocnice Jihlava",
        district="CZ0632",
        address="Vrchlického 59, 586 33 Jihlava",
        city="Jihlava",
        psc="58633",
        latitude=49.39,
        longitude=15.58,
        kind=Kind.OCM,
        is_active=True,
        nrpzs_code="00090638000",
        capacity_per_day=300,
        is_barrier_free=True,
        opens_on=date(2021, 1, 25),
    )


def take_in(sites: SiteBook, *new: Site, now: datetime = NOW) -> None:
    sites.apply(diff(sites.all(), new), now=now)


def test_a_site_comes_back_as_it_was_written(work: Work) -> None:
    known = jihlava()
    says_little = replace(known, site_id=uuid4(), kind=None, is_active=None, opens_on=None, latitude=None)
    take_in(work.sites, known, says_little)
    assert work.sites.all() == {s.site_id: s for s in (known, says_little)}
    assert work.sites.get(known.site_id) == known
    assert work.sites.get(uuid4()) is None


def test_a_site_that_left_the_registry_is_kept_for_those_who_registered_there(work: Work) -> None:
    stays, goes = jihlava(), jihlava()
    take_in(work.sites, stays, goes)
    take_in(work.sites, stays)
    assert work.sites.all() == {stays.site_id: stays}
    assert work.sites.get(goes.site_id) == goes


def test_a_site_that_returns_is_offered_again(work: Work) -> None:
    site = jihlava()
    take_in(work.sites, site)
    take_in(work.sites)
    take_in(work.sites, replace(site, capacity_per_day=600))
    assert work.sites.all() == {site.site_id: replace(site, capacity_per_day=600)}


@pytest.mark.parametrize("file", ["ocm_2021-01-21.csv", "ocm_2021-06-14.csv"])
def test_importing_the_real_registry_twice_changes_nothing(work: Work, world: World, file: str) -> None:
    read = read_sites((DATA / file).read_bytes(), world.postcodes)
    for _ in range(2):
        found = diff(work.sites.all(), read.sites, silent=read.silent, set_aside=read.set_aside)
        work.sites.apply(found, now=NOW + timedelta(hours=1))
    assert found.is_empty
    assert work.sites.all() == {site.site_id: site for site in read.sites}
