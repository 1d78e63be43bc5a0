"""PIN1 proves a phone, PIN2 lets a person book: made, and read as people type them.

PIN2 is eight digits, the last of them a check digit (Damm): it catches every single wrong digit and
every swap of two neighbours, so a slip is told from a guess. No PIN begins with 0: people, and
spreadsheets, drop it.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias

from stdnum import damm

PIN1_DIGITS: Final = 6
PIN2_DIGITS: Final = 8

_DASHES: Final = "\\-\u2010-\u2015\u2212"
_NAMED: Final = re.compile(r"(?i)\bpin(?!1(?![0-9]))(?:2(?![0-9]))?[^0-9]{0,12}(?P<rest>[0-9].*)")
_RUN: Final = re.compile(rf"[0-9](?:[\s{_DASHES}]*[0-9])*")


@dataclass(frozen=True, slots=True)
class Pin2:
    """Eight digits that are a PIN2; whether anybody was given it, the register of invitations says."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mistyped:
    """Digits that are no PIN2 and were meant as one: never a guess, never counted against anybody.

    ``digits`` is 8 (the check digit does not fit), 7 (one was left out) or 9 (one too many). Nine
    alone are also how an older person's insurance number looks: where no PIN was asked for and
    ``named`` is false, take them for that first.
    """

    digits: int
    named: bool
    """They wrote the word PIN before it."""


@dataclass(frozen=True, slots=True)
class NotAPin:
    """Something else: words, several numbers, or fewer than 7 or more than 9 digits."""


PinReading: TypeAlias = Pin2 | Mistyped | NotAPin


def new_pin1(random: Random) -> str:
    """Make a PIN1: six digits. For real ones ``random`` is a ``secrets.SystemRandom``."""
    return str(random.randrange(10 ** (PIN1_DIGITS - 1), 10**PIN1_DIGITS))


def new_pin2(random: Random) -> str:
    """Make a PIN2: seven digits and their check digit.

    There are nine million of them; whoever gives one makes another if it is in use.
    """
    chosen = str(random.randrange(10 ** (PIN2_DIGITS - 2), 10 ** (PIN2_DIGITS - 1)))
    return chosen + damm.calc_check_digit(chosen)


def is_pin2(digits: str) -> bool:
    """Say whether eight digits are a PIN2 that could have been given."""
    return (
        len(digits) == PIN2_DIGITS
        and digits.isascii()
        and digits.isdigit()
        and digits[0] != "0"
        and damm.calc_check_digit(digits[:-1]) == digits[-1]
    )


def read_pin2(text: str) -> PinReading:
    """Read a PIN2 with any spaces or dashes in it, alone or after the word PIN or PIN2."""
    said = unicodedata.normalize("NFKC", text).strip()
    match = _NAMED.search(said)
    if match:
        run = _RUN.match(match["rest"])
        digits = _digits(run[0]) if run else ""
        # "PIN247110922": the 2 belongs to the word.
        if len(digits) > PIN2_DIGITS and digits[0] == "2" and is_pin2(digits[1:]):
            digits = digits[1:]
    elif _RUN.fullmatch(said.rstrip(".!")):
        digits = _digits(said)
    else:
        return NotAPin()
    if is_pin2(digits):
        return Pin2(digits)
    if abs(len(digits) - PIN2_DIGITS) <= 1:
        return Mistyped(len(digits), named=match is not None)
    return NotAPin()


def spaced(pin: str) -> str:
    """Write a PIN to be read aloud: 4711 0922."""
    half = len(pin) // 2
    return f"{pin[:half]} {pin[half:]}"


def _digits(text: str) -> str:
    return "".join(c for c in text if c in "0123456789")
