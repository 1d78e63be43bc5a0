"""Transcripts: what a person writes and reads, line by line, whoever performs the verbs.

A file begins with a header (``# language: cs``, ``# medium: chat``, ``# world: …`` for whoever sets the
scene), then ``> `` is a MO, ``< `` the MT that answers it, and ``@ 2021-01-22T09:40`` the time from there on.

In a chat ``[Ano] [Ne]`` are the buttons under an MT, and ``> [Ano]`` is one that is pressed. In a call ``< ``
is heard, and ``> 405123123#`` are keys; it begins with ``> (calls)``, and ``> (speaks)`` is after the tone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "transcripts"
PRAGUE = ZoneInfo("Europe/Prague")
CALLS, SPEAKS = "(calls)", "(speaks)"

Answer: TypeAlias = Callable[[str, datetime], str]  # a MO and the time of it -> the MT


@dataclass(frozen=True, slots=True)
class Exchange:
    """A MO and the MT that it must lead to."""

    line: int
    at: datetime
    said: str
    answered: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """One conversation from its first MO to its last MT."""

    path: Path
    header: Mapping[str, str]
    exchanges: tuple[Exchange, ...]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def language(self) -> str:
        return self.header["language"]

    @property
    def medium(self) -> str:
        """``sms``, ``chat``, ``ivr``, or ``web`` for the chat on the page."""
        return self.header.get("medium", "sms")


def every() -> list[Transcript]:
    """All transcripts, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*/*.txt"))]


def read(path: Path) -> Transcript:
    """Read one transcript."""
    header: dict[str, str] = {}
    exchanges: list[Exchange] = []
    at = datetime(2021, 1, 22, 9, 0, tzinfo=PRAGUE)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark, _, rest = line.partition(" ")
        match mark:
            case "#":
                key, _, value = rest.partition(":")
                header[key.strip()] = value.strip()
            case "@":
                at = datetime.fromisoformat(rest).replace(tzinfo=PRAGUE)
            case ">":
                exchanges.append(Exchange(number, at, rest, ""))
            case "<":
                exchanges[-1] = _continued(exchanges[-1], rest)
            case _ if mark.startswith("["):
                exchanges[-1] = _continued(exchanges[-1], line)
            case "":
                continue
            case _:
                raise ValueError(f"{path.name}:{number} is no line of a transcript")
    return Transcript(path, header, tuple(exchanges))


def _continued(asked: Exchange, answered: str) -> Exchange:
    return replace(asked, answered=f"{asked.answered} {answered}".strip())


def differences(transcript: Transcript, answer: Answer) -> Iterator[str]:
    """Hold the conversation, and tell where it goes otherwise."""
    for exchange in transcript.exchanges:
        got = answer(exchange.said, exchange.at)
        if got != exchange.answered:
            where = f"{transcript.name}.txt:{exchange.line}"
            yield f"{where}\n> {exchange.said}\n< {got}\nand not\n< {exchange.answered}"
