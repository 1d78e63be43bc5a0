"""Vaccines: recognised by any of their names, with the interval of the day."""

from datetime import date
from pathlib import Path

import pytest

from core.open_data import UnreadableFile
from core.products import DoseInterval, Products, load_products

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def products() -> Products:
    return load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Comirnaty", "comirnaty"),
        ("COMIRNATY ", "comirnaty"),
        ("Comirnaty (Pfizer/BioNTech)", "comirnaty"),
        ("Pfizer", "comirnaty"),
        ("COVID-19 Vaccine Moderna", "spikevax"),
        ("SPIKEVAX", "spikevax"),
        ("VAXZEVRIA", "vaxzevria"),
        ("AstraZeneca", "vaxzevria"),
        ("Vaxzevria/AstraZeneca", "vaxzevria"),
        ("COVID-19 Vaccine AstraZeneca", "vaxzevria"),
        ("COVID-19 Vaccine Janssen", "janssen"),
        ("Johnson & Johnson", "janssen"),
        ("spikevax", "spikevax"),
        ("COVID-19 Vaccine", None),
        ("Pfizer Moderna", None),
        ("Comirnaty 5-11", None),
        ("Sputnik V", None),
        ("", None),
    ],
)
def test_a_vaccine_is_recognised_and_never_guessed(name: str, key: str | None, products: Products) -> None:
    found = products.find(name)
    assert (found.key if found else None) == key


def test_the_files_give_doses_and_vials(products: Products) -> None:
    assert {p.key: (p.doses, p.doses_per_vial, p.is_single_dose) for p in products} == {
        "comirnaty": (2, 6, False),
        "spikevax": (2, 10, False),
        "vaxzevria": (2, 10, False),
        "janssen": (1, 10, True),
    }


@pytest.mark.parametrize(
    ("key", "first", "interval"),
    [
        ("comirnaty", date(2020, 12, 26), None),
        ("comirnaty", date(2021, 1, 22), DoseInterval(21, 21)),
        ("comirnaty", date(2021, 3, 31), DoseInterval(21, 21)),
        ("comirnaty", date(2021, 4, 1), DoseInterval(42, 42)),
        ("comirnaty", date(2021, 7, 1), DoseInterval(34, 42)),
        ("comirnaty", date(2030, 1, 1), DoseInterval(21, 21)),
        ("spikevax", date(2021, 6, 1), DoseInterval(25, 35)),
        ("janssen", date(2021, 6, 1), None),
    ],
)
def test_the_interval_is_that_of_the_first_dose_s_day(
    key: str, first: date, interval: DoseInterval | None, products: Products
) -> None:
    assert products.by_key[key].interval_on(first) == interval


def test_an_interval_that_cannot_be_is_refused() -> None:
    header = "vaccine,doses,from,to,interval_days_min,interval_days_max,doses_per_vial\n"
    with pytest.raises(UnreadableFile, match="an interval of 42 to 21 days"):
        load_products(header + "X,2,2021-01-01,,42,21,6\n")
