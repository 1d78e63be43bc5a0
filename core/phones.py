"""Phone numbers: from what a person or an operator writes to E.164, and never shown whole."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_HIDDEN: Final = "•••"
_AS_DIALLED: Final = re.compile(r"\(?\+?[0-9][0-9\s()/.\-\u2010-\u2015]*")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be called."""

    e164: str = field(repr=False)

    @property
    def masked(self) -> str:
        """The number as the desk may see it."""
        return mask(self.e164)


@dataclass(frozen=True, slots=True)
class NotAPhone:
    """No number that the numbering plan of its country has."""


PhoneReading: TypeAlias = Phone | NotAPhone


def parse_phone(text: str, country: str = "CZ") -> PhoneReading:
    """Read a number written as in ``country`` or with +, 00 or the bare country code before it."""
    if not _AS_DIALLED.fullmatch(text.strip()):
        return NotAPhone()
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return NotAPhone()
    if not phonenumbers.is_valid_number(number):
        return NotAPhone()
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def is_mobile(e164: str) -> bool:
    """Say whether its numbering plan has it among the mobile ones, which take SMS."""
    kind = phonenumbers.number_type(phonenumbers.parse(e164, None))
    return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


@lru_cache(maxsize=65_536)
def carrier(e164: str) -> str:
    """Give the network that the number first belonged to, as phonenumbers calls it; "" if unknown.

    Numbers are portable: it is a first guess.
    """
    # Its tables take a quarter of a second to load; most processes never ask.
    from phonenumbers.carrier import name_for_number  # noqa: PLC0415

    try:
        return name_for_number(phonenumbers.parse(e164, None), "en")
    except NumberParseException:
        return ""


def mask(e164: str) -> str:
    """Write a number with its middle hidden: +420 601 ••• 456; anything else is hidden whole."""
    if not _E164.fullmatch(e164):
        return _HIDDEN
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return _HIDDEN
    national = phonenumbers.national_significant_number(number)
    if len(national) < 9:
        return f"+{number.country_code} {_HIDDEN} {national[-2:]}"
    return f"+{number.country_code} {national[:3]} {_HIDDEN} {national[-3:]}"
