from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand.dates import (
    Day,
    DayReading,
    NoSuchDay,
    PastDay,
    Weekday,
    WrongWeekday,
    read_day,
)

TODAY = date(2021, 1, 22)  # a Friday
MONDAY = date(2021, 1, 25)


def same(reading: DayReading | None, *texts: str) -> list[object]:
    return [pytest.param(text, reading, id=text) for text in texts]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        *same(Day(MONDAY), "25.1.", "25.1", "25. 1.", "25 . 1 .", "25/1", "25.01.", "25.1.2021"),
        *same(Day(MONDAY), "25. 1. 2021"),
        *same(Day(MONDAY), "25.1.21", "25/1/2021", "25-1-2021", "2021-01-25", "2021/1/25"),
        *same(Day(MONDAY), "dne 25.1. prosím"),
        *same(Day(MONDAY), "25. ledna", "25 ledna 2021", "25. LEDNA!", "25. leden", "25ledna"),
        *same(Day(MONDAY), "25 january", "Jan 25", "January 25th", "25th of January"),
        *same(Day(MONDAY), "Jan 25, 2021", "25 Jan 2021"),
        *same(Day(MONDAY), "pondělí 25.1.", "po 25.1.", "v pondělí 25. ledna"),
        *same(Day(MONDAY), "Monday 25 January", "25.1. (po)"),
        *same(Day(MONDAY), "příští pondělí", "v pristi pondeli", "next monday", "příští týden v pondělí"),
        *same(Day(MONDAY), "za 3 dny", "za tři dny", "in 3 days", "Chtěl bych termín 25.1."),
        *same(Day(MONDAY, time(10)), "25.1. 10:00", "25.1. v 10", "25.1. v 10 hodin", "25.1. 10h"),
        *same(Day(MONDAY, time(10)), "25.1. 10 hod."),
        *same(Day(MONDAY, time(10)), "v 10:00 25.1.", "25.1. at 10 am", "Jan 25 at 10"),
        *same(Day(MONDAY, time(10)), "25.1. 10.00", "25.1.v 10.00"),
        *same(Day(MONDAY, time(10, 30)), "25.1. 10:30", "25.1. v 10.30", "25. 1. 10:30", "25.1.2021 10:30"),
        *same(Day(MONDAY, time(9, 10)), "25.1. 9.10", "25.1. 9:10", "25.1. v 9.10"),
        *same(Day(MONDAY, time(14)), "25.1. 2 pm", "25.1. ve 2 odpoledne", "25.1. 14:00", "25.1. at 2pm"),
        *same(Day(MONDAY, time(0)), "25.1. 12 am"),
        *same(Day(MONDAY), "25.1. dopoledne", "25.1. in the morning", "25.1. 8:00-10:00"),
        *same(Day(TODAY), "dnes", "DNES", "dneska", "today", "22.1.", "22. ledna", "pátek 22.1.", "za 0 dni"),
        *same(Day(date(2021, 1, 23)), "zítra", "zitra prosim", "zejtra", "tomorrow", "za den", "in a day"),
        *same(Day(date(2021, 1, 24)), "pozítří", "the day after tomorrow", "za dva dny", "ne 24.1."),
        *same(Day(date(2021, 1, 29)), "za týden", "in a week", "in one week", "příští pátek", "next friday"),
        *same(Day(date(2021, 2, 5)), "za 14 dní", "za čtrnáct dní", "za dva týdny", "in 2 weeks"),
        *same(Day(date(2021, 2, 5)), "5.2.", "5. února"),
        *same(Day(date(2021, 1, 23), time(9)), "zítra v 9", "zítra ráno v 9:00", "tomorrow at 9"),
        *same(Day(date(2021, 1, 24)), "tuto neděli", "this sunday", "tento týden v neděli"),
        *same(Day(date(2022, 1, 21)), "21.1.", "21. ledna", "21.1.2022"),
        *same(Day(date(2021, 3, 19), time(10)), "pátek 19. března v 10 hodin", "pátek 19.3. v 10"),
        *same(Day(date(2021, 7, 1)), "1. července", "1.7.", "July 1st", "1 července"),
        *same(Day(date(2021, 6, 1)), "1. června", "june 1"),
        *same(Day(date(2021, 12, 10)), "10.12", "10.12.", "10. prosince"),
        *same(Weekday(1, MONDAY), "pondělí", "v pondělí", "PO", "po", "monday", "on Monday"),
        *same(Weekday(1, MONDAY), "V pondeli prosim"),
        *same(Weekday(2, date(2021, 1, 26)), "úterý", "v utery", "út", "Tuesday", "tue"),
        *same(Weekday(4, date(2021, 1, 28)), "čtvrtek", "čt", "ve čtvrtek", "thursday"),
        *same(Weekday(5, TODAY), "pátek", "pá", "v pátek", "friday"),
        *same(Weekday(7, date(2021, 1, 24)), "neděle", "v neděli", "sunday"),
        *same(Weekday(3, date(2021, 1, 27), time(14, 30)), "ve středu ve 14:30", "středa 14.30"),
        *same(Weekday(3, date(2021, 1, 27), time(14, 30)), "wed at 2:30 pm"),
        *same(PastDay(date(2021, 1, 21)), "21.1.2021", "včera", "yesterday", "2021-01-21"),
        *same(PastDay(date(2021, 1, 21)), "čtvrtek 21.1.2021"),
        *same(PastDay(date(2021, 1, 21)), "tento čtvrtek", "this thursday"),
        *same(PastDay(date(1940, 1, 25)), "25.1.1940"),
        *same(NoSuchDay(), "31.2.", "31.4.2021", "32.1.", "0.1.", "1.13.", "29.2.", "29.2.2021"),
        *same(NoSuchDay(), "31. dubna", "feb 30"),
        *same(NoSuchDay(), "2021-02-30", "0000-01-01", "25/13", "31.13."),
        *same(WrongWeekday(MONDAY, 5), "pátek 25.1.", "v pátek 25. ledna", "friday 25 january 2021"),
        *same(WrongWeekday(date(2021, 1, 26), 1), "po 26.1."),
        *same(WrongWeekday(date(2021, 1, 29), 1), "za týden v pondělí"),
        *same(None, "", "?", "ano", "ne", "NE.", "ne prosím", "ne 25.1.", "1", "25", "25."),
        *same(None, "leden", "v lednu", "10.30"),
        *same(None, "v 10", "10:00", "25.1. nebo 26.1.", "25.-26.1.", "po nebo út"),
        *same(None, "25.1. se mi nehodí", "příští"),
        *same(None, "příští týden", "25.1. ne", "zítra pozítří", "za 9999 dní", "Jan Novák"),
        *same(None, "40.51.23.123", "405123/123", "58601", "25.1. 99", "25.1.1", "no 25.1."),
    ],
)  # fmt: skip
def test_read_day(text: str, reading: DayReading | None) -> None:
    assert read_day(text, today=TODAY) == reading


