"""What is kept about changes of sites: who made them, out of what, and what they changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Origin:
    """Who changes something, and where it comes from: the name of a file, or a command."""

    who: str
    source: str


BY_PROGRAM: Final = Origin("crs", "program")


class Event(StrEnum):
    """What happened to a site."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"
    RETURNED = "returned"
    HELD = "held"
    REJECTED = "rejected"
    PAUSED = "paused"
    REOPENED = "reopened"
    ASKS_SUBSTITUTES = "asks substitutes"
    ASKS_NO_SUBSTITUTES = "asks no substitutes"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a site's history; ``field`` is None where the site as a whole is meant."""

    at: datetime
    who: str
    source: str
    event: Event
    field: str | None = None
    old: str | None = None
    new: str | None = None
