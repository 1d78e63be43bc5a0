"""Which first dates can have a second one within the vaccine's interval.

A first date may be followed on any day of one window, so the days, not the slots, decide. Walking through the
days of second slots and always serving the first date whose window closes soonest gives a maximum matching
(Glover 1967: convex bipartite graphs).
"""

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter

from core.calendars.calendar import PRAGUE, Pair, Slot
from core.products import IntervalOn


def count_pairs(first: Iterable[Slot], second: Iterable[Slot], interval_on: IntervalOn) -> int:
    """Count the pairs of free places that can be booked together, at most: O(n log n)."""
    return match_days(free_by_day(first), free_by_day(second), interval_on).total()


def match_days(
    first: Mapping[date, int], second: Mapping[date, int], interval_on: IntervalOn
) -> Counter[date]:
    """Say how many first places of each day get a second place, when as many as possible do."""
    opening: list[tuple[date, date, date]] = []
    for day, places in first.items():
        if places and (interval := interval_on(day)):
            opening.append((*interval.window(day), day))
    opening.sort()
    waiting: list[tuple[date, date]] = []
    left = dict(first)
    served: Counter[date] = Counter()
    at = 0
    for day in sorted(second):
        while at < len(opening) and opening[at][0] <= day:
            _, closes, first_day = opening[at]
            heapq.heappush(waiting, (closes, first_day))
            at += 1
        places = second[day]
        while places and waiting:
            closes, first_day = waiting[0]
            paired = min(places, left[first_day]) if day <= closes else 0
            served[first_day] += paired
            left[first_day] -= paired
            places -= paired
            if not left[first_day] or day > closes:
                heapq.heappop(waiting)
    return served


def free_by_day(slots: Iterable[Slot]) -> Counter[date]:
    """Add up free places per local day."""
    free: Counter[date] = Counter()
    for slot in slots:
        if slot.free:
            free[slot.day] += slot.free
    return free


def seconds_for(
    picked: Slot, first: Iterable[Slot], second: Iterable[Slot], interval_on: IntervalOn
) -> list[Slot]:
    """Order the second slots that may follow a picked first one, best first; empty when there is none.

    Best is one that costs nobody else their pair, so that booking takes exactly one from ``count_pairs``;
    such a one exists wherever any exists. Then the soonest day, then the nearest hour of the day.
    ``first`` are all first slots that compete for ``second``, the picked one among them.
    """
    by_day = _by_day(second)
    days = _days_after(picked.day, free_by_day(first), _places(by_day), interval_on)
    return [slot for day in days for slot in sorted(by_day[day], key=lambda s: _closeness(picked, s))]


def pair_up(
    first: Sequence[Slot], second: Sequence[Slot], interval_on: IntervalOn, *, now: datetime, lead: timedelta
) -> list[Pair]:
    """Give every free first slot after ``now + lead`` the best second slot that may follow it, soonest first.

    These are choices for one person: several first slots may name the same second one.
    """
    coming = [s for s in first if s.free and s.begins_at >= now + lead]
    by_day = _by_day(s for s in second if s.begins_at >= now)
    firsts, seconds = free_by_day(coming), _places(by_day)
    best_day = {day: next(iter(_days_after(day, firsts, seconds, interval_on)), None) for day in firsts}
    hours = {
        day: sorted((_minutes(s.begins_at), s.slot_id, s) for s in slots) for day, slots in by_day.items()
    }
    pairs = [
        Pair(slot, _nearest_hour(hours[day], _minutes(slot.begins_at)))
        for slot in coming
        if (day := best_day[slot.day]) is not None
    ]
    return sorted(pairs, key=lambda p: (p.first.begins_at, p.first.slot_id))


def _days_after(
    picked: date, firsts: Counter[date], seconds: Counter[date], interval_on: IntervalOn
) -> list[date]:
    """Order the days on which the second dose may follow: those that cost nobody their pair come first."""
    interval = interval_on(picked)
    if interval is None:
        return []
    opens, closes = interval.window(picked)
    days = sorted(day for day in seconds if opens <= day <= closes)
    if len(days) < 2:
        return days
    most = match_days(firsts, seconds, interval_on).total()
    others = firsts - Counter({picked: 1})

    def is_costly(day: date) -> bool:
        return match_days(others, seconds - Counter({day: 1}), interval_on).total() < most - 1

    return sorted(days, key=is_costly)


def _by_day(slots: Iterable[Slot]) -> dict[date, list[Slot]]:
    by_day: dict[date, list[Slot]] = defaultdict(list)
    for slot in slots:
        if slot.free:
            by_day[slot.day].append(slot)
    return dict(by_day)


def _places(by_day: Mapping[date, Iterable[Slot]]) -> Counter[date]:
    return Counter({day: sum(s.free for s in slots) for day, slots in by_day.items()})


def _nearest_hour(hours: list[tuple[int, int, Slot]], minutes: int) -> Slot:
    at = bisect_left(hours, minutes, key=itemgetter(0))
    nearby = hours[max(0, at - 1) : at + 1]
    return min(nearby, key=lambda h: (abs(h[0] - minutes), h[1]))[2]


def _closeness(first: Slot, second: Slot) -> tuple[int, int]:
    return abs(_minutes(first.begins_at) - _minutes(second.begins_at)), second.slot_id


def _minutes(begins_at: datetime) -> int:
    local = begins_at.astimezone(PRAGUE)
    return local.hour * 60 + local.minute
