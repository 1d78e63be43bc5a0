"""The insurance number: whose it can be, and what is wrong with it.

A number is *impossible* only if no register can hold it. Registers do hold numbers that are not
divisible by 11 and days that no calendar has; such a number is *suspicious*: taken once the person
has confirmed it, and looked into afterwards.

Source: zákon č. 133/2000 Sb. § 13 (birth numbers, the additional series); ČSSZ, Standardní kontrola
rodného čísla a evidenčního čísla pojištěnce (century, EČP); VZP (foreigners' numbers).
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

OLDEST_YEARS: Final = 115  # beyond it a dropped or mistyped digit is likelier than such an age

_BETWEEN: Final = re.compile(r"[\s/\\.,_\-\u2010-\u2015\u2212]+")
_SERIES_SINCE: Final = 2004  # zákon č. 53/2004 Sb.
_LAST_REMAINDER_TEN: Final = 1985  # FSÚ Č. Vk. 2898/1985
_ECP_ENDING: Final = {9: 600, 10: 6000}


class Kind(StrEnum):
    """Who gave the number."""

    BIRTH_NUMBER = "birth_number"
    FOREIGNER = "foreigner"
    """An insurer's number for a foreigner: day +50, since 2014 also month +20."""
    ECP = "ecp"
    """ČSSZ's evidenční číslo pojištěnce: day +40."""


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class Reason(StrEnum):
    """What does not fit; the words belong to whoever speaks."""

    NOT_DIGITS = "not_digits"
    DIGITS_COUNT = "digits_count"
    MONTH = "month"
    """The third and fourth digit are no month in any series that numbers of this length have."""
    DAY = "day"
    """The fifth and sixth digit are no day, nor one with 40 or 50 added."""
    FUTURE = "future"
    NO_SUCH_DATE = "no_such_date"
    """29 February of a common year, 31 April: such numbers were given."""
    CHECK_DIGIT = "check_digit"
    TOO_OLD = "too_old"
    SERIES = "series"
    """Month +20, which came in 2004, for somebody born before; the law does not rule it out."""
    ENDING = "ending"
    """The day of an EČP with an ending below 600 or 6000."""


PLACES: Final[Mapping[Reason, range]] = MappingProxyType(
    {
        Reason.MONTH: range(3, 5),
        Reason.DAY: range(5, 7),
        Reason.FUTURE: range(1, 7),
        Reason.NO_SUCH_DATE: range(1, 7),
        Reason.CHECK_DIGIT: range(1, 11),
        Reason.TOO_OLD: range(1, 3),
        Reason.SERIES: range(1, 5),
        Reason.ENDING: range(5, 11),
    }
)
"""Among which digits, from 1, the wrong one is; a reason that is not here is about how many there are."""


@dataclass(frozen=True, slots=True)
class Valid:
    """A number that keeps every rule."""

    number: str = field(repr=False)
    """Digits only, 9 or 10."""
    kind: Kind
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)

    @property
    def age_from(self) -> date:
        """The day to reckon age from."""
        return self.birth_date


