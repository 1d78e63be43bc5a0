"""The insurance number: every day has its numbers, and what is wrong is said, never guessed."""

import random
from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta
from pprint import pformat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cz import rc

from core.insurance_number import (
    OLDEST_YEARS,
    Impossible,
    Kind,
    Reason,
    Sex,
    Suspicious,
    Valid,
    judge,
)

LAUNCH = date(2021, 1, 22)
MALE_MONTHS, FEMALE_MONTHS = range(1, 13), range(51, 63)
MONTHS = {*MALE_MONTHS, *FEMALE_MONTHS, *range(21, 33), *range(71, 83)}


def every_day(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days) for days in range((last - first).days + 1))


def made(born: date, *, month: int = 0, day: int = 0, ending: int = 1) -> str:
    """A right number with so much added to the month and the day; the ending without its check digit."""
    head = f"{born.year % 100:02}{born.month + month:02}{born.day + day:02}{ending:03}"
    if born.year < 1954:
        return head
    if int(head) % 11 == 10:
        return made(born, month=month, day=day, ending=ending + 1)
    return f"{head}{int(head) % 11}"


def test_every_day_since_1900_has_a_right_number_for_both_sexes() -> None:
    for born in every_day(date(1900, 1, 1), date(2026, 11, 1)):
        ending, thirty_years_on = born.toordinal() % 900, born + timedelta(11_000)
        for month, sex in ((0, Sex.MALE), (50, Sex.FEMALE)):
            number = made(born, month=month, ending=ending)
            assert judge(number, today=thirty_years_on) == Valid(number, Kind.BIRTH_NUMBER, born, sex)


def test_every_day_since_2004_has_a_right_number_in_the_additional_series() -> None:
    for born in every_day(date(2004, 1, 1), LAUNCH):
        for added, sex in ((20, Sex.MALE), (70, Sex.FEMALE)):
            number = made(born, month=added)
            assert judge(number, today=LAUNCH) == Valid(number, Kind.BIRTH_NUMBER, born, sex)


@pytest.mark.parametrize(
    ("month", "sex"),
    [(0, Sex.MALE), (50, Sex.FEMALE), (20, Sex.MALE), (70, Sex.FEMALE)],
)
def test_every_day_since_1910_has_a_right_number_for_a_foreigner(month: int, sex: Sex) -> None:
    for born in every_day(date(1910, 1, 1), LAUNCH):
        number = made(born, month=month, day=50)
        assert judge(number, today=LAUNCH) == Valid(number, Kind.FOREIGNER, born, sex)


@pytest.mark.parametrize(("month", "sex"), [(0, Sex.MALE), (50, Sex.FEMALE)])
def test_every_day_since_1910_has_a_right_ecp(month: int, sex: Sex) -> None:
    for born in every_day(date(1910, 1, 1), LAUNCH):
        number = made(born, month=month, day=40, ending=700)
        assert judge(number, today=LAUNCH) == Valid(number, Kind.ECP, born, sex)


def test_people_born_on_the_31st_register() -> None:
    """The fifth trouble of January 2021."""
    for born in every_day(date(1906, 1, 1), LAUNCH):
        if born.day == 31:
            for number in (
                made(born),
                made(born, month=50),
                made(born, day=50),
                made(born, month=20, day=50),
                made(born, day=40, ending=600),
                made(born, month=50, day=40, ending=999 if born.year < 1954 else 600),
            ):
                verdict = judge(number, today=LAUNCH)
                assert isinstance(verdict, Valid)
                assert verdict.birth_date == born


def test_the_nine_digits_of_those_over_eighty_need_no_check_digit() -> None:
    """The launch morning: these were refused for twenty minutes."""
    for ending in range(1000):
        assert judge(f"405123{ending:03}", today=LAUNCH) == Valid(
            f"405123{ending:03}", Kind.BIRTH_NUMBER, date(1940, 1, 23), Sex.FEMALE
        )


@pytest.mark.parametrize(
    "typed",
    [
        "405123/123",
        "405123 123",
        "40 51 23 123",
        " 405123 / 123 ",
        "405123-123",
        "405123–123",
        "405123\xa0123",
        "405.123.123.",
        "\u200e405123123",
        "４０５１２３１２３",
        "405123\\123",
    ],
)
def test_it_is_read_however_it_is_written(typed: str) -> None:
    verdict = judge(typed, today=LAUNCH)
    assert isinstance(verdict, Valid)
    assert verdict.number == "405123123"


