"""The file for calendars, read back by a calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar, Event

from core.calendars.calendar import PRAGUE
from core.confirmation import VISIT_LASTS
from core.mails import Purpose
from tests.mails.dates import confirmation
from workers.mails.calendar_file import calendar_file
from workers.mails.letters import Writer

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)


def read(
    writer: Writer,
    *moments: datetime,
    purpose: Purpose = Purpose.CONFIRMED,
    sequence: int = 0,
    **more: object,
) -> Calendar:
    said = confirmation(*moments, **more)
    file = calendar_file(said, purpose, writer, sequence=sequence, sender="rezervace@example.cz", now=NOW)
    return Calendar.from_ical(file)


def events(calendar: Calendar) -> list[Event]:
    return list(calendar.walk("VEVENT"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((2021, 3, 26, 8, 0), (2021, 3, 28, 8, 0), id="into summer time, on the very day"),
        pytest.param((2021, 3, 8, 8, 0), (2021, 4, 19, 8, 20), id="across the spring change"),
        pytest.param((2021, 10, 30, 17, 40), (2021, 10, 31, 17, 40), id="into winter time, on the very day"),
        pytest.param((2021, 10, 4, 12, 0), (2021, 11, 15, 12, 0), id="across the autumn change"),
    ],
)
def test_the_hour_is_that_of_prague_on_both_sides_of_a_change_of_the_clock(
    first: tuple[int, ...], second: tuple[int, ...], writer: Writer
) -> None:
    moments = [datetime(*each, tzinfo=PRAGUE) for each in (first, second)]  # type: ignore[misc]
    calendar = read(writer, *[moment.astimezone(UTC) for moment in moments])
    for event, moment in zip(events(calendar), moments, strict=True):
        assert event.start.replace(tzinfo=None) == moment.replace(tzinfo=None), "what the clock shows"
        assert event.start.astimezone(UTC) == moment.astimezone(UTC), "and when it is"
        assert event.end.astimezone(UTC) - event.start.astimezone(UTC) == VISIT_LASTS
    (zone,) = calendar.walk("VTIMEZONE")
    own_zone = zone.to_tz(lookup_tzid=False)  # for a calendar that has never heard of Prague
    for moment in moments:
        naive = moment.replace(tzinfo=None)
        assert naive.replace(tzinfo=own_zone).utcoffset() == moment.utcoffset()


def test_a_dose_keeps_its_uid_and_the_sequence_grows(writer: Writer) -> None:
    earlier = events(read(writer))
    later = events(
        read(
            writer,
            datetime(2021, 2, 1, 8, tzinfo=UTC),
            datetime(2021, 2, 22, 8, tzinfo=UTC),
            purpose=Purpose.CHANGED,
            sequence=1,
            reservation_id=99,
        )
    )
    assert [event["uid"] for event in earlier] == [event["uid"] for event in later]
    assert len({event["uid"] for event in earlier}) == 2
    assert [event["sequence"] for event in (*earlier, *later)] == [0, 0, 1, 1]


def test_cancelling_takes_the_same_events_away(writer: Writer) -> None:
    calendar = read(writer, purpose=Purpose.CANCELLED, sequence=3)
    assert calendar["method"] == "CANCEL"
    assert [event["status"] for event in events(calendar)] == ["CANCELLED", "CANCELLED"]
    assert [event["uid"] for event in events(calendar)] == [event["uid"] for event in events(read(writer))]
    assert not calendar.walk("VALARM")


def test_it_says_where_and_reminds_the_day_before(writer: Writer) -> None:
    calendar = read(writer)
    assert calendar["method"] == "PUBLISH"
    first, second = events(calendar)
    assert (first["summary"], second["summary"]) == ("Očkování, 1. dávka", "Očkování, 2. dávka")
    assert first["location"] == "Nemocnice Havlíčkův Brod, Husova 2624, 580 01 Havlíčkův Brod"
    assert first["geo"].to_ical() == "49.60785;15.57873"
    assert first["organizer"] == "mailto:rezervace@example.cz"
    assert [alarm["trigger"].dt for alarm in calendar.walk("VALARM")] == [-timedelta(days=1)] * 2


def test_a_site_without_coordinates_is_told_by_its_address_alone(writer: Writer) -> None:
    assert all("geo" not in event for event in events(read(writer, latitude=None, longitude=None)))