@dataclass(frozen=True, slots=True)
class Suspicious:
    """A number to be taken once the person has confirmed it."""

    number: str = field(repr=False)
    """Digits only, 9 or 10."""
    kind: Kind
    birth_date: date | None = field(repr=False)
    """None if the calendar has no such day."""
    sex: Sex = field(repr=False)
    age_from: date = field(repr=False)
    """The day to reckon age from: the birth date, else the last day of its month."""
    reason: Reason
    doubted: str = field(default="", repr=False, compare=False)
    """What does not fit, as it is to be told: "13" for a month; empty where that would be all of it."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """A number that nobody has."""

    reason: Reason
    digits: int
    """How many digits were typed."""
    doubted: str = field(default="", repr=False, compare=False)
    """As in :class:`Suspicious`."""


Verdict: TypeAlias = Valid | Suspicious | Impossible


@dataclass(frozen=True, slots=True)
class _Month:
    month: int
    sex: Sex
    additional: bool  # +20 over what the sex adds


@dataclass(frozen=True, slots=True)
class _Reading:
    kind: Kind
    age_from: date
    exists: bool


def judge(text: str, *, today: date) -> Verdict:
    """Judge a number as typed: digits, with any spaces, slashes and dashes among them."""
    number = _BETWEEN.sub("", _visible(text))
    digits = sum(c in "0123456789" for c in number)
    if digits < len(number) or digits not in (9, 10):
        reason = Reason.NOT_DIGITS if digits < len(number) else Reason.DIGITS_COUNT
        return Impossible(reason, digits, str(digits))
    month = _month(number)
    if month is None:
        return Impossible(Reason.MONTH, digits, number[2:4])
    days = _days(number, additional=month.additional)
    if not days:
        return Impossible(Reason.DAY, digits, number[4:6])
    readings = [_reading(kind, _year(number), month.month, day) for kind, day in days.items()]
    reading = min(readings, key=lambda r: (r.age_from > today, not r.exists))
    if reading.age_from > today:
        return Impossible(Reason.FUTURE, digits, number[:2])
    doubt = _doubt(number, reading, additional=month.additional, today=today)
    if doubt is None:
        return Valid(number, reading.kind, reading.age_from, month.sex)
    birth_date = reading.age_from if reading.exists else None
    doubted = _doubted(doubt, number, f"{days[reading.kind]}.{month.month}.")
    return Suspicious(number, reading.kind, birth_date, month.sex, reading.age_from, doubt, doubted)


def _visible(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def _month(number: str) -> _Month | None:
    typed, day = int(number[2:4]), int(number[4:6])
    sex = Sex.FEMALE if typed > 50 else Sex.MALE
    month = typed - 50 if sex is Sex.FEMALE else typed
    additional = month > 20
    if additional:
        month -= 20
    # The additional series of birth numbers has ten digits only; a foreigner's number may have nine.
    if not 1 <= month <= 12 or (additional and len(number) == 9 and day <= 31):
        return None
    return _Month(month, sex, additional)


def _days(number: str, *, additional: bool) -> dict[Kind, int]:
    """What the day may mean, the likelier first; born on the 31st is 31, 71 or 81."""
    typed = int(number[4:6])
    days = {Kind.FOREIGNER: typed - 50, Kind.BIRTH_NUMBER: typed}
    if not additional:  # ČSSZ gives no EČP in the additional series
        ecp = {Kind.ECP: typed - 40}
        days = ecp | days if _ends_as_ecp(number) else days | ecp
    return {kind: day for kind, day in days.items() if 1 <= day <= 31}


def _ends_as_ecp(number: str) -> bool:
    return int(number[6:]) >= _ECP_ENDING[len(number)]


def _year(number: str) -> int:
    year = int(number[:2])
    before_1954 = len(number) == 9
    if year <= 53:
        return year + (1900 if before_1954 else 2000)
    return year + (1800 if before_1954 else 1900)


def _reading(kind: Kind, year: int, month: int, day: int) -> _Reading:
    last = monthrange(year, month)[1]
    return _Reading(kind, date(year, month, min(day, last)), exists=day <= last)


def _doubt(number: str, reading: _Reading, *, additional: bool, today: date) -> Reason | None:
    born = reading.age_from
    if not reading.exists:
        return Reason.NO_SUCH_DATE
    if not _has_its_check_digit(number, born):
        return Reason.CHECK_DIGIT
    if _age(born, today) > OLDEST_YEARS:
        return Reason.TOO_OLD
    if additional and reading.kind is Kind.BIRTH_NUMBER and born.year < _SERIES_SINCE:
        return Reason.SERIES
    if reading.kind is Kind.ECP and not _ends_as_ecp(number):
        return Reason.ENDING
    return None


def _doubted(reason: Reason, number: str, day: str) -> str:
    match reason:
        case Reason.NO_SUCH_DATE:
            return day
        case Reason.TOO_OLD:
            return number[:2]
        case Reason.SERIES:
            return number[2:4]
        case Reason.ENDING:
            return number[4:6]
        case _:
            return ""


def _has_its_check_digit(number: str, born: date) -> bool:
    """Nine digits have none. Where the first nine leave 10, 0 was given until 1985.

    Whoever was born by then may have been given it then; the number does not say when it was.
    """
    if len(number) == 9:
        return True
    remainder = int(number[:9]) % 11
    if remainder == 10:
        return number[9] == "0" and born.year <= _LAST_REMAINDER_TEN
    return int(number[9]) == remainder


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
