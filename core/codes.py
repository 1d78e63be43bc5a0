"""Codes of employers and physicians, by which somebody proves that she belongs to a group: made and read.

Twelve digits, the last a check digit (Damm), told as three groups of four: a keypad can type them, and
nobody mistakes a letter for a digit. With 300 000 codes about, a guess is right once in 300 000 tries.
None begins with 0, which people and spreadsheets drop, nor with 420, as phone numbers of twelve digits do.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias

from stdnum import damm

CODE_DIGITS: Final = 12
GROUPED_BY: Final = 4
MOST_SLIPPED: Final = 2  # digits left out or typed twice; beyond that it was not meant as a code

_NOT_FIRST: Final = ("0", "420")
_WORD: Final = re.compile(r"(?i)\b(?:k[oó]d|code|код)\w*\b(?:\s+(?:je|is|є)\b)?\s*[:.]?")
_BETWEEN: Final = re.compile(r"[\s./\\\-\u2010-\u2015\u2212]+")


@dataclass(frozen=True, slots=True)
class Code:
    """Twelve digits that are a code; whether anybody was given it, the book of codes says."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MistypedCode:
    """Digits that were meant as a code and are none: a slip, never a guess."""

    digits: int
    """How many they are."""


@dataclass(frozen=True, slots=True)
class NotACode:
    """Something else: words, or too few or too many digits."""


CodeReading: TypeAlias = Code | MistypedCode | NotACode


def new_code(random: Random) -> str:
    """Make a code. For real ones ``random`` is a ``secrets.SystemRandom``.

    There are some 90 000 million; whoever gives one makes another if it is in use.
    """
    while True:
        chosen = str(random.randrange(10 ** (CODE_DIGITS - 2), 10 ** (CODE_DIGITS - 1)))
        if not chosen.startswith(_NOT_FIRST):
            return chosen + damm.calc_check_digit(chosen)


def read_code(text: str) -> CodeReading:
    """Read a code with any spaces, dashes or the word *kód* with it."""
    digits = _BETWEEN.sub("", _WORD.sub("", unicodedata.normalize("NFKC", text)).strip().rstrip("!"))
    if not digits.isascii() or not digits.isdigit() or abs(len(digits) - CODE_DIGITS) > MOST_SLIPPED:
        return NotACode()
    is_code = (
        len(digits) == CODE_DIGITS
        and not digits.startswith(_NOT_FIRST)
        and damm.calc_check_digit(digits[:-1]) == digits[-1]
    )
    return Code(digits) if is_code else MistypedCode(len(digits))


def grouped(code: str) -> str:
    """Write a code to be read aloud: 4711 0922 3516."""
    return " ".join(code[begin : begin + GROUPED_BY] for begin in range(0, len(code), GROUPED_BY))
