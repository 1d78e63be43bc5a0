"""Geography: PSČ, towns, distances."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.geography import Postcodes, distance_km, load_postcodes, nearest

DATA = Path(__file__).parents[2] / "data"


@dataclass(frozen=True)
class Place:
    name: str
    latitude: float | None
    longitude: float | None


@pytest.fixture(scope="module")
def postcodes() -> Postcodes:
    return load_postcodes((DATA / "psc_geo.csv").read_bytes(), (DATA / "towns.csv").read_bytes())


@pytest.mark.parametrize("written", ["58601", "586 01", " 58601 "])
def test_a_postcode_is_found_however_it_is_written(written: str, postcodes: Postcodes) -> None:
    found = postcodes.find(written)
    assert found is not None
    assert (found.psc, found.city, found.district, found.region) == (
        "58601",
        "Jihlava",
        "CZ0632",
        "Kraj Vysočina",
    )


@pytest.mark.parametrize("written", ["", "5860", "99999", "abcde"])
def test_an_unknown_postcode_is_not_guessed(written: str, postcodes: Postcodes) -> None:
    assert postcodes.find(written) is None


def test_names_in_capitals_are_spelled_as_people_do(postcodes: Postcodes) -> None:
    found = postcodes.find("40001")
    assert found is not None
    assert found.city == "Ústí nad Labem"


@pytest.mark.parametrize(
    ("name", "district", "region", "found"),
    [
        ("Jihlava", "", "", "CZ0632"),
        ("jihlava", "", "", "CZ0632"),
        ("Hranice", "", "", None),  # there are two
        ("Hranice", "", "Olomoucký", "CZ0714"),
        ("Hranice", "CZ0411", "", "CZ0411"),
        ("Praha", "", "Praha", "CZ0100"),
        ("Jihlava", "", "Vysočina", "CZ0632"),
        ("Bruntál", "", "Moravskoslezský", "CZ0801"),  # its PSČ is filed under a neighbour
        ("Atlantida", "", "", None),
    ],
)
def test_a_town_is_found_by_name(
    name: str, district: str, region: str, found: str | None, postcodes: Postcodes
) -> None:
    town = postcodes.find_town(name, district=district, region=region)
    assert (town.district if town else None) == found


def test_prague_to_brno_is_as_far_as_it_is() -> None:
    assert distance_km(50.0875, 14.4213, 49.1951, 16.6068) == pytest.approx(186, abs=1)
    assert distance_km(50, 14, 50, 14) == 0


def test_the_nearest_comes_first_and_the_lost_not_at_all(postcodes: Postcodes) -> None:
    home = postcodes.find("58601")
    assert home is not None
    places = [Place("Brno", 49.195, 16.607), Place("?", None, 16.0), Place("Jihlava", 49.4, 15.59)]
    order = nearest(places, home)
    assert [p.name for p, _ in order] == ["Jihlava", "Brno"]
    assert order[0][1] < 1
    assert 70 < order[1][1] < 80
