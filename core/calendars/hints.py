"""What can be booked and is odd all the same: hours, days and capacities somebody should look at again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, groupby, pairwise
from operator import attrgetter
from typing import Final

from core.calendars.calendar import PRAGUE, Calendar, Slot
from core.calendars.capacity import MOST_PLACES_A_DAY, is_absurd, usual
from core.calendars.findings import Cause, Finding
from core.calendars.holidays import holiday
from core.calendars.lint import coming_from

OPENS, CLOSES = 6, 22  # local hours; what begins outside is at night
RARELY: Final = 20  # one weekend day of so many is an exception, more are the habit of a site
SHORT_STRETCH: Final = 2  # gaps
FEWEST_OF_TWO_SERIES: Final = 6  # slots: two short stretches need a longer gap before, between and after them


def hints(calendars: Sequence[Calendar], *, today: date) -> Iterator[Finding]:
    """Name what is odd about free slots from ``today`` on, calendar by calendar.

    Slots are one by one, in the order of time: sums of days have lost their hours.
    """
    days = {calendar.calendar_id: _coming_by_day(calendar, today) for calendar in calendars if calendar.slots}
    for calendar in calendars:
        by_day = days.get(calendar.calendar_id, {})
        yield from _absurd(calendar, by_day)
        yield from _unusual_days(calendar, by_day)
        yield from _at_night(calendar, by_day)
        yield from _overlapping(calendar, by_day)
    yield from _twice(calendars, days)


def _coming_by_day(calendar: Calendar, today: date) -> dict[date, list[Slot]]:
    coming = (slot for slot in coming_from(today, calendar.slots) if slot.capacity)
    return {day: list(slots) for day, slots in groupby(coming, key=attrgetter("day"))}


def _absurd(calendar: Calendar, by_day: Mapping[date, Sequence[Slot]]) -> Iterator[Finding]:
    as_ever = usual(slot.capacity for slots in by_day.values() for slot in slots)
    for day, slots in by_day.items():
        odd = [slot for slot in slots if is_absurd(slot.capacity, as_ever)]
        for slot in odd:
            words = f"{slot.capacity} places at once, where {as_ever or 'far fewer'} are usual"
            yield Finding(calendar, slot, Cause.ABSURD_CAPACITY, words)
        places = sum(slot.capacity for slot in slots)
        if places > MOST_PLACES_A_DAY and not odd:
            words = f"{places} places on {day}; no site has more than {MOST_PLACES_A_DAY} a day"
            yield Finding(calendar, slots[0], Cause.ABSURD_CAPACITY, words)


def _unusual_days(calendar: Calendar, by_day: Mapping[date, Sequence[Slot]]) -> Iterator[Finding]:
    weekends = [day for day in by_day if _is_weekend(day)]
    is_exception = len(weekends) * RARELY <= len(by_day)
    for day, slots in by_day.items():
        if name := holiday(day):
            yield Finding(calendar, slots[0], Cause.HOLIDAY, f"{day} is {name}: is the site open?")
        elif is_exception and _is_weekend(day):
            words = f"{day:%A} {day}, where it is open on working days: is the site open?"
            yield Finding(calendar, slots[0], Cause.WEEKEND, words)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def _at_night(calendar: Calendar, by_day: Mapping[date, Sequence[Slot]]) -> Iterator[Finding]:
    for slots in by_day.values():
        # The ends of a day are enough to see that all of it is by day.
        if all(_is_by_day(slot) for slot in (slots[0], slots[-1])):
            continue
        for slot in slots:
            if not _is_by_day(slot):
                words = f"between {CLOSES}:00 and {OPENS}:00: are the hours of the file local?"
                yield Finding(calendar, slot, Cause.NIGHT, words)


def _is_by_day(slot: Slot) -> bool:
    return OPENS <= slot.begins_at.astimezone(PRAGUE).hour < CLOSES


def _overlapping(calendar: Calendar, by_day: Mapping[date, Sequence[Slot]]) -> Iterator[Finding]:
    """Find slots that fell among others: a short stretch of shorter gaps within longer ones, twice a day.

    A slot has no end of its own: it lasts until the next one. Slots of 20 minutes over slots of 30 give
    8:00, 8:20, 8:30, 8:40, 9:00 and so on, which no single series does.
    """
    for slots in by_day.values():
        if len(slots) < FEWEST_OF_TWO_SERIES:
            continue
        gaps = [later.begins_at - sooner.begins_at for sooner, later in pairwise(slots)]
        if len(set(gaps)) == 1:
            continue
        squeezed = list(_squeezed(gaps))
        if len(squeezed) > 1:
            words = f"{len(squeezed)} times this day shorter slots begin among longer ones: two series?"
            yield Finding(calendar, slots[squeezed[0] + 1], Cause.OVERLAP, words)


def _squeezed(gaps: Sequence[timedelta]) -> Iterator[int]:
    """Where a short stretch of shorter gaps lies between longer ones."""
    runs = [(gap, len(list(run))) for gap, run in groupby(gaps)]
    at = 0
    for before, (gap, length), after in zip(runs, runs[1:], runs[2:], strict=False):
        at += before[1]
        if length <= SHORT_STRETCH and gap < before[0] and gap < after[0]:
            yield at


def _twice(
    calendars: Sequence[Calendar], days: Mapping[int, Mapping[date, Sequence[Slot]]]
) -> Iterator[Finding]:
    alike: dict[tuple[str, str], list[Calendar]] = defaultdict(list)
    for calendar in calendars:
        alike[calendar.round, calendar.product].append(calendar)
    for group in alike.values():
        for one, other in combinations(group, 2):
            mine, theirs = days.get(one.calendar_id, {}), days.get(other.calendar_id, {})
            shared = [day for day in theirs if day in mine and _are_equal(mine[day], theirs[day])]
            if shared:
                words = (
                    f"on {len(shared)} days from {shared[0]} it has the very slots of {one.name}: "
                    "two tables, or one series imported under two names?"
                )
                yield Finding(other, theirs[shared[0]][0], Cause.TWICE, words)


def _are_equal(some: Sequence[Slot], others: Sequence[Slot]) -> bool:
    return [(s.begins_at, s.capacity) for s in some] == [(s.begins_at, s.capacity) for s in others]
