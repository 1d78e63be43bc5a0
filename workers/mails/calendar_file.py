"""The dates as a file for calendars (iCalendar, RFC 5545; the methods of RFC 5546)."""

from datetime import datetime, timedelta
from typing import Final

from icalendar import Alarm, Calendar, Event, vCalAddress

from core.calendars.calendar import PRAGUE
from core.confirmation import Confirmation, Visit
from core.mails import Purpose
from workers.mails.letters import Writer

PRODUCT_ID: Final = "-//crs//reservations//CS"
# The zone is written for a time; without the next change, a clock that changes on the last day is not in it.
ZONE_BEYOND: Final = timedelta(days=366)
REMIND_BEFORE: Final = timedelta(days=1)


def calendar_file(
    said: Confirmation, purpose: Purpose, writer: Writer, *, sequence: int, sender: str, now: datetime
) -> bytes:
    """One event for each dose.

    A dose keeps its UID through every change of dates, also where the new dates are another reservation, so
    that the event moves; a later ``sequence`` wins. Times are those of Prague with their time zone: a clock
    that is changed between the doses changes nothing.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    calendar.add("method", method(purpose))
    for visit in said.visits:
        calendar.add_component(
            _event(said, visit, purpose, writer, sequence=sequence, sender=sender, now=now)
        )
    last = said.visits[-1].begins_at.date()
    calendar.add_missing_timezones(first_date=now.date(), last_date=last + ZONE_BEYOND)
    file: bytes = calendar.to_ical()
    return file


def method(purpose: Purpose) -> str:
    """What calendars are asked to do with it."""
    return "CANCEL" if purpose is Purpose.CANCELLED else "PUBLISH"


def _event(
    said: Confirmation,
    visit: Visit,
    purpose: Purpose,
    writer: Writer,
    *,
    sequence: int,
    sender: str,
    now: datetime,
) -> Event:
    is_cancelled = purpose is Purpose.CANCELLED
    domain = sender.rpartition("@")[2]
    event = Event()
    event.add("uid", f"registration-{said.registration_id}-dose-{visit.dose}@{domain}")
    event.add("sequence", sequence)
    event.add("dtstamp", now)
    event.add("dtstart", visit.begins_at.astimezone(PRAGUE))
    event.add("dtend", visit.ends_at.astimezone(PRAGUE))
    event.add("summary", writer.of_confirmation(said, "event", visit=visit))
    event.add("location", f"{said.site}, {said.address}")
    event.add("organizer", vCalAddress(f"mailto:{sender}"))  # RFC 5546 §3.2.1 and §3.2.5 ask for one
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    if said.latitude is not None and said.longitude is not None:
        event.add("geo", (said.latitude, said.longitude))
    if not is_cancelled:
        bring = writer.of_confirmation(said, "bring")
        event.add("description", f"{bring}\n{writer.of_confirmation(said, 'code')}: {said.code}")
        event.add_component(_reminder(str(event["summary"])))
    return event


def _reminder(summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -REMIND_BEFORE)
    return alarm
