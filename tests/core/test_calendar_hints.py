"""Hints: what can be booked and is odd, and what is not odd at all."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from core.calendars import Calendar, Cause, Round, Slot
from core.calendars.capacity import is_absurd, usual
from core.calendars.hints import hints
from core.calendars.holidays import easter, holiday

TODAY = date(2021, 1, 22)
MONDAY = datetime(2021, 1, 25, 7, tzinfo=UTC)  # 8:00 in Prague


def found(*moments: datetime, capacity: int = 2) -> list[tuple[Cause, str]]:
    slots = tuple(Slot(n, 1, at, capacity) for n, at in enumerate(sorted(moments), start=1))
    calendar = Calendar(1, UUID(int=1), "A", Round.SUBSTITUTE, "comirnaty", None, slots)
    return [(hint.cause, hint.words) for hint in hints([calendar], today=TODAY)]


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (2008, date(2008, 3, 23)),
        (2011, date(2011, 4, 24)),
        (2020, date(2020, 4, 12)),
        (2021, date(2021, 4, 4)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_easter(year: int, sunday: date) -> None:
    assert easter(year) == sunday
    assert holiday(sunday - timedelta(days=2)) == "Good Friday"
    assert holiday(sunday + timedelta(days=1)) == "Easter Monday"


def test_a_year_has_thirteen_holidays_unless_they_meet() -> None:
    days = [date(2021, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(holiday(day) is not None for day in days) == 13


def test_a_holiday_is_asked_about() -> None:
    assert found(datetime(2021, 4, 5, 7, tzinfo=UTC)) == [
        (Cause.HOLIDAY, "2021-04-05 is Easter Monday: is the site open?")
    ]


def test_a_weekend_is_asked_about_only_where_it_is_an_exception() -> None:
    weekdays = [MONDAY + timedelta(days=n) for n in range(33) if n % 7 < 5]
    saturday = MONDAY + timedelta(days=5)
    asked = [(Cause.WEEKEND, "Saturday 2021-01-30, where it is open on working days: is the site open?")]
    assert found(*weekdays, saturday) == asked
    every_day = [MONDAY + timedelta(days=n) for n in range(33)]
    assert found(*every_day) == []


def test_hours_are_local() -> None:
    assert found(datetime(2021, 1, 25, 5, tzinfo=UTC)) == []
    assert found(datetime(2021, 6, 7, 4, tzinfo=UTC)) == []
    (hint,) = found(datetime(2021, 1, 25, 4, 59, tzinfo=UTC))
    assert hint[0] is Cause.NIGHT


@pytest.mark.parametrize(
    ("minutes", "overlaps"),
    [
        pytest.param(sorted({*range(0, 180, 20), *range(0, 180, 30)}), True, id="20 over 30"),
        pytest.param(sorted({*range(0, 120, 15), *range(0, 120, 20)}), True, id="15 over 20"),
        pytest.param(sorted({*range(0, 120, 20), *range(10, 40, 20)}), False, id="busier for one stretch"),
        pytest.param([*range(0, 120, 20)], False, id="one series"),
        pytest.param([*range(0, 120, 10), *range(180, 300, 20)], False, id="slower after lunch"),
        pytest.param([*range(0, 120, 20), *range(180, 300, 10)], False, id="faster after lunch"),
        pytest.param([0], False, id="one slot"),
    ],
)
def test_two_series_over_each_other(minutes: list[int], overlaps: bool) -> None:
    causes = {cause for cause, _ in found(*(MONDAY + timedelta(minutes=m) for m in minutes))}
    assert (Cause.OVERLAP in causes) is overlaps


def test_one_series_under_two_names_is_asked_about_once() -> None:
    slots = [tuple(Slot(n, c, MONDAY + timedelta(days=n), 2) for n in range(3)) for c in (1, 2)]
    one, other = (
        Calendar(c, UUID(int=1), name, Round.FIRST, "comirnaty", None, its)
        for c, name, its in zip((1, 2), "AB", slots, strict=True)
    )
    (hint,) = hints([one, other], today=TODAY)
    assert (hint.calendar.name, hint.cause) == ("B", Cause.TWICE)
    assert hint.words.startswith("on 3 days from 2021-01-25 it has the very slots of A")
    moderna = Calendar(2, UUID(int=1), "B", Round.FIRST, "spikevax", None, slots[1])
    assert list(hints([one, moderna], today=TODAY)) == []


def test_a_day_of_more_people_than_any_site_has_is_absurd_though_each_slot_is_not() -> None:
    day = [MONDAY + timedelta(minutes=5 * n) for n in range(100)]
    assert [cause for cause, _ in found(*day, capacity=71)] == [Cause.ABSURD_CAPACITY]
    assert found(*day, capacity=69) == []


def test_what_is_past_or_closed_is_not_asked_about() -> None:
    assert found(datetime(2021, 1, 1, 7, tzinfo=UTC)) == []
    assert found(datetime(2021, 4, 5, 7, tzinfo=UTC), capacity=0) == []


def test_absurd_is_measured_by_the_usual() -> None:
    as_ever = usual([0] * 50 + [30] * 9 + [5_000])
    assert as_ever == 30
    assert not is_absurd(300, as_ever)
    assert is_absurd(301, as_ever)
    assert is_absurd(157_470, None)
    assert not is_absurd(100, 2), "small numbers vary"
    assert usual([5] * 9) is None
