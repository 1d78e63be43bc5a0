"""What one message means at one step: the fields it fills, the branch it chooses."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeAlias

from conversations import script as s
from conversations.script import Choose, Field
from conversations.session import Option
from conversations.understand import fields as understood
from conversations.understand.answers import Command, No, Yes, choice, command, yes_or_no
from conversations.understand.dates import Day, NoSuchDay, PastDay, Weekday, WrongWeekday, read_day
from conversations.understand.text import words
from core.codes import NotACode, read_code

MOST_CHARACTERS: Final = 1000  # of one message; nobody answers with more
_SCANNED: Final = {
    field: understood.Field(field.value) for field in Field if field.value in set(understood.Field)
}
# As PINs are written; other groups of eight digits may be an insurer and a PSČ.
_PIN: Final = re.compile(
    r"(?<!\d)(?:\d{8}|\d{4}[ -]\d{4}|\d\d(?:[ -]\d\d){3}|\d(?:[ -]\d){7}|\d{3}[ -]\d{3}[ -]\d\d)(?!\d)"
)
_PIN2: Final = re.compile(r"(?i)\bpin ?2\b")
_PIN1: Final = re.compile(r"(?i)\bpin ?1\b")
PIN_DIGITS: Final = 8
PIN1_DIGITS: Final = 6
MOST_REFERRAL_DIGITS: Final = 16
_RECORDED: Final = re.compile(r"Nahrávka \d+")  # a name that was spoken, by the number of its recording
_NONE: Final = frozenset({"0", "nula", "zadna", "zadne", "zadny", "zero", "none", "neither"})
_SHORTEST_LABEL: Final = 3


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields a message fills, what is left of it, and why an expected one is missing."""

    values: Mapping[Field, str]
    rest: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A branch, the option picked if there is one, and answers that came with it."""

    branch: str
    option: Option | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """It is no answer to this question; ``problem`` says more, if we know more."""

    problem: str = ""


ChoiceReading: TypeAlias = Chosen | Unread


def read_fields(text: str, *, asked: Collection[Field], also: Collection[Field]) -> Filled:
    """Fill the fields that were asked for, and others that the message carries besides."""
    if Field.REFERRAL in asked and (number := _read_alone(Field.REFERRAL, text)):
        return Filled({Field.REFERRAL: number}, "")  # its digits may look like an insurance number
    scan = _scan(text, (*asked, *also))
    values = {Field(found.value): value for found, value in scan.found.items()}
    if asked and not any(each in values for each in asked):
        # Perhaps what was not asked for stood in the way.
        narrow = _scan(text, asked)
        if narrow.found:
            scan, values = narrow, {Field(found.value): value for found, value in narrow.found.items()}
    for each in asked:
        if each not in values and (value := _read_alone(each, text)):
            values[each] = value
    if Field.NAME not in asked and values.keys() == {Field.NAME}:
        # Two words that nobody asked for are rather a remark than a name.
        return Filled({}, text)
    is_ambiguous = any(_SCANNED.get(each) in scan.ambiguous for each in asked)
    is_missing = not any(each in values for each in asked)
    return Filled(values, scan.rest, "ambiguous" if is_ambiguous and is_missing else "")


def read_opening(text: str, fields: Collection[Field]) -> dict[str, str]:
    """What a message that begins a dialogue answers at once."""
    if not text:
        return {}
    found = {field.value: value for field, value in _scan(text, fields).found.items()}
    if Field.PIN in fields and (pin := read_pin(text)):
        found[Field.PIN.value] = pin
    return found


def read_pin(text: str) -> str | None:
    """Eight digits, grouped as PINs are, in a message with no others; if they are one, the core says."""
    text = _PIN2.sub("PIN", text)
    match = _PIN.search(text)
    return _digits(text) if match and len(_digits(text)) == PIN_DIGITS else None


def _scan(text: str, fields: Collection[Field]) -> understood.Scan:
    return understood.scan(
        text, wanted=[_SCANNED[each] for each in dict.fromkeys(fields) if each in _SCANNED]
    )


def _digits(text: str) -> str:
    return "".join(c for c in text if c in "0123456789")


def read_choice(  # noqa: PLR0911 - one for every kind of answer
    step: Choose, text: str, options: Sequence[Option], *, today: date
) -> ChoiceReading:
    """Read an answer to a question with options; ``options`` in the order of their numbers."""
    branches = step.choose
    yes_no = yes_or_no(text)
    if s.YES in branches and isinstance(yes_no, Yes):
        return Chosen(s.YES)
    if s.NO in branches and isinstance(yes_no, No):
        return Chosen(s.NO)
    if s.MORE in branches and command(text) is Command.MORE:
        return Chosen(s.MORE)
    number = choice(text, len(options)) or _by_label(text, options)
    if number is None and isinstance(yes_no, Yes) and len(options) == 1:
        number = 1
    if number is not None:
        return _option(step, options[number - 1])
    if s.NONE_OF_THEM in branches and (isinstance(yes_no, No) or not _NONE.isdisjoint(words(text))):
        return Chosen(s.NONE_OF_THEM, {"value": "none"})
    if s.OTHER_DAY in branches:
        return _other_day(step, text, options, today=today)
    return Unread()


def _option(step: Choose, option: Option) -> Chosen:
    value = option.get("value")
    return Chosen(str(value)) if value in step.menu else Chosen(s.PICKED, option)


def _by_label(text: str, options: Sequence[Option]) -> int | None:
    """The number of the only option whose name, town or label has all of these words."""
    said = set(words(text))
    if len("".join(said)) < _SHORTEST_LABEL or any(word.isdecimal() for word in said):
        return None
    labels = [
        set(words(" ".join(str(option.get(key) or "") for key in ("name", "city", "label"))))
        for option in options
    ]
    fitting = [number for number, label in enumerate(labels, 1) if said <= label]
    return fitting[0] if len(fitting) == 1 else None


def _other_day(  # noqa: PLR0911 - one for every DayReading
    step: Choose, text: str, options: Sequence[Option], *, today: date
) -> ChoiceReading:
    match read_day(text, today=today):
        case Day(day=day, at=at):
            if at is not None:
                moment = f"{day.isoformat()}T{at.isoformat('minutes')}"
                for option in options:
                    if str(option.get("first", "")).startswith(moment):
                        return _option(step, option)
            return Chosen(s.OTHER_DAY, answers={"after": day.isoformat(), "weekday": None})
        case Weekday(iso_weekday=weekday):
            return Chosen(s.OTHER_DAY, answers={"after": None, "weekday": weekday})
        case PastDay():
            return Unread("past_day")
        case NoSuchDay():
            return Unread("no_such_day")
        case WrongWeekday():
            return Unread("wrong_weekday")
        case None:
            return Unread()


def is_code(text: str) -> bool:
    """Say whether it is a code of an employer or a physician, or was meant as one."""
    return not isinstance(read_code(text), NotACode)


def _read_alone(asked: Field, text: str) -> str | None:  # noqa: PLR0911 - one for every field
    """A value that only makes sense because it was asked for."""
    digits = _digits(text)
    match asked:
        case Field.INSURANCE_NUMBER:
            # The core says what is wrong with a number that is too short or too long.
            return digits if 5 <= len(digits) <= 14 else None
        case Field.PIN:
            digits = _digits(_PIN2.sub("PIN", text))
            return digits if len(digits) == PIN_DIGITS else None
        case Field.PIN1:
            digits = _digits(_PIN1.sub("PIN", text))
            return digits if len(digits) == PIN1_DIGITS else None
        case Field.PHONE:
            # The core says whether it can be sent an SMS.
            return ("+" if text.lstrip()[:1] == "+" else "") + digits if 8 <= len(digits) <= 15 else None
        case Field.DIGITS:
            return digits if len(digits) == 4 else None
        case Field.NAME:
            return text if _RECORDED.fullmatch(text) else None
        case Field.REFERRAL:
            return digits if 6 <= len(digits) <= MOST_REFERRAL_DIGITS else None
        case Field.CODE:
            # The core says whether it is one, or a slip.
            return digits if is_code(text) else None
        case _:
            return None
