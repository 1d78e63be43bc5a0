"""English read aloud."""

from datetime import date, datetime
from typing import Final

from conversations.media.speech.breath import breaths

MOST: Final = 999_999
_SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PLURALS: Final = {"person": "people"}


def cardinal(number: int) -> str:
    """``two hundred and forty-one``; raises ValueError below 0 and above MOST."""
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not read aloud")
    thousands, rest = divmod(number, 1_000)
    if not thousands:
        return _below_thousand(number)
    read = f"{_below_thousand(thousands)} thousand"
    if not rest:
        return read
    return f"{read} {'and ' if rest < 100 else ''}{_below_thousand(rest)}"


def ordinal(number: int) -> str:
    """``twenty-fifth``."""
    head, hyphen, last = cardinal(number).rpartition("-")
    if not hyphen:
        head, hyphen, last = cardinal(number).rpartition(" ")
    spoken = _ORDINALS.get(last) or (f"{last.removesuffix('y')}ieth" if last.endswith("y") else f"{last}th")
    return f"{head}{hyphen}{spoken}"


def counted(number: int, noun: str) -> str:
    """``one dose``, ``two doses``."""
    return f"{cardinal(number)} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def digits(written: str) -> str:
    """Digit by digit, a comma is a breath."""
    return breaths(written, cardinal)


def day(at: date) -> str:
    """``Monday the twenty-fifth of January``."""
    return f"{_WEEKDAYS[at.weekday()]} the {ordinal(at.day)} of {_MONTHS[at.month - 1]}"


def on_day(at: date) -> str:
    """``on Monday the twenty-fifth of January``."""
    return f"on {day(at)}"


def full_date(at: date) -> str:
    """``the twenty-fifth of January nineteen forty``."""
    return f"the {ordinal(at.day)} of {_MONTHS[at.month - 1]} {year(at.year)}"


def year(number: int) -> str:
    """``nineteen forty``, ``nineteen oh five``, ``two thousand and twenty-one``."""
    hundreds, rest = divmod(number, 100)
    if not 11 <= hundreds <= 19:
        return cardinal(number)
    match rest:
        case 0:
            return f"{cardinal(hundreds)} hundred"
        case n if n < 10:
            return f"{cardinal(hundreds)} oh {cardinal(n)}"
        case n:
            return f"{cardinal(hundreds)} {cardinal(n)}"


def clock(at: datetime) -> str:
    """``at eight o'clock``, ``at eight twenty in the morning``."""
    return f"at {_time(at)}"


def until(at: datetime) -> str:
    """``until eight twenty in the morning``."""
    return f"until {_time(at)}"


def moment(at: datetime) -> str:
    """``Monday the twenty-fifth of January at eight o'clock in the morning``."""
    return f"{day(at)} {clock(at)}"


def _time(at: datetime) -> str:
    hour = cardinal(at.hour % 12 or 12)
    part = "in the morning" if at.hour < 12 else "in the afternoon" if at.hour < 18 else "in the evening"
    match at.minute:
        case 0:
            return f"{hour} o'clock {part}"
        case n if n < 10:
            return f"{hour} oh {cardinal(n)} {part}"
        case n:
            return f"{hour} {cardinal(n)} {part}"


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    read = [f"{_SMALL[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        read.append(_below_hundred(rest))
    return " and ".join(read)


def _below_hundred(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    tens, unit = divmod(number, 10)
    return f"{_TENS[tens]}-{_SMALL[unit]}" if unit else _TENS[tens]