@pytest.mark.parametrize(
    ("number", "reason", "born"),
    [
        pytest.param("7103192746", Reason.CHECK_DIGIT, date(1971, 3, 19), id="not divisible by 11"),
        pytest.param("8601010100", Reason.CHECK_DIGIT, date(1986, 1, 1), id="remainder 10 after 1985"),
        pytest.param("0001010010", Reason.CHECK_DIGIT, date(2000, 1, 1), id="remainder 10 in 2000"),
        pytest.param("8501010091", Reason.CHECK_DIGIT, date(1985, 1, 1), id="remainder 10 is 0, not 1"),
        pytest.param("855101123", Reason.TOO_OLD, date(1885, 1, 1), id="nine digits of a later year"),
        pytest.param("040101123", Reason.TOO_OLD, date(1904, 1, 1), id="nine digits of a child"),
        pytest.param("9021010031", Reason.SERIES, date(1990, 1, 1), id="additional series before 2004"),
        pytest.param("0371010013", Reason.SERIES, date(2003, 1, 1), id="a woman of 2003"),
        pytest.param("400145123", Reason.ENDING, date(1940, 1, 5), id="EČP of a low ending"),
        pytest.param("410229123", Reason.NO_SUCH_DATE, None, id="29 February of a common year"),
        pytest.param("405431123", Reason.NO_SUCH_DATE, None, id="31 April"),
        pytest.param("7102300013", Reason.NO_SUCH_DATE, None, id="30 February"),
        pytest.param("410281123", Reason.NO_SUCH_DATE, None, id="a foreigner's 31 February"),
    ],
)
def test_what_the_registers_hold_is_suspicious_and_never_refused(
    number: str, reason: Reason, born: date | None
) -> None:
    verdict = judge(number, today=LAUNCH)
    assert isinstance(verdict, Suspicious)
    assert (verdict.reason, verdict.birth_date, verdict.number) == (reason, born, number)


@pytest.mark.parametrize(
    ("typed", "reason", "digits"),
    [
        pytest.param("", Reason.DIGITS_COUNT, 0, id="nothing"),
        pytest.param(" / ", Reason.DIGITS_COUNT, 0, id="no digits"),
        pytest.param("40512312", Reason.DIGITS_COUNT, 8, id="eight"),
        pytest.param("40512312345", Reason.DIGITS_COUNT, 11, id="eleven"),
        pytest.param("40512312E", Reason.NOT_DIGITS, 8, id="a letter"),
        pytest.param("4O5123123", Reason.NOT_DIGITS, 8, id="O for 0"),
        pytest.param("+405123123", Reason.NOT_DIGITS, 9, id="plus"),
        pytest.param("٤٠٥١٢٣١٢٣", Reason.NOT_DIGITS, 0, id="digits of another script"),
        pytest.param("401323123", Reason.MONTH, 9, id="month 13"),
        pytest.param("400023123", Reason.MONTH, 9, id="month 0"),
        pytest.param("405023123", Reason.MONTH, 9, id="month 50"),
        pytest.param("402123123", Reason.MONTH, 9, id="nine digits have no additional series"),
        pytest.param("407123123", Reason.MONTH, 9, id="nor for women"),
        pytest.param("9041010034", Reason.MONTH, 10, id="month 41"),
        pytest.param("9091010039", Reason.MONTH, 10, id="month 91"),
        pytest.param("400100123", Reason.DAY, 9, id="day 0"),
        pytest.param("400132123", Reason.DAY, 9, id="day 32"),
        pytest.param("400140123", Reason.DAY, 9, id="day 40"),
        pytest.param("400182123", Reason.DAY, 9, id="day 82"),
        pytest.param("052145/6001", Reason.DAY, 10, id="no EČP in the additional series"),
        pytest.param("530101/1232", Reason.FUTURE, 10, id="2053"),
        pytest.param("2101230011", Reason.FUTURE, 10, id="tomorrow"),
    ],
)
def test_what_nobody_has_is_impossible(typed: str, reason: Reason, digits: int) -> None:
    assert judge(typed, today=LAUNCH) == Impossible(reason, digits)


@pytest.mark.parametrize("year", range(1954, 1986))
def test_remainder_ten_ends_in_zero_until_1985(year: int) -> None:
    head = next(
        f"{year % 100:02}0615{n:03}" for n in range(1000) if int(f"{year % 100:02}0615{n:03}") % 11 == 10
    )
    assert int(head + "0") % 11
    assert isinstance(judge(head + "0", today=LAUNCH), Valid)


@pytest.mark.parametrize("day", range(51, 72))
@pytest.mark.parametrize(("ending", "kind"), [("599", Kind.FOREIGNER), ("600", Kind.ECP)])
def test_a_day_that_may_be_either_is_a_foreigners_unless_the_ending_says_ecp(
    day: int, ending: str, kind: Kind
) -> None:
    verdict = judge(f"4001{day}{ending}", today=LAUNCH)
    added = 50 if kind is Kind.FOREIGNER else 40
    assert isinstance(verdict, Valid)
    assert (verdict.kind, verdict.birth_date) == (kind, date(1940, 1, day - added))


@pytest.mark.parametrize(
    ("number", "kind", "born"),
    [
        pytest.param("400271700", Kind.FOREIGNER, date(1940, 2, 21), id="31 February as EČP"),
        pytest.param("2101656600", Kind.FOREIGNER, date(2021, 1, 15), id="tomorrow as EČP"),
    ],
)
def test_of_two_meanings_the_one_that_can_be_counts(number: str, kind: Kind, born: date) -> None:
    today = LAUNCH if number.startswith("40") else date(2021, 1, 24)
    verdict = judge(number, today=today)
    assert isinstance(verdict, Valid | Suspicious)
    assert (verdict.kind, verdict.birth_date) == (kind, born)


