"""What of an import has to be looked at by somebody, and what is applied at once."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sites import Changed, Doubt, Kind, People, Site, SitesDiff, diff, sort_out
from core.sites.doubts import NOBODY, doubts
from core.sites.gate import PUBLIC

TODAY = date(2021, 1, 22)
SITE = Site(
    site_id=UUID(int=1),
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
    opens_on=date(2021, 2, 1),
)
SOMEBODY = {SITE.site_id: People(waiting=2, dated=1)}


def asked(people: People = NOBODY, **new: object) -> list[Doubt]:
    changed = Changed.between(SITE, replace(SITE, **new))  # type: ignore[arg-type]
    return [each.doubt for each in doubts(changed, people, today=TODAY)]


@pytest.mark.parametrize(
    ("new", "doubt"),
    [
        pytest.param({"latitude": 49.43}, Doubt.MOVED, id="four kilometres to the north"),
        pytest.param({"capacity_per_day": 3001}, Doubt.CAPACITY, id="more than tenfold"),
        pytest.param({"capacity_per_day": 29}, Doubt.CAPACITY, id="less than a tenth"),
        pytest.param({"capacity_per_day": 157_470}, Doubt.CAPACITY, id="absurd"),
        pytest.param({"opens_on": date(2021, 1, 31)}, Doubt.EARLIER, id="a day earlier"),
        pytest.param({"opens_on": None}, Doubt.EARLIER, id="at once"),
    ],
)
def test_a_dangerous_change_is_doubted(new: dict[str, object], doubt: Doubt) -> None:
    assert asked(**new) == [doubt]


@pytest.mark.parametrize(
    "new",
    [
        pytest.param({"latitude": 49.41}, id="two kilometres"),
        pytest.param({"latitude": None, "longitude": None}, id="its place is lost"),
        pytest.param({"capacity_per_day": 3000}, id="tenfold"),
        pytest.param({"capacity_per_day": None}, id="its capacity is not stated"),
        pytest.param({"opens_on": date(2021, 3, 1)}, id="later"),
        pytest.param({"name": "Nemocnice Jihlava, p.o."}, id="another name"),
        pytest.param({"kind": Kind.VOCM}, id="public as before"),
    ],
)
def test_a_harmless_change_is_not(new: dict[str, object]) -> None:
    assert asked(People(waiting=5), **new) == []


def test_an_opening_day_that_has_passed_holds_nothing() -> None:
    changed = Changed.between(SITE, replace(SITE, opens_on=None))
    assert list(doubts(changed, NOBODY, today=date(2021, 2, 1))) == []


@pytest.mark.parametrize("before", [Kind.SELF_PAYERS, Kind.ARMY, None])
def test_a_site_that_was_not_for_the_public_is_not_offered_by_an_import(before: Kind | None) -> None:
    changed = Changed.between(replace(SITE, kind=before), SITE)
    (doubted,) = doubts(changed, NOBODY, today=TODAY)
    assert (doubted.doubt, doubted.fields) == (Doubt.PUBLIC, ("kind",))
    assert "everybody would be offered it" in doubted.words


@pytest.mark.parametrize("new", [{"is_active": False}, {"is_active": None}, {"kind": Kind.ARMY}])
def test_a_site_closes_without_asking_only_where_nobody_is_hurt(new: dict[str, object]) -> None:
    assert asked(**new) == []
    assert asked(People(waiting=1), **new) == [Doubt.CLOSED]
    assert asked(People(dated=1), **new) == [Doubt.CLOSED]


def test_what_is_not_in_doubt_is_applied_at_once() -> None:
    new = replace(SITE, latitude=50.0, address="Jinde 1", capacity_per_day=400, is_barrier_free=False)
    parted = sort_out(diff({SITE.site_id: SITE}, [new]), {}, gone_before={}, today=TODAY)
    (changed,) = parted.safe.changed
    assert changed.new == replace(SITE, capacity_per_day=400, is_barrier_free=False)
    (doubted,) = parted.doubted
    assert doubted.fields == ("address", "latitude")
    assert "67.8 km, from Vrchlického 59, 586 33 Jihlava to Jinde 1" in doubted.words


def test_a_site_where_people_wait_does_not_vanish() -> None:
    found = diff({SITE.site_id: SITE}, [])
    assert sort_out(found, {}, gone_before={}, today=TODAY).safe.gone == (SITE,)
    held = sort_out(found, SOMEBODY, gone_before={}, today=TODAY)
    assert held.safe.gone == ()
    assert "2 wait there, 1 have dates" in held.doubted[0].words


@pytest.mark.parametrize(("count", "gone", "held"), [(20, 3, 0), (20, 4, 4), (100, 10, 0), (100, 11, 11)])
def test_many_sites_do_not_vanish_at_once(count: int, gone: int, held: int) -> None:
    known = {UUID(int=n): replace(SITE, site_id=UUID(int=n)) for n in range(count)}
    found = diff(known, list(known.values())[gone:])
    parted = sort_out(found, {}, gone_before={}, today=TODAY)
    assert (len(parted.safe.gone), len(parted.doubted)) == (gone - held, held)


def test_leaving_the_registry_for_a_day_launders_nothing() -> None:
    before = replace(SITE, kind=Kind.ARMY)
    found = diff({}, [SITE])
    assert sort_out(found, {}, gone_before={}, today=TODAY).safe.new == (SITE,)
    assert sort_out(found, {}, gone_before={SITE.site_id: SITE}, today=TODAY).safe.new == (SITE,)
    parted = sort_out(found, {}, gone_before={SITE.site_id: before}, today=TODAY)
    assert parted.safe.new == ()
    (doubted,) = parted.doubted
    assert (doubted.doubt, doubted.old, doubted.new) == (Doubt.RETURNED, before, SITE)


def sites(site_id: UUID = SITE.site_id) -> st.SearchStrategy[Site]:
    return st.builds(
        replace,
        st.just(replace(SITE, site_id=site_id)),
        name=st.sampled_from(["a", "b"]),
        latitude=st.none() | st.floats(49, 50),
        kind=st.none() | st.sampled_from(Kind),
        is_active=st.none() | st.booleans(),
        capacity_per_day=st.none() | st.integers(1, 20_000),
        opens_on=st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3)),
    )


@given(sites(), sites(), st.booleans())
def test_whoever_approves_everything_gets_what_the_file_says(old: Site, new: Site, is_visited: bool) -> None:
    people = SOMEBODY if is_visited else {}
    parted = sort_out(diff({old.site_id: old}, [new]), people, gone_before={}, today=TODAY)
    now_is = next((changed.new for changed in parted.safe.changed), old)
    fields = [f for doubted in parted.doubted for f in doubted.fields]
    assert len(fields) == len(set(fields))
    for f in fields:
        assert getattr(now_is, f) == getattr(old, f)
    assert replace(now_is, **{f: getattr(new, f) for f in fields}) == new


@given(sites(), sites())
def test_an_import_never_offers_what_was_not_for_the_public(old: Site, new: Site) -> None:
    safe = sort_out(diff({old.site_id: old}, [new]), {}, gone_before={}, today=TODAY).safe
    assert isinstance(safe, SitesDiff)
    for changed in safe.changed:
        if old.kind not in PUBLIC:
            assert changed.new.kind not in PUBLIC
