"""What the keys of a phone mean: pure, for whoever plays a question and brings the keys that were pressed.

The keys that the words for the ear name: ``1``, ``2``, … an option, ``8`` more of them, ``9`` none of them or
another day, ``1`` yes, ``2`` no, ``#`` ends a number, ``*`` the question again, ``**`` or ``*#`` the question
before, ``0`` alone the operator. In a number ``*`` begins it anew.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias

from core.messages import Expected

MORE: Final = "8"
NONE: Final = "9"
OPERATOR: Final = "0"
STAR: Final = "*"

FOR_A_KEY: Final = timedelta(seconds=7)
FOR_A_NUMBER: Final = timedelta(seconds=6)  # one time for the first key and for the gaps
FOR_A_MESSAGE: Final = timedelta(seconds=25)  # until a PIN1 has come by SMS
FOR_A_SECOND_STAR: Final = timedelta(seconds=1.5)
DAY_KEYS: Final = 8  # DDMMRRRR

# A consent is heard to its end before it is given.
CONSENTS: Final = frozenset({"registration.summary", "registration.summary_replacing", "reservation.held"})

_MOST: Final = {
    "insurance_number": 10,
    "insurer": 3,
    "psc": 5,
    "pin": 8,
    "digits": 4,
    "code": 12,
    "phone": 14,
    "pin1": 6,
}
_LONGEST: Final = 14
_MORE_REPLY: Final = "DALŠÍ"
_NONE_REPLY: Final = "0"
_BACK_REPLY: Final = "ZPĚT"
_OPERATOR_REPLY: Final = "OPERÁTOR"


@dataclass(frozen=True, slots=True)
class Listening:
    """How a question is listened to: at most so many keys, and so long for each of them.

    ``is_exact``: the last key ends it, for nobody would wait so long for a ``#``.
    """

    most: int
    wait: timedelta
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person would have written; ``at_step`` is the question it answers."""

    text: str = field(repr=False)
    at_step: str | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """The question before; ``text`` asks for it."""

    text: str = _BACK_REPLY


@dataclass(frozen=True, slots=True)
class Operator:
    """A person shall answer; ``text`` asks for it."""

    text: str = _OPERATOR_REPLY


@dataclass(frozen=True, slots=True)
class Again:
    """The question once more."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was pressed."""


@dataclass(frozen=True, slots=True)
class AnotherDay:
    """A day is still to be asked for, DDMMRRRR."""


Meaning: TypeAlias = Answer | Back | Operator | Again | Silence | AnotherDay


def listening(expects: Expected) -> Listening:
    """How many keys may answer a question."""
    if _is_one_key(expects):
        return Listening(1, FOR_A_KEY)
    if "pin1" in expects.fields:
        return Listening(_MOST["pin1"], FOR_A_MESSAGE, is_exact=True)
    return Listening(max((_MOST.get(name, _LONGEST) for name in expects.fields), default=1), FOR_A_NUMBER)


def is_consent(expects: Expected) -> bool:
    """The question is played to its end."""
    return expects.at.partition(":")[0] in CONSENTS


def is_spoken(expects: Expected) -> bool:
    """The answer has letters: no keypad can give it, a recording can."""
    return expects.kind == "text" and "name" in expects.fields


def read_keys(expects: Expected, keys: str, *, is_ended: bool) -> Meaning:
    """What was pressed after a question; ``is_ended`` by ``#``, else time ran out or all keys were there.

    Keys that offer nothing are an answer as well: what it means, and how often, the dialogue says.
    """
    if (meaning := _everywhere(keys, is_ended=is_ended)) is not None:
        return meaning
    last = keys.rpartition(STAR)[2]  # what was begun anew
    return _pressed(expects, last) if _is_one_key(expects) else Answer(last, expects.at)


def replies(expects: Expected) -> dict[str, str]:
    """What each single key stands for where options are offered; ``9`` alone may ask for another day."""
    offered = [button.reply for button in expects.buttons]
    if expects.kind == "yes_no":
        return dict(zip(("1", "2"), offered, strict=False))
    meant = {reply: reply for reply in offered if reply.isdecimal() and reply != _NONE_REPLY}
    if _MORE_REPLY in offered:
        meant.setdefault(MORE, _MORE_REPLY)
    if _NONE_REPLY in offered:
        meant.setdefault(NONE, _NONE_REPLY)
    return meant


def _pressed(expects: Expected, key: str) -> Meaning:
    if key == NONE and "day" in expects.fields:
        return AnotherDay()
    return Answer(replies(expects).get(key, key), expects.at)


def read_day(expects: Expected, keys: str, *, is_ended: bool) -> Meaning:
    """The day that ``AnotherDay`` asked for: ``25012021``, ``250121`` or ``2501``."""
    if (meaning := _everywhere(keys, is_ended=is_ended)) is not None:
        return meaning
    digits = keys.rpartition(STAR)[2]
    match len(digits):
        case 8:
            year = digits[4:]
        case 6:
            year = f"20{digits[4:]}"
        case 4:
            year = ""
        case _:
            return Answer(digits, expects.at)
    return Answer(f"{int(digits[:2])}.{int(digits[2:4])}.{year}", expects.at)


def _everywhere(keys: str, *, is_ended: bool) -> Meaning | None:
    """What keys mean at any question."""
    if keys == OPERATOR:
        return Operator()
    if keys.endswith(STAR * 2) or (keys == STAR and is_ended):
        return Back()
    if keys.endswith(STAR):
        return Again()
    if not keys:
        return Again() if is_ended else Silence()  # a # of the number before may have strayed here
    return None


def _is_one_key(expects: Expected) -> bool:
    return expects.kind in ("choice", "yes_no") or not expects.fields
