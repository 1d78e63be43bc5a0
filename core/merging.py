"""Two living registrations of one person become one: which of them may end, and what the other gains."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from core.blocking import Reason

_HAS_DATES: Final = ("reserved", "done")
_KEEPS_BACK: Final = (Reason.VACCINATED, Reason.POSITIVE_PCR)
_NOT_PROVEN: Final = (Reason.UNPROVEN, Reason.NOT_IN_GROUP)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two as it stands."""

    registration_id: int
    state: str
    blocked_because: Reason | None
    group_key: str
    score: int
    claimed_group: str | None
    registered_at: datetime

    @property
    def has_dates(self) -> bool:
        return self.state in _HAS_DATES

    @property
    def is_proven(self) -> bool:
        """Her group counts: nobody is still to be asked whether she may be in it."""
        return self.blocked_because not in _NOT_PROVEN


@dataclass(frozen=True, slots=True)
class Gains:
    """What the registration that stays is from now on."""

    registered_at: datetime
    group_key: str
    score: int
    claimed_group: str | None
    to_head: bool
    """It waits, and the one that ends stood at the head of the queue."""


@dataclass(frozen=True, slots=True)
class BothHaveDates:
    """One of the two reservations has to be cancelled first."""


@dataclass(frozen=True, slots=True)
class OtherHasDates:
    """Only the one that would end has dates: it is the one to keep."""


@dataclass(frozen=True, slots=True)
class KeptBack:
    """The one that would end is blocked for what is true of the person, who would get around it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class NotProven:
    """The one to keep waits for a register to let her in, the other does not: it is the one to keep."""


Refusal: TypeAlias = BothHaveDates | OtherHasDates | KeptBack | NotProven


def merged(keep: Side, end: Side) -> Gains | Refusal:
    """What ``keep`` gains from ``end``: the earlier time, and the higher score where it is proven."""
    if end.has_dates:
        return BothHaveDates() if keep.has_dates else OtherHasDates()
    if end.blocked_because in _KEEPS_BACK:
        return KeptBack(end.blocked_because)
    if end.blocked_because is None and not keep.is_proven:
        return NotProven()
    better = end if end.is_proven and keep.is_proven and end.score > keep.score else keep
    claims = (
        each for each in (keep.claimed_group, end.claimed_group) if each not in (None, better.group_key)
    )
    return Gains(
        registered_at=min(keep.registered_at, end.registered_at),
        group_key=better.group_key,
        score=better.score,
        claimed_group=next(claims, None) if keep.is_proven else keep.claimed_group,
        to_head=keep.state == "waiting" and end.state == "returned",
    )
