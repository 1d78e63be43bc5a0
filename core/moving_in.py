"""What becomes of a registration from an earlier system, beside those of the same person that are here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Known:
    """A registration of the same insurance number that is here already."""

    registration_id: int
    registered_at: datetime
    has_dates: bool
    is_living: bool
    imported_from: str | None


@dataclass(frozen=True, slots=True)
class Fresh:
    """Nobody of that number is here."""


@dataclass(frozen=True, slots=True)
class Replaces:
    """It is newer than the living one, which has no dates."""

    registration_id: int


@dataclass(frozen=True, slots=True)
class AlreadyHere:
    """It was imported before, whatever has become of it since; ``registration_id`` is the one that counts."""

    registration_id: int


@dataclass(frozen=True, slots=True)
class KeepsNewer:
    """The person registered here later."""

    registration_id: int


@dataclass(frozen=True, slots=True)
class KeepsDates:
    """The person has dates, and a reservation blocks another registration."""

    registration_id: int


Fate: TypeAlias = Fresh | Replaces | AlreadyHere | KeepsNewer | KeepsDates


def fate(registered_at: datetime, known: Iterable[Known], *, source: str) -> Fate:
    """Decide what a registration of that time in the system ``source`` means beside those that are known.

    A newer one replaces one without dates, as everywhere; what was imported once is never imported again.
    """
    ours = tuple(known)
    living = next((each for each in ours if each.is_living), None)
    for each in ours:
        if each.imported_from == source and each.registered_at == registered_at:
            return AlreadyHere((living or each).registration_id)
    if living and living.has_dates:
        return KeepsDates(living.registration_id)
    newest = max(ours, key=lambda each: (each.is_living, each.registered_at), default=None)
    if newest and newest.registered_at >= registered_at:
        return KeepsNewer(newest.registration_id)  # also one that has ended: nobody comes back unasked
    return Replaces(living.registration_id) if living else Fresh()
