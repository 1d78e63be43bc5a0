"""Ukrainian read aloud, with the case and the gender that the noun asks for.

Source: Український правопис 2019, § 105 to 107 (numerals), and its rules on reading the clock and dates.
"""

from datetime import date, datetime
from enum import Enum
from typing import Final

from conversations.media.speech.breath import breaths

MOST: Final = 999_999


class Gender(Enum):
    """Of the noun that is counted."""

    MASCULINE = 0
    FEMININE = 1
    NEUTER = 2


# noun -> gender, form after one, after two to four, after five
NOUNS: Final = {
    "доза": (Gender.FEMININE, "доза", "дози", "доз"),
    "день": (Gender.MASCULINE, "день", "дні", "днів"),
    "хвилина": (Gender.FEMININE, "хвилина", "хвилини", "хвилин"),
    "крона": (Gender.FEMININE, "крона", "крони", "крон"),
    "кілометр": (Gender.MASCULINE, "кілометр", "кілометри", "кілометрів"),
    "спроба": (Gender.FEMININE, "спроба", "спроби", "спроб"),
    "тисяча": (Gender.FEMININE, "тисяча", "тисячі", "тисяч"),
    "людина": (Gender.FEMININE, "людина", "людини", "людей"),
}
_ONE: Final = ("один", "одна", "одне")
_TWO: Final = ("два", "дві", "два")
_SMALL: Final = (
    *("нуль", "", "", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять", "десять"),
    *("одинадцять", "дванадцять", "тринадцять", "чотирнадцять", "п'ятнадцять"),
    *("шістнадцять", "сімнадцять", "вісімнадцять", "дев'ятнадцять"),
)
_TENS: Final = (
    *("", "", "двадцять", "тридцять", "сорок", "п'ятдесят"),
    *("шістдесят", "сімдесят", "вісімдесят", "дев'яносто"),
)
_HUNDREDS: Final = (
    *("", "сто", "двісті", "триста", "чотириста"),
    *("п'ятсот", "шістсот", "сімсот", "вісімсот", "дев'ятсот"),
)
_MONTHS: Final = (
    *("січня", "лютого", "березня", "квітня", "травня", "червня"),
    *("липня", "серпня", "вересня", "жовтня", "листопада", "грудня"),
)
_WEEKDAYS: Final = ("понеділок", "вівторок", "середа", "четвер", "п'ятниця", "субота", "неділя")
_ON_WEEKDAYS: Final = (
    *("у понеділок", "у вівторок", "у середу", "у четвер"),
    *("у п'ятницю", "у суботу", "у неділю"),
)
_ORDINAL_STEMS: Final = {
    1: "перш",
    2: "друг",
    3: "трет",
    4: "четверт",
    5: "п'ят",
    6: "шост",
    7: "сьом",
    8: "восьм",
    9: "дев'ят",
    10: "десят",
    11: "одинадцят",
    12: "дванадцят",
    13: "тринадцят",
    14: "чотирнадцят",
    15: "п'ятнадцят",
    16: "шістнадцят",
    17: "сімнадцят",
    18: "вісімнадцят",
    19: "дев'ятнадцят",
    20: "двадцят",
    30: "тридцят",
}


def cardinal(number: int, gender: Gender = Gender.MASCULINE) -> str:
    """``двісті сорок одна``; raises ValueError below 0 and above MOST."""
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not read aloud")
    thousands, rest = divmod(number, 1_000)
    if not thousands:
        return _below_thousand(number, gender)
    read = "тисяча" if thousands == 1 else counted(thousands, "тисяча")
    return f"{read} {_below_thousand(rest, gender)}" if rest else read


def counted(number: int, noun: str) -> str:
    """``одна доза``, ``дві дози``, ``п'ять доз``, ``двадцять одна доза``; ``noun`` is one of NOUNS."""
    gender, one, few, many = NOUNS[noun]
    last, is_teen = number % 10, 10 < number % 100 < 20
    form = many if is_teen or last == 0 or last > 4 else one if last == 1 else few
    return f"{cardinal(number, gender)} {form}"


def digits(written: str) -> str:
    """Digit by digit, a comma is a breath."""
    return breaths(written, cardinal)


def day(at: date) -> str:
    """``понеділок двадцять п'ятого січня``."""
    return f"{_WEEKDAYS[at.weekday()]} {_day_of_month(at)}"


def on_day(at: date) -> str:
    """``у понеділок двадцять п'ятого січня``."""
    return f"{_ON_WEEKDAYS[at.weekday()]} {_day_of_month(at)}"


def full_date(at: date) -> str:
    """``двадцять п'ятого січня тисяча дев'ятсот сорок``."""
    return f"{_day_of_month(at)} {year(at.year)}"


def year(number: int) -> str:
    """As a plain number."""
    return cardinal(number)


def clock(at: datetime) -> str:
    """``о восьмій годині двадцять хвилин``."""
    preposition = "об" if at.hour == 11 else "о"
    return f"{preposition} {_hour(at, 'ій')} годині{_minutes(at)}"


def until(at: datetime) -> str:
    """``до восьмої години двадцяти хвилин`` would be bookish: ``до восьмої години двадцять хвилин``."""
    return f"до {_hour(at, 'ої')} години{_minutes(at)}"


def moment(at: datetime) -> str:
    """``понеділок двадцять п'ятого січня о восьмій годині``."""
    return f"{day(at)} {clock(at)}"


def _hour(at: datetime, ending: str) -> str:
    if at.hour == 0:
        return f"нульов{ending}"
    tens, unit = divmod(at.hour, 10)
    if at.hour <= 20:
        return _ordinal(at.hour, ending)
    return f"{_TENS[tens]} {_ordinal(unit, ending)}"


def _ordinal(number: int, ending: str) -> str:
    stem = _ORDINAL_STEMS[number]
    if number == 3:  # третій is soft
        return {"ій": "третій", "ої": "третьої", "ого": "третього"}[ending]
    return f"{stem}{ending}"


def _day_of_month(at: date) -> str:
    tens, unit = divmod(at.day, 10)
    if at.day <= 20 or unit == 0:
        spoken = _ordinal(at.day, "ого")
    else:
        spoken = f"{_TENS[tens]} {_ordinal(unit, 'ого')}"
    return f"{spoken} {_MONTHS[at.month - 1]}"


def _minutes(at: datetime) -> str:
    return f" {counted(at.minute, 'хвилина')}" if at.minute else ""


def _below_thousand(number: int, gender: Gender) -> str:
    hundreds, rest = divmod(number, 100)
    read = [_HUNDREDS[hundreds]] if hundreds else []
    if rest or not hundreds:
        read.append(_below_hundred(rest, gender))
    return " ".join(read)


def _below_hundred(number: int, gender: Gender) -> str:
    if number < 20:
        return _unit(number, gender)
    tens, unit = divmod(number, 10)
    return f"{_TENS[tens]} {_unit(unit, gender)}" if unit else _TENS[tens]


def _unit(number: int, gender: Gender) -> str:
    match number:
        case 1:
            return _ONE[gender.value]
        case 2:
            return _TWO[gender.value]
        case _:
            return _SMALL[number]
