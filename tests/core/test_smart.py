"""Free dates as SMART Scheduling Links: valid FHIR, by the specification, and the same for the same data."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.calendars import Slot
from core.exports.smart import LONGEST, Opening, lengths, publish
from core.products import Product
from core.sites import Kind, Site
from gateway.compose import load_vaccines
from tests.slot_publisher import capacity, check_files, check_manifest

BEGINS = datetime(2021, 1, 25, 7, tzinfo=UTC)
REGIONS = {"CZ063": "Kraj Vysočina", "CZ064": "Jihomoravský kraj"}
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
    nrpzs_code=None,
    capacity_per_day=None,
    is_barrier_free=False,
)


def vaccine(key: str = "comirnaty") -> Product:
    return load_vaccines().by_key[key]


def slot(number: int, minutes: int, *, calendar: int = 1, places: int = 2, taken: int = 0) -> Slot:
    return Slot(number, calendar, BEGINS + timedelta(minutes=minutes), places, taken)


def opening(*slots: Slot, site: Site = SITE, calendar: int = 1, bookable: set[int] | None = None) -> Opening:
    free = frozenset(each.slot_id for each in slots if each.free) if bookable is None else bookable
    return Opening(calendar, site, vaccine(), slots, frozenset(free))


def resources(*openings: Opening) -> dict[str, dict]:
    publication = publish(openings, REGIONS, hotline="1221")
    kinds = check_manifest(publication.manifest("https://crs.example.cz/s", at=BEGINS))
    return check_files(
        {f"https://crs.example.cz/s/{o.name}": o.body.decode() for o in publication.outputs}, kinds
    )


def test_a_site_its_calendar_and_its_slots():
    found = resources(opening(slot(7, 0), slot(8, 20, taken=2), slot(9, 40, taken=1)))
    assert list(found) == [f"Location/{UUID(int=1).hex}", "Schedule/1", "Slot/7", "Slot/8", "Slot/9"]
    assert found[f"Location/{UUID(int=1).hex}"]["address"] == {
        "line": ["Vrchlického 59, 586 33 Jihlava"],
        "city": "Jihlava",
        "state": "Kraj Vysočina",
        "postalCode": "58633",
        "country": "CZ",
    }
    assert found["Schedule/1"]["extension"][1]["valueCoding"]["code"] == "208"
    slots = [found[f"Slot/{n}"] for n in (7, 8, 9)]
    assert [each["status"] for each in slots] == ["free", "busy", "free"]
    assert [capacity(each) for each in slots] == [2, 2, 1]
    assert (slots[0]["start"], slots[0]["end"]) == ("2021-01-25T08:00:00+01:00", "2021-01-25T08:20:00+01:00")


def test_a_free_slot_that_no_second_date_may_follow_is_busy():
    found = resources(opening(slot(7, 0), slot(8, 20), bookable={8}))
    assert [found[f"Slot/{n}"]["status"] for n in (7, 8)] == ["busy", "free"]


def test_slots_are_published_by_region():
    brno = replace(SITE, site_id=UUID(int=2), district="CZ0642", psc=None, latitude=None)
    openings = (opening(slot(7, 0)), opening(slot(8, 0, calendar=2), site=brno, calendar=2))
    publication = publish(openings, REGIONS, hotline="1221")
    assert [(o.name, o.kind, o.region) for o in publication.outputs] == [
        ("locations.ndjson", "Location", ""),
        ("schedules.ndjson", "Schedule", ""),
        ("slots-CZ063.ndjson", "Slot", "Kraj Vysočina"),
        ("slots-CZ064.ndjson", "Slot", "Jihomoravský kraj"),
    ]
    assert publication == publish(reversed(openings), REGIONS, hotline="1221")
    location = resources(*openings)[f"Location/{UUID(int=2).hex}"]
    assert "postalCode" not in location["address"]
    assert "position" not in location


def test_nothing_to_book_is_a_publication_too():
    assert resources() == {}


def test_every_vaccine_has_its_code():
    for product in load_vaccines():
        found = resources(replace(opening(slot(7, 0)), product=product))
        assert found["Schedule/1"]["extension"][1]["valueCoding"]["display"] == product.name


def test_the_validator_would_notice():
    """The definitions are strict: what FHIR does not know is refused."""
    text = '{"resourceType":"Slot","id":"1","schedule":{"reference":"Schedule/1"},"place":"x"}\n'
    with pytest.raises(ValidationError):
        check_files({"u": text}, {"u": "Slot"})


@given(st.lists(st.integers(0, 4_000), unique=True, max_size=30))
def test_slots_last_a_while_and_never_into_the_next(minutes):
    slots = [slot(n, at) for n, at in enumerate(sorted(minutes))]
    found = list(lengths(slots))
    assert [each for each, _ in found] == slots
    assert all(timedelta(0) < length <= LONGEST for _, length in found)
    for (before, length), (after, _) in pairwise(found):
        if before.day == after.day:
            assert before.begins_at + length <= after.begins_at
