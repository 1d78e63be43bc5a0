"""What the linter may find, and how bad it is."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from core.calendars.calendar import Calendar, Slot


class Severity(IntEnum):
    """The worst first."""

    CLOSES_GATE = 1
    COSTS_SLOTS = 2
    HINT = 3

    @property
    def words(self) -> str:
        return self.name.lower().replace("_", " ")


class Cause(Enum):
    """The link or the gap because of which a slot cannot be paired, or what is odd about it."""

    UNKNOWN_PRODUCT = "unknown product"
    UNLINKED = "unlinked"
    LINKS_TO_NOTHING = "links to nothing"
    LINKS_TO_ITSELF = "links to itself"
    LINKS_TO_ANOTHER_SITE = "links to another site"
    LINKS_TO_ANOTHER_PRODUCT = "links to another product"
    LINKS_TO_ANOTHER_ROUND = "links to a calendar that is not V2"
    NO_INTERVAL = "no interval"
    SECOND_TOO_SHORT = "second calendar too short"
    GAP = "gap in the second calendar"
    CLOSED_DAY = "second calendar closed"
    SECOND_TOO_SMALL = "second calendar too small"
    NEVER_REACHED = "never reached"
    ABSURD_CAPACITY = "absurd capacity"
    OVERLAP = "overlapping series"
    TWICE = "the same slots twice"
    HOLIDAY = "public holiday"
    WEEKEND = "weekend"
    NIGHT = "at night"
    PAST = "past"

    @property
    def breaks_link(self) -> bool:
        """A broken link closes the gate; a gap only costs the slots it names."""
        return self is Cause.UNLINKED or self.name.startswith("LINKS_TO")

    @property
    def severity(self) -> Severity:
        if self.breaks_link or self is Cause.UNKNOWN_PRODUCT:
            return Severity.CLOSES_GATE
        return Severity.HINT if self in _HINTS else Severity.COSTS_SLOTS


_HINTS = frozenset({Cause.OVERLAP, Cause.TWICE, Cause.HOLIDAY, Cause.WEEKEND, Cause.NIGHT, Cause.PAST})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong; ``slot`` is None where it concerns the calendar as a whole.

    ``places`` are those that cannot be booked because of it.
    """

    calendar: Calendar
    slot: Slot | None
    cause: Cause
    words: str
    places: int = 0
