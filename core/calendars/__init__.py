"""Calendars: read from a file, paired within the vaccine's interval, and linted."""

from core.calendars.calendar import Calendar, Pair, Round, Slot
from core.calendars.findings import Cause, Finding, Severity
from core.calendars.lint import Lint, lint
from core.calendars.mending import Advice, Inspection, Mending, Relink, inspect, mend
from core.calendars.pairing import count_pairs, pair_up, seconds_for
from core.calendars.reading import CalendarDraft, CalendarsRead, SlotDraft, numbered, read_calendars

__all__ = [
    "Advice",
    "Calendar",
    "CalendarDraft",
    "CalendarsRead",
    "Cause",
    "Finding",
    "Inspection",
    "Lint",
    "Mending",
    "Pair",
    "Relink",
    "Round",
    "Severity",
    "Slot",
    "SlotDraft",
    "count_pairs",
    "inspect",
    "lint",
    "mend",
    "numbered",
    "pair_up",
    "read_calendars",
    "seconds_for",
]
