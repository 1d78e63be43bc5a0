"""Calendars: what a file says, and what the linter finds."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from core.calendars import CalendarsRead, Cause, Lint, Round, SlotDraft, lint, numbered, read_calendars
from core.open_data import UnreadableFile
from core.products import Products, load_products

DATA = Path(__file__).parents[2] / "data"
SITE = UUID("8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b")
HEADER = "site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity\n"
TODAY = date(2021, 1, 22)


@pytest.fixture(scope="module")
def products() -> Products:
    return load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())


def _read(products: Products, *rows: str) -> CalendarsRead:
    text = HEADER + "".join(f"{SITE},{row}\n" for row in rows)
    return read_calendars(text, sites={SITE}, products=products)


def _lint(products: Products, *rows: str, elsewhere: tuple[str, ...] = ()) -> Lint:
    read = _read(products, *rows)
    assert read.quarantined == ()
    return lint(numbered(read.calendars), products, today=TODAY, elsewhere=elsewhere)


def test_rows_expand_to_slots_in_local_time(products: Products) -> None:
    read = _read(
        products,
        "A,V1,Comirnaty,B,2021-01-25,08:00,09:00,20,2",
        "B,V2,Comirnaty (Pfizer/BioNTech),,15.2.2021,8:00,8:20,20,2",
        "A,V1,Comirnaty,B,2021-06-01,08:00,08:20,20,3",
    )
    assert read.quarantined == ()
    first, second = read.calendars
    assert (first.site_id, first.name, first.round, first.product, first.links_to) == (
        SITE,
        "A",
        Round.FIRST,
        "comirnaty",
        "B",
    )
    assert first.slots == (
        SlotDraft(datetime(2021, 1, 25, 7, 0, tzinfo=UTC), 2),
        SlotDraft(datetime(2021, 1, 25, 7, 20, tzinfo=UTC), 2),
        SlotDraft(datetime(2021, 1, 25, 7, 40, tzinfo=UTC), 2),
        SlotDraft(datetime(2021, 6, 1, 6, 0, tzinfo=UTC), 3),
    )
    assert second.product == "comirnaty"
    assert second.links_to is None


def test_the_night_the_clocks_change_has_slots_of_the_same_length(products: Products) -> None:
    read = _read(
        products, "A,V1,Janssen,,2021-03-28,01:00,04:00,60,1", "A,V1,Janssen,,2021-10-31,01:00,04:00,60,1"
    )
    spring = [s.begins_at.hour for s in read.calendars[0].slots if s.begins_at.month == 3]
    autumn = [s.begins_at.hour for s in read.calendars[0].slots if s.begins_at.month == 10]
    assert spring == [0, 1]
    assert autumn == [23, 0, 1, 2]


def test_a_day_may_end_at_midnight(products: Products) -> None:
    (calendar,) = _read(products, "A,V1,Janssen,,2021-03-01,23:00,24:00,30,1").calendars
    assert [s.begins_at.hour for s in calendar.slots] == [22, 22]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "A,V1,Comirnaty,B,2021-02-30,08:00,09:00,20,2",
            "date '2021-02-30' is not a date (write it as 2021-01-22)",
        ),
        ("A,V1,Comirnaty,B,,08:00,09:00,20,2", "date is empty"),
        ("A,V1,Comirnaty,B,2021-01-25,8h,09:00,20,2", "from '8h' is not a time (write it as 08:00)"),
        (
            "A,V1,Comirnaty,B,2021-03-28,02:30,04:00,30,2",
            "from 02:30: the clocks skip this hour on 2021-03-28",
        ),
        ("A,V1,Comirnaty,B,2021-01-25,09:00,08:00,20,2", "from 09:00 is not before to 08:00"),
        ("A,V1,Comirnaty,B,2021-01-25,09:00,09:00,20,2", "from 09:00 is not before to 09:00"),
        ("A,V1,Comirnaty,B,2021-01-25,08:00,09:00,0,2", "slot_minutes is 0"),
        ("A,V1,Comirnaty,B,2021-01-25,08:00,09:00,-5,2", "slot_minutes '-5' is not a whole number"),
        ("A,V1,Comirnaty,B,2021-01-25,08:00,09:00,25,2", "slots of 25 minutes do not fill 08:00 to 09:00"),
        (
            "A,V1,Comirnaty,B,2021-01-25,08:00,09:00,20,0",
            "capacity 0 is not between 1 and 1000 places a slot",
        ),
        (
            "A,V1,Comirnaty,B,2021-01-25,08:00,09:00,20,157470",
            "capacity 157470 is not between 1 and 1000 places a slot",
        ),
        ("A,V3,Comirnaty,B,2021-01-25,08:00,09:00,20,2", "round 'V3' is none of V1, V2, VX"),
        (",V1,Comirnaty,B,2021-01-25,08:00,09:00,20,2", "calendar is empty"),
        ("A,V1,,B,2021-01-25,08:00,09:00,20,2", "product is empty"),
        ("G,V1,Comirnaty,B,2021-01-25,08:00,09:00,20,2", "repeats line 2"),
        ("G,V1,Comirnaty,B,2021-01-25,08:40,09:20,20,2", "overlaps line 2"),
        (
            "G,V1,Moderna,B,2021-01-26,08:00,09:00,20,2",
            "line 2 says product comirnaty for the same calendar, this row spikevax",
        ),
        (
            "G,V1,Comirnaty,,2021-01-26,08:00,09:00,20,2",
            "line 2 says links_to B for the same calendar, this row empty",
        ),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(row: str, reason: str, products: Products) -> None:
    read = _read(products, "G,V1,Comirnaty,B,2021-01-25,08:00,09:00,20,2", row)
    assert [(q.line_number, q.reason) for q in read.quarantined] == [(3, reason)]
    assert [c.name for c in read.calendars] == ["G"]


def test_a_row_of_an_unknown_site_is_set_aside(products: Products) -> None:
    text = HEADER + f"{SITE},A,V1,Janssen,,2021-01-25,08:00,09:00,20,2\n"
    read = read_calendars(text, sites=set(), products=products)
    assert [q.reason for q in read.quarantined] == [f"there is no site {SITE}; import the sites first"]


def test_a_wrong_file_says_which_columns_are_needed(products: Products) -> None:
    with pytest.raises(UnreadableFile, match="lacks slot_minutes"):
        read_calendars(HEADER.replace("slot_minutes,", ""), sites=set(), products=products)


FIRST = "A,V1,Comirnaty,B,2021-01-25,08:00,09:00,20,2"
SECOND = "B,V2,Comirnaty,,2021-02-15,08:00,09:00,20,2"


def test_linked_calendars_give_pairs_and_nothing_to_find(products: Products) -> None:
    found = _lint(products, FIRST, SECOND)
    assert found.pairs_by_product == {"comirnaty": 6}
    assert found.findings == ()
    assert found.can_serve
    assert not found.has_broken_link


def test_two_first_calendars_share_the_places_of_one_second(products: Products) -> None:
    found = _lint(products, FIRST, FIRST.replace("A,", "C,", 1), SECOND)
    assert found.pairs_by_product == {"comirnaty": 6}
    assert [(f.calendar.name, f.cause) for f in found.findings] == [("C", Cause.SECOND_TOO_SMALL)] * 3


def test_a_single_dose_needs_no_second_calendar(products: Products) -> None:
    found = _lint(products, "A,V1,Janssen,,2021-05-03,08:00,09:00,20,2")
    assert found.pairs_by_product == {"janssen": 6}
    assert found.findings == ()


@pytest.mark.parametrize(
    ("first", "cause", "words"),
    [
        (FIRST.replace(",B,", ",,"), Cause.UNLINKED, "A is not linked to a calendar of second doses"),
        (FIRST.replace(",B,", ",Q,"), Cause.LINKS_TO_NOTHING, "A is linked to Q, which does not exist"),
        (FIRST.replace(",B,", ",A,"), Cause.LINKS_TO_ITSELF, "A is linked to itself"),
        (
            FIRST.replace(",B,", ",Z,"),
            Cause.LINKS_TO_ANOTHER_SITE,
            "A is linked to Z, a calendar of another site",
        ),
        (
            FIRST.replace(",B,", ",X,"),
            Cause.LINKS_TO_ANOTHER_ROUND,
            "A is linked to X, which is VX, not V2",
        ),
        (
            FIRST.replace(",Comirnaty,", ",Moderna,"),
            Cause.LINKS_TO_ANOTHER_PRODUCT,
            "A is for spikevax, and is linked to B, which is for comirnaty",
        ),
    ],
)
def test_a_broken_link_is_named_for_every_slot_it_costs(
    first: str, cause: Cause, words: str, products: Products
) -> None:
    substitutes = "X,VX,Comirnaty,,2021-01-25,08:00,09:00,20,2"
    found = _lint(products, first, SECOND, substitutes, elsewhere=("Z",))
    mine = [f for f in found.findings if f.calendar.name == "A"]
    assert [(f.cause, f.words) for f in mine] == [(cause, words)] * 3
    assert all(f.slot is not None for f in mine)
    assert sum(found.pairs_by_product.values()) == 0
    assert found.has_broken_link
    lost = {f.cause for f in found.findings if f.calendar.name == "B"}
    assert lost == {Cause.NEVER_REACHED}


@pytest.mark.parametrize(
    ("second", "cause", "words"),
    [
        (
            ["2021-02-14"],
            Cause.SECOND_TOO_SHORT,
            "2 free places have no second date: it would be 2021-02-15, and B ends on 2021-02-14",
        ),
        (
            ["2021-02-14", "2021-02-16"],
            Cause.GAP,
            "2 free places have no second date: B has no slot on 2021-02-15",
        ),
    ],
)
def test_a_gap_is_named_with_its_days(
    second: list[str], cause: Cause, words: str, products: Products
) -> None:
    found = _lint(products, FIRST, *(SECOND.replace("2021-02-15", day) for day in second))
    mine = [(f.cause, f.words) for f in found.findings if f.calendar.name == "A"]
    assert mine == [(cause, words)] * 3
    assert found.pairs_by_product == {"comirnaty": 0}
    assert not found.has_broken_link
    assert not found.can_serve


def test_a_second_calendar_with_too_few_places_is_told_by_the_place(products: Products) -> None:
    found = _lint(products, FIRST, SECOND.replace("09:00,20,2", "08:20,20,3"))
    assert found.pairs_by_product == {"comirnaty": 3}
    why = "B has 3 free places on 2021-02-15, and other first dates need them"
    assert [(f.slot and f.slot.slot_id, f.cause, f.words) for f in found.findings] == [
        (2, Cause.SECOND_TOO_SMALL, f"1 of 2 free places have no second date: {why}"),
        (3, Cause.SECOND_TOO_SMALL, f"2 free places have no second date: {why}"),
    ]


def test_a_day_before_the_vaccine_has_no_interval(products: Products) -> None:
    rows = ("A,V1,Vaxzevria,B,2021-01-25,08:00,08:20,20,2", "B,V2,AstraZeneca,,2021-04-25,08:00,08:20,20,2")
    causes = [f.cause for f in _lint(products, *rows).findings]
    assert causes == [Cause.NO_INTERVAL, Cause.NEVER_REACHED]


def test_the_interval_follows_the_day_of_the_first_dose(products: Products) -> None:
    rows = (
        "A,V1,Comirnaty,B,2021-03-31,08:00,08:20,20,1",
        "A,V1,Comirnaty,B,2021-04-01,08:00,08:20,20,1",
        "B,V2,Comirnaty,,2021-04-21,08:00,08:20,20,1",
        "B,V2,Comirnaty,,2021-05-13,08:00,08:20,20,1",
    )
    found = _lint(products, *rows)
    assert found.pairs_by_product == {"comirnaty": 2}
    assert found.findings == ()


def test_what_is_past_is_not_counted(products: Products) -> None:
    old = FIRST.replace("2021-01-25", "2021-01-21")
    found = _lint(products, old, SECOND.replace("02-15", "02-11"))
    assert [(f.calendar.name, f.slot, f.cause) for f in found.findings] == [("A", None, Cause.PAST)]
    assert found.pairs_by_product == {}
    assert not found.has_first_round


def test_an_unknown_vaccine_is_named_and_kept(products: Products) -> None:
    found = _lint(products, FIRST.replace("Comirnaty", "Sputnik V"), SECOND)
    assert found.has_unknown_product
    assert found.findings[0].words == "A is for 'Sputnik V', a vaccine we do not know"
