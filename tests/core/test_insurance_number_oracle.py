"""Every number that can have been given since 1900, made by rules written down a second time."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from core.insurance_number import PLACES, Impossible, Kind, Reason, Sex, Suspicious, Valid, judge

TODAY = date(2026, 11, 24)
FIRST, NINE_DIGITS_UNTIL = date(1900, 1, 1), date(1953, 12, 31)
DAYS = (TODAY - FIRST).days + 1
# kind, added to the month, added to the day, given to people born from then on
SERIES = (
    (Kind.BIRTH_NUMBER, 0, 0, FIRST),
    (Kind.BIRTH_NUMBER, 20, 0, date(2004, 1, 1)),
    (Kind.FOREIGNER, 0, 50, FIRST),
    (Kind.FOREIGNER, 20, 50, FIRST),
    (Kind.ECP, 0, 40, FIRST),
)


def given(kind: Kind, added: tuple[int, int], born: date, sex: Sex, chance: int) -> str:
    """A number as an office would give it: the check digit by the remainder, 0 for 10 until 1985."""
    month = born.month + added[0] + (50 if sex is Sex.FEMALE else 0)
    ending = 600 + chance % 400 if kind is Kind.ECP else chance % 600
    head = born.year % 100 * 10**7 + month * 10**5 + (born.day + added[1]) * 10**3 + ending
    if born <= NINE_DIGITS_UNTIL:
        return f"{head:09}"
    if head % 11 == 10 and born.year > 1985:
        return given(kind, added, born, sex, chance + 1)
    return f"{head:09}{head % 11 % 10}"


def every(step: int = 1) -> Iterator[tuple[str, Kind, date, Sex]]:
    for ordinal in range(0, DAYS, step):
        born = FIRST + timedelta(ordinal)
        for kind, month, day, since in SERIES:
            if born >= since:
                for sex in Sex:
                    yield given(kind, (month, day), born, sex, ordinal), kind, born, sex


def test_no_number_that_was_ever_given_is_refused_or_misread() -> None:
    counted = 0
    for number, kind, born, sex in every():
        counted += 1
        verdict = judge(number, today=TODAY)
        assert not isinstance(verdict, Impossible)
        is_old = isinstance(verdict, Suspicious) and verdict.reason is Reason.TOO_OLD
        assert isinstance(verdict, Valid) or is_old
        assert (verdict.kind, verdict.birth_date, verdict.sex) == (kind, born, sex)
    assert counted > 380_000


def test_numbers_with_a_remainder_of_ten_were_given_and_are_valid() -> None:
    until = [n for n, *_ in every(step=3) if len(n) == 10 and int(n) % 11]
    assert len(until) > 2_000
    assert all(isinstance(judge(number, today=TODAY), Valid) for number in until)


def test_the_31st_has_as_many_numbers_as_it_has_days() -> None:
    days = {number[4:6] for number, _, born, _ in every(step=7) if born.day == 31}
    assert days == {"31", "71", "81"}


@pytest.mark.parametrize("today", [date(2021, 1, 22), TODAY])
def test_of_a_number_with_one_wrong_digit_the_words_name_where_it_is(today: date) -> None:
    """Or that the last does not fit; only a number with a remainder of 10 may be one digit from another."""
    told = 0
    for number, kind, born, _ in every(step=37):
        if len(number) == 9 or kind is not Kind.BIRTH_NUMBER or born >= today:
            continue
        for at in range(10):
            for digit in set("0123456789") - {number[at]}:
                match judge(number[:at] + digit + number[at + 1 :], today=today):
                    case Valid(number=wrong):
                        assert 10 in (int(wrong[:9]) % 11, int(number[:9]) % 11)
                    case Suspicious(reason=reason) | Impossible(reason=reason):
                        assert at + 1 in PLACES[reason]
                        told += 1
    assert told > 100_000
