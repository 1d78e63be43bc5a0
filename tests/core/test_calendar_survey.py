"""What a country published of its calendars: read a row at a time, and linted."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.calendars import Cause, Round
from core.calendars.published import COLUMNS, Wrong, read_published
from core.calendars.survey import Survey, survey
from core.open_data import UnreadableFile
from core.products import load_products

DATA = Path(__file__).parents[2] / "data"
PRODUCTS = load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())
SITE = "8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b"
HEADER = ",".join(COLUMNS) + "\n"
MONDAY = date(2021, 1, 25)


def row(day: date | str, most: object = 10, round_: str = "V1", *, free: object = 0, site: str = SITE) -> str:
    return f"{day},{site},Nemocnice Jihlava,{free},{most},{round_}\n"


def surveyed(*rows: str) -> Survey:
    comirnaty = PRODUCTS.by_key["comirnaty"]
    return survey(read_published([HEADER, *rows]), PRODUCTS, comirnaty)


def pairs(days: range, seconds: range, *, places: int = 10) -> Iterator[str]:
    for n in days:
        yield row(MONDAY + timedelta(days=n), places)
    for n in seconds:
        yield row(MONDAY + timedelta(days=n), places, "V2")


def test_days_without_places_are_counted_and_not_kept() -> None:
    read = read_published([HEADER, row(MONDAY, 0), row(MONDAY, 7, "VX"), "\n"])
    assert (read.rows, read.empty, read.first, read.last) == (2, 1, MONDAY, MONDAY)
    assert read.sites[UUID(SITE)].places == {
        Round.FIRST: {},
        Round.SECOND: {},
        Round.SUBSTITUTE: {MONDAY: 7},
    }


@pytest.mark.parametrize(
    ("bad", "wrong", "reason"),
    [
        (row("25. 1. 2021"), Wrong.UNREADABLE, "Invalid isoformat string: '25. 1. 2021'"),
        (row(MONDAY, round_="V3"), Wrong.UNREADABLE, "'V3' is not a valid Round"),
        (row(MONDAY, "many"), Wrong.UNREADABLE, "invalid literal for int() with base 10: 'many'"),
        (row(MONDAY, site="Jihlava"), Wrong.UNREADABLE, "badly formed hexadecimal UUID string"),
        ("2021-01-25,half\n", Wrong.UNREADABLE, "the row has 2 cells where the header has 6"),
        (row(MONDAY, -5, free=-5), Wrong.NEGATIVE, "-5 of -5 places free"),
        (row(MONDAY, 5, free=6), Wrong.MORE_FREE_THAN_ALL, "6 of 5 places free"),
        (row("2021-01-22"), Wrong.REPEATED, "2021-01-22 V1 of Nemocnice Jihlava was said before: 10 places"),
        (
            row("2021-01-22", 11),
            Wrong.CONTRADICTED,
            "2021-01-22 V1 of Nemocnice Jihlava was said before: 10 places",
        ),
    ],
)
def test_a_row_that_cannot_be_is_counted_and_left_out(bad: str, wrong: Wrong, reason: str) -> None:
    read = read_published([HEADER, row("2021-01-22"), bad])
    assert read.wrong == {wrong: 1}
    assert [(q.line_number, q.reason) for q in read.set_aside] == [(3, reason)]
    assert read.sites[UUID(SITE)].places[Round.FIRST] == {date(2021, 1, 22): 10}


@pytest.mark.parametrize("lines", [[], [HEADER], [HEADER, "nothing,of,use\n"], ["a,b\n", "1,2\n"]])
def test_a_file_of_nothing_is_refused(lines: list[str]) -> None:
    with pytest.raises(UnreadableFile):
        read_published(lines)


def test_calendars_that_fit_have_nothing_wrong() -> None:
    seen = surveyed(*pairs(range(5), range(21, 26)))
    assert (seen.judged_until, seen.first_places, seen.pairs) == (date(2021, 1, 29), 50, 50)
    assert seen.by_cause == {}
    assert seen.only_first == seen.absurd == ()


def test_first_dates_whose_second_ones_are_beyond_the_file_are_not_judged() -> None:
    seen = surveyed(*pairs(range(12), range(21, 26)))
    assert (seen.judged_until, seen.first_places, seen.pairs) == (date(2021, 1, 29), 50, 50)


def test_what_is_wrong_is_summed_up_in_sites_days_and_places() -> None:
    other = SITE.replace("8ea4689e", "11111111")
    rows = [
        *pairs(range(5), range(21, 25)),
        row(MONDAY + timedelta(days=30), 4, "V2"),
        row(MONDAY, 3, site=other),
    ]
    seen = surveyed(*rows)
    found = {cause: (f.sites, f.days, f.places) for cause, f in seen.by_cause.items()}
    assert found == {Cause.GAP: (1, 1, 10), Cause.NEVER_REACHED: (1, 1, 4), Cause.UNLINKED: (1, 1, 3)}
    assert (seen.first_places, seen.pairs) == (53, 40)
    assert seen.only_first == ("Nemocnice Jihlava",)


def test_an_absurd_day_is_named_and_makes_no_pairs() -> None:
    seen = surveyed(*pairs(range(12), range(21, 33)), row(MONDAY + timedelta(days=40), 157_470, "V2"))
    assert [(a.round, a.day, a.places, a.usual) for a in seen.absurd] == [
        (Round.SECOND, date(2021, 3, 6), 157_470, 10)
    ]
    assert seen.pairs == 120
    assert seen.by_cause == {}


def test_a_holiday_is_compared_with_its_week() -> None:
    easter = date(2021, 4, 5)
    seen = surveyed(row(easter - timedelta(days=3)), row(easter + timedelta(days=1)))
    assert seen.closed_holidays == {date(2021, 4, 2): (1, 1), easter: (0, 1)}