def test_a_child_born_today_has_a_number_and_one_born_tomorrow_has_none() -> None:
    assert isinstance(judge(made(LAUNCH), today=LAUNCH), Valid)
    assert judge(made(LAUNCH + timedelta(1)), today=LAUNCH) == Impossible(Reason.FUTURE, 10)


def test_an_age_beyond_any_is_suspicious_from_the_birthday_on() -> None:
    born = date(1905, 1, 22)
    assert isinstance(judge(made(born), today=date(2021, 1, 21)), Valid)
    verdict = judge(made(born), today=date(2021, 1, 22))
    assert isinstance(verdict, Suspicious)
    assert verdict.reason is Reason.TOO_OLD
    assert OLDEST_YEARS == 115


def test_a_day_that_no_calendar_has_still_tells_the_age() -> None:
    verdict = judge("410229123", today=LAUNCH)
    assert isinstance(verdict, Suspicious)
    assert not isleap(1941)
    assert verdict.age_from == date(1941, 2, 28)


NUMBERS = st.integers(0, 10**10 - 1).map(lambda n: f"{n:010}") | st.integers(0, 10**9 - 1).map(
    lambda n: f"{n:09}"
)
TODAYS = st.dates(date(2020, 12, 1), date(2030, 1, 1))


@given(NUMBERS, TODAYS)
def test_only_fields_out_of_every_range_and_the_future_are_impossible(number: str, today: date) -> None:
    month, day = int(number[2:4]), int(number[4:6])
    match judge(number, today=today):
        case Impossible(reason=Reason.MONTH):
            assert month not in MONTHS or (len(number) == 9 and month % 50 > 20 and day <= 31)
        case Impossible(reason=Reason.DAY):
            assert day not in {*range(1, 32), *range(41, 82)} or (month % 50 > 20 and 41 <= day <= 50)
        case Impossible(reason=reason):
            assert reason is Reason.FUTURE
            assert len(number) == 10
            assert 2000 + int(number[:2]) >= today.year
        case Valid(birth_date=born) | Suspicious(age_from=born):
            assert month in MONTHS
            assert born <= today
            assert (born.year % 100, born.month) == (int(number[:2]), month % 50 % 20 or 20)
            assert (born.year < 1954) is (len(number) == 9)


@given(NUMBERS, TODAYS)
def test_a_plain_birth_number_is_judged_as_stdnum_does(number: str, today: date) -> None:
    """stdnum knows no foreigner, no future, months 41 to 49, and a remainder of 10 in any year."""
    month, day = int(number[2:4]), int(number[4:6])
    verdict = judge(number, today=today)
    if month in {*MALE_MONTHS, *FEMALE_MONTHS} and day <= 31 and not 54 <= int(number[:2]) < 80:
        right = isinstance(verdict, Valid) or (
            isinstance(verdict, Suspicious) and verdict.reason is Reason.TOO_OLD
        )
        future = verdict == Impossible(Reason.FUTURE, 10)
        late_ten = len(number) == 10 and int(number[:9]) % 11 == 10
        if not future and not late_ten:
            assert rc.is_valid(number) is right


@given(
    st.dates(date(1954, 1, 1), LAUNCH),
    st.sampled_from([0, 50]),
    st.integers(0, 900),
    st.integers(0, 9),
    st.integers(1, 9),
)
def test_one_wrong_digit_is_never_a_right_number_of_that_length(
    born: date, month: int, ending: int, at: int, off: int
) -> None:
    number = made(born, month=month, ending=ending)
    wrong = number[:at] + str((int(number[at]) + off) % 10) + number[at + 1 :]
    verdict = judge(wrong, today=LAUNCH)
    if isinstance(verdict, Valid):  # what was given until 1985 escapes the check
        assert int(wrong[:9]) % 11 == 10


@given(st.text(max_size=40), TODAYS)
def test_whatever_is_typed_has_a_verdict(text: str, today: date) -> None:
    assert isinstance(judge(text, today=today), Valid | Suspicious | Impossible)


@given(NUMBERS)
def test_no_verdict_shows_the_number_or_the_birth_date(number: str) -> None:
    verdict = judge(number, today=LAUNCH)
    shown = f"{verdict} {verdict!r} {pformat(verdict)}"
    assert number not in shown
    assert number[:6] not in shown
    if isinstance(verdict, Valid | Suspicious):
        assert str(verdict.age_from.year) not in shown
        assert "male" not in shown


def test_what_stands_between_the_digits_does_not_matter() -> None:
    chance = random.Random(7)
    for _ in range(300):
        number = made(LAUNCH - timedelta(chance.randrange(30_000)), ending=chance.randrange(900))
        typed = "".join(c + chance.choice(["", "", " ", "/", "-"]) for c in number)
        assert judge(typed, today=LAUNCH) == judge(number, today=LAUNCH)
