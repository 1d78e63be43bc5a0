"""Answers that are one word in spirit: yes or no, the number of an option, a command of everywhere."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from conversations.understand import vocabulary as v
from conversations.understand.text import plain, words


@dataclass(frozen=True, slots=True)
class Yes:
    """They agree."""


@dataclass(frozen=True, slots=True)
class No:
    """They do not."""


class Command(StrEnum):
    """What may be said at any step."""

    HELP = "help"
    BACK = "back"
    QUIT = "quit"
    OPERATOR = "operator"
    MORE = "more"
    STOP = "stop"


_COMMANDS: Final = {
    Command.HELP: v.HELP,
    Command.BACK: v.BACK,
    Command.QUIT: v.QUIT,
    Command.OPERATOR: v.OPERATOR,
    Command.MORE: v.MORE,
    Command.STOP: v.STOP,
}
_COMMAND_OF: Final = {phrase: command for command, said in _COMMANDS.items() for phrase in v.phrases(said)}
_ONLY_QUESTION_MARKS: Final = re.compile(r"[?.!¿ ]*\?[?.!¿ ]*")

_POLITE: Final = v.merged(v.POLITE)
_YES: Final = v.merged(v.YES)
_YES_PHRASES: Final = v.phrases(v.YES_PHRASES)
_NO: Final = v.merged(v.NO)
_NO_PHRASES: Final = v.phrases(v.NO_PHRASES)
_NEUTRAL: Final = v.merged(v.NEUTRAL)
_AGREEING: Final = frozenset("👍👌✅☑✔🆗")
_REFUSING: Final = frozenset("👎❌✖🚫")

_CARDINAL: Final = v.numbered(v.CARDINALS)
_ORDINAL: Final = v.numbered(v.ORDINALS)
_LAST: Final = v.merged(v.LAST)
_AROUND_A_CHOICE: Final = v.merged(v.AROUND_A_CHOICE)


def yes_or_no(text: str) -> Yes | No | None:
    """Read agreement or refusal; ``None`` if it is neither, or both.

    Every word must agree, or every word refuse; polite words and a thumb up are heard too.
    """
    said = _said(text)
    phrase = " ".join(said)
    yes = not _AGREEING.isdisjoint(text)
    no = not _REFUSING.isdisjoint(text)
    if phrase in _YES_PHRASES:
        yes = True
    elif phrase in _NO_PHRASES:
        no = True
    else:
        telling = set(said) - _NEUTRAL
        if telling - _YES - _NO or (said and not telling):
            return None
        yes = yes or not telling.isdisjoint(_YES)
        no = no or not telling.isdisjoint(_NO)
    if yes == no:
        return None
    return Yes() if yes else No()


def choice(text: str, count: int) -> int | None:
    """Read the number of an option, 1 to ``count``; ``None`` if there is none, or more than one."""
    said = _said(text)
    if any(word in _ORDINAL or word in _LAST for word in said):
        # "The second one" speaks of the second, and Czech "ten první" of the first.
        said = [word for word in said if word not in ("one", "ten")]
    numbers: set[int] = set()
    for word in said:
        if word in _LAST:
            numbers.add(count)
        elif (number := number_in_words(word)) is not None:
            numbers.add(number)
        elif word.isdecimal() and len(word) <= 3:
            numbers.add(int(word))
        elif word not in _AROUND_A_CHOICE:
            return None
    if len(numbers) != 1:
        return None
    number = numbers.pop()
    return number if 1 <= number <= count else None


def number_in_words(word: str) -> int | None:
    """Read a plain cardinal or ordinal."""
    return _CARDINAL.get(word) or _ORDINAL.get(word)


def command(text: str) -> Command | None:
    """Read a command that works everywhere, if it is all the message says."""
    if _ONLY_QUESTION_MARKS.fullmatch(plain(text)):
        return Command.HELP
    return _COMMAND_OF.get(gist(text))


def gist(text: str) -> str:
    """What a message says without its polite words, plain."""
    return " ".join(_said(text))


def _said(text: str) -> list[str]:
    return [word for word in words(text) if word not in _POLITE]
