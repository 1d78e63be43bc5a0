"""When a message may leave, on ordinary days and on those with an hour less or more."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.messages import Lane
from core.sending_hours import SendingHours

PRAGUE = ZoneInfo("Europe/Prague")
DAY = (time(8), time(20))
HOURS = SendingHours({Lane.INVITATION: DAY, Lane.NOTICE: (time(9), time(18))}, PRAGUE)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        pytest.param("2021-01-22T06:59:59", "2021-01-22T07:00", id="before eight"),
        pytest.param("2021-01-22T07:00", "2021-01-22T07:00", id="at eight"),
        pytest.param("2021-01-22T18:59:59", "2021-01-22T18:59:59", id="before twenty"),
        pytest.param("2021-01-22T19:00", "2021-01-23T07:00", id="at twenty"),
        pytest.param("2021-03-27T19:00", "2021-03-28T06:00", id="the night with an hour less"),
        pytest.param("2021-03-28T00:59:59", "2021-03-28T06:00", id="before the clock is put forward"),
        pytest.param("2021-03-28T01:00", "2021-03-28T06:00", id="after the clock is put forward"),
        pytest.param("2021-03-28T05:59:59", "2021-03-28T06:00", id="before eight in summer time"),
        pytest.param("2021-03-28T18:00", "2021-03-29T06:00", id="at twenty in summer time"),
        pytest.param("2021-10-30T18:00", "2021-10-31T07:00", id="the night with an hour more"),
        pytest.param("2021-10-31T00:59:59", "2021-10-31T07:00", id="before the clock is put back"),
        pytest.param("2021-10-31T01:00", "2021-10-31T07:00", id="after the clock is put back"),
        pytest.param("2021-10-31T06:59:59", "2021-10-31T07:00", id="before eight in winter time"),
        pytest.param("2021-10-31T18:59:59", "2021-10-31T18:59:59", id="before twenty in winter time"),
    ],
)
def test_an_invitation_leaves_between_eight_and_twenty(now, opening):
    assert HOURS.next_opening(Lane.INVITATION, utc(now)) == utc(opening)
    assert HOURS.is_open(Lane.INVITATION, utc(now)) is (now == opening)


def test_each_lane_has_hours_of_its_own():
    early = utc("2021-01-22T07:30")
    assert HOURS.is_open(Lane.INVITATION, early)
    assert HOURS.next_opening(Lane.NOTICE, early) == utc("2021-01-22T08:00")


@pytest.mark.parametrize("lane", [Lane.ANSWER, Lane.CONFIRMATION])
def test_what_has_no_hours_never_waits(lane):
    night = utc("2021-03-28T01:00")
    assert HOURS.is_open(lane, night)
    assert HOURS.next_opening(lane, night) == night


@pytest.mark.parametrize(
    ("begins", "before", "opening"),
    [
        pytest.param(time(2, 30), "2021-10-31T00:29", "2021-10-31T00:30", id="the hour that comes twice"),
        pytest.param(time(2, 30), "2021-03-28T00:59", "2021-03-28T01:30", id="the hour that is left out"),
    ],
)
def test_a_day_opens_once_even_in_the_hour_that_is_changed(begins, before, opening):
    hours = SendingHours({Lane.NOTICE: (begins, time(6))}, PRAGUE)
    assert hours.next_opening(Lane.NOTICE, utc(before)) == utc(opening)
    later = utc(opening) + timedelta(minutes=45)
    assert hours.is_open(Lane.NOTICE, later), "not closed again by the clock on the wall"


def moments(first: str, last: str) -> st.SearchStrategy[datetime]:
    return st.integers(int(utc(first).timestamp()), int(utc(last).timestamp())).map(
        lambda seconds: datetime.fromtimestamp(seconds, UTC)
    )


@given(
    moments("2021-03-26", "2021-03-30") | moments("2021-10-29", "2021-11-02"),
    st.tuples(st.times(), st.times()).filter(lambda hours: hours[0] < hours[1]),
)
def test_at_the_next_opening_it_is_open_within_two_days_whatever_the_hours(now, chosen):
    hours = SendingHours({Lane.NOTICE: chosen}, PRAGUE)
    opening = hours.next_opening(Lane.NOTICE, now)
    assert now <= opening <= now + timedelta(days=2)
    assert hours.is_open(Lane.NOTICE, opening)