def test_the_leap_day_is_found_when_it_is_near() -> None:
    assert read_day("29.2.", today=date(2023, 3, 1)) == Day(date(2024, 2, 29))
    assert read_day("29.2.", today=date(2024, 3, 1)) == NoSuchDay()


def test_today_said_by_its_weekday_is_today_or_next_week() -> None:
    assert read_day("pondělí", today=MONDAY) == Weekday(1, MONDAY)
    assert read_day("příští pondělí", today=MONDAY) == Day(date(2021, 2, 1))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_written_date_is_that_day_or_past(day: date, today: date) -> None:
    expected = Day(day) if day >= today else PastDay(day)
    for text in (f"{day.day}.{day.month}.{day.year}", f"{day.day}. {day.month}. {day.year}", day.isoformat()):
        assert read_day(text, today=today) == expected


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_date_without_a_year_is_not_past(day: date, today: date) -> None:
    match read_day(f"{day.day}.{day.month}.", today=today):
        case Day(day=found):
            assert found >= today
            assert (found.day, found.month) == (day.day, day.month)
        case reading:
            assert (day.day, day.month) == (29, 2)
            assert reading == NoSuchDay()


PIECES = (
    "25.1.",
    "2021",
    " ",
    ".",
    "/",
    "-",
    "v ",
    "po",
    "za ",
    "tyden",
    "10",
    ":30",
    "pm",
    "ledna",
    "zítra",
    "příští ",
)
typed = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@given(typed, st.dates(date(1900, 1, 1), date(9000, 1, 1)))
def test_nothing_typed_raises_and_no_day_found_is_past(text: str, today: date) -> None:
    match read_day(text, today=today):
        case Day(day=day) | Weekday(soonest=day):
            assert day >= today
        case PastDay(day=day):
            assert day < today
        case _:
            pass
