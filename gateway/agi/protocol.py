"""FastAGI without sockets: the environment of a call, commands, and what Asterisk answers.

Source: Asterisk 16 and 22, res_agi.c; what is surprising was seen on a real one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs, urlsplit

OK: Final = 200
INVALID: Final = 510
DEAD: Final = 511  # the channel is gone, only a few commands still work
USAGE: Final = 520
FAILED: Final = "-1"
LONGEST_LINE: Final = 4_096
MOST_VARIABLES: Final = 100

_REPLY: Final = re.compile(r"(?P<code>\d{3})(?P<more>[ -])(?P<rest>.*)")
_RESULT: Final = re.compile(r"result=(?P<result>[^\s()]*)(?:\s+\((?P<data>[^)]*)\))?")
_END_POSITION: Final = re.compile(r"endpos=(\d+)")
_DIGITS: Final = re.compile(r"[0-9*#]*")


class Nonsense(Exception):
    """The peer does not speak FastAGI."""


@dataclass(frozen=True, slots=True)
class Call:
    """The environment that Asterisk sends first.

    ``caller`` is as the network gave it, and only a hint: it can be spoofed, shared or withheld (None).
    """

    call_id: str
    script: str
    query: Mapping[str, str] = field(repr=False)
    caller: str | None = field(repr=False)
    dialled: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: ``result`` may be empty, ``data`` is what stood in parentheses.

    ``end_position`` is how far a sound was played or recorded, in samples.
    """

    code: int
    result: str = field(default="", repr=False)  # pressed digits are personal
    data: str = ""
    end_position: int = 0


@dataclass(frozen=True, slots=True)
class HangupNotice:
    """The line HANGUP, which may come before any answer."""


def read_environment(lines: Iterable[str]) -> Call:
    """Read the lines up to the empty one; raises Nonsense."""
    known = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.startswith("agi_"):
            raise Nonsense("a line of the environment is not agi_name: value")
        known[name] = value.strip()
    if "agi_uniqueid" not in known or "agi_request" not in known:
        raise Nonsense("the environment names no call")
    asked = urlsplit(known["agi_request"])
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    return Call(
        call_id=known["agi_uniqueid"],
        script=asked.path.strip("/"),
        query=MappingProxyType(query),
        caller=_caller(known),
        dialled=known.get("agi_dnid", ""),
    )


def _caller(known: Mapping[str, str]) -> str | None:
    """The caller's number, unless it is withheld.

    Presentation: 0 to 3 allowed, from 32 on restricted or unavailable (Q.931 §4.5.10 as Asterisk keeps it).
    """
    number = known.get("agi_callerid", "")
    presentation = known.get("agi_callingpres", "0")
    is_withheld = presentation.isdecimal() and int(presentation) >= 32
    return number if not is_withheld and number.strip("+").isdecimal() else None


def write_command(*words: str) -> bytes:
    """One line; a word with spaces is quoted, and nobody's word can begin a second line."""
    return (" ".join(_quoted(word) for word in words) + "\n").encode()


def _quoted(word: str) -> str:
    if "\n" in word or "\r" in word:
        raise ValueError("a command is one line")
    if word and not re.search(r'[\s"\\]', word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Replies:
    """Reads Asterisk's lines; a usage text of many lines is one answer."""

    def __init__(self) -> None:
        self._usage = False

    def read(self, line: str) -> Reply | HangupNotice | None:
        """Take one line; None while there is more to come. Raises Nonsense."""
        if line == "HANGUP":
            return HangupNotice()
        if self._usage:
            if line.startswith(f"{USAGE} "):
                self._usage = False
                return Reply(USAGE)
            return None
        match = _REPLY.fullmatch(line)
        if match is None:
            raise Nonsense("an answer begins with a code of three digits")
        code = int(match["code"])
        if match["more"] == "-":
            self._usage = True
            return None
        result = _RESULT.search(match["rest"])
        ended = _END_POSITION.search(match["rest"])
        if result is None:
            return Reply(code)
        return Reply(code, result["result"], result["data"] or "", int(ended[1]) if ended else 0)


def pressed(reply: Reply) -> tuple[str, bool]:
    """The digits of a GET DATA that did not fail, and whether time ran out.

    ``result=`` is a lone ``#``; ``result= (timeout)`` is nothing at all; ``*`` is a digit.
    """
    if not _DIGITS.fullmatch(reply.result):
        raise Nonsense("GET DATA brings digits")
    return reply.result, reply.data == "timeout"
