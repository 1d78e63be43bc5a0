"""What registers know of people: who somebody is, whether vaccinated or ill lately, who works in health care.

Ports, so that each can be a file or a service; an answer is always the same closed union.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from core.open_data import fold

PCR_BLOCKS_FOR: Final = timedelta(days=90)
_PART: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in two parts, as somebody wrote it."""

    first: str = field(repr=False)
    last: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """One person as a register has her; a register of health workers knows nothing of the last two."""

    name: Name
    is_vaccinated: bool = False
    positive_on: date | None = None
    """The day of her last positive PCR test."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer now; ``why`` names no person. Ask again later."""

    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """Identified, and nothing against it."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody has that number and that name."""


@dataclass(frozen=True, slots=True)
class AlreadyVaccinated:
    """She was vaccinated elsewhere."""


@dataclass(frozen=True, slots=True)
class PositivePcr:
    """She was ill lately; from ``until`` on she may be invited."""

    until: date


PopulationAnswer: TypeAlias = Found | NotFound | AlreadyVaccinated | PositivePcr | Unavailable


@dataclass(frozen=True, slots=True)
class Known:
    """She is in the register."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """She is not, under that name."""


HealthWorkerAnswer: TypeAlias = Known | Unknown | Unavailable


class Register(Protocol):
    """Records by insurance number: a file or a service."""

    def records(self, number: str) -> tuple[Record, ...] | Unavailable:
        """Everybody under a number; registers have duplicates, so it may be several."""


class PopulationRegister:
    """Who somebody is."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def look_up(self, number: str, name: Name, *, today: date) -> PopulationAnswer:
        """Identify somebody; of several records under her name the one that keeps her back counts."""
        records = self._register.records(number)
        if isinstance(records, Unavailable):
            return records
        hers = [record for record in records if is_same_name(name, record.name)]
        if not hers:
            return NotFound()
        if any(record.is_vaccinated for record in hers):
            return AlreadyVaccinated()
        days = [record.positive_on for record in hers if record.positive_on]
        until = max(days) + PCR_BLOCKS_FOR if days else today
        return PositivePcr(until) if until > today else Found()


class HealthWorkers:
    """Who works in health care: NRZP, the national register of health workers."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def knows(self, number: str, name: Name) -> HealthWorkerAnswer:
        """Say whether a number and both names are there."""
        records = self._register.records(number)
        if isinstance(records, Unavailable):
            return records
        return Known() if any(is_same_name(name, record.name) for record in records) else Unknown()


class Told(StrEnum):
    """What people are written to about registers; each has its words."""

    PROVEN = "proven"
    NOT_PROVEN = "not_proven"
    WAITS_BY_AGE = "waits_by_age"
    DELAYED = "delayed"
    NOT_IDENTIFIED = "not_identified"
    VACCINATED = "vaccinated"
    POSITIVE_PCR = "positive_pcr"


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of an installation; None: it has no such register, and nobody is asked."""

    population: PopulationRegister | None = None
    health_workers: HealthWorkers | None = None


def is_same_name(said: Name, known: Name) -> bool:
    """Compare names as clerks do: accents, case, hyphens and order aside; a second name may be left out.

    At least one first name and one surname must agree, and one side may have no name but the other's.
    """
    hers = _parts(said.first, said.last)
    first, last = _parts(known.first), _parts(known.last)
    whole = first | last
    return bool(hers & first and hers & last) and (hers <= whole or whole <= hers)


def _parts(*names: str) -> frozenset[str]:
    return frozenset(_PART.findall(fold(" ".join(names))))
