"""Letters by e-mail as values: why one is written, what becomes of it, when it is tried again."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

FIRST_WAIT: Final = timedelta(minutes=2)
LONGEST_WAIT: Final = timedelta(hours=4)
MOST_ATTEMPTS: Final = 16  # about two days of trying
CLAIM_LASTS: Final = timedelta(minutes=10)  # longer than any mail server takes for one batch


class Purpose(StrEnum):
    """What a letter is about."""

    REGISTERED = "registered"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    CANCELLED = "cancelled"


class MailState(StrEnum):
    """A letter only moves forward, but for a claimed one that is queued again."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"  # taken by a mail server
    FAILED = "failed"  # tried too often, or refused for what it says
    BOUNCED = "bounced"  # nobody has that address
    DROPPED = "dropped"  # no longer true before it left


@dataclass(frozen=True, slots=True)
class NoAddress:
    """She gave none."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Her mail server does not know the address; nothing is sent there."""

    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reached:
    """Letters go there."""

    address: str = field(repr=False)


Mailbox = NoAddress | Refused | Reached


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter that this process alone may send now."""

    mail_id: int
    attempt: int
    registration_id: int
    reservation_id: int | None
    purpose: Purpose
    sequence: int
    address: str = field(repr=False)


def wait_after(attempt: int) -> timedelta:
    """How long to wait after so many attempts in vain: 2 minutes, 4, 8 … and never more than 4 hours."""
    doublings = min(max(attempt, 1) - 1, MOST_ATTEMPTS)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
