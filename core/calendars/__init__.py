"""Calendars: read from a file, paired within the vaccine's interval, and linted."""

from core.calendars.calendar import Calendar, Pair, Round, Slot
from core.calendars.lint import Cause, Finding, Lint, lint
from core.calendars.pairing import count_pairs, pair_up, seconds_for
from core.calendars.reading import CalendarDraft, CalendarsRead, SlotDraft, numbered, read_calendars

__all__ = [
    "Calendar",
    "CalendarDraft",
    "CalendarsRead",
    "Cause",
    "Finding",
    "Lint",
    "Pair",
    "Round",
    "Slot",
    "SlotDraft",
    "count_pairs",
    "lint",
    "numbered",
    "pair_up",
    "read_calendars",
    "seconds_for",
]
