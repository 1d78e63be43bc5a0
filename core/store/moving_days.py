"""A site moves dates: somebody's, or those of a whole day; nobody loses a date before the new one is hers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias

from core.calendars import Pair, Slot
from core.calendars.calendar import PRAGUE
from core.store.pairs import PairFinder, on_days
from core.store.rebooking import Changed, NothingToChange
from core.store.reservation_rows import Reservation
from core.store.reservations import PairTaken
from core.store.site_days import Visit
from core.store.work import Work
from core.world import World

MOST_SLOTS: Final = 10_000  # of one day


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Nothing is free on that day that would suit: the dates stay as they are."""


MovedOutcome: TypeAlias = Changed | NoRoom | NothingToChange


def move(work: Work, visit: Visit, to: date, *, world: World, now: datetime) -> MovedOutcome:
    """Move one date of somebody to another day, to the nearest hour that is free there.

    A first date takes the second along only where the interval of the product asks for it.
    """
    dates = work.rebooking.dates_of(visit.registration_id)
    if dates is None or visit.slot_id not in dates.slot_ids:
        return NothingToChange()
    pairs = _seconds(work, dates, to, world, now) if visit.dose == 2 else _pairs(work, dates, to, world, now)
    for pair in pairs:
        match work.rebooking.change_to(dates, pair):
            case PairTaken():
                continue
            case Changed() | NothingToChange() as outcome:
                return outcome
    return NoRoom()


def _seconds(work: Work, dates: Reservation, to: date, world: World, now: datetime) -> Iterator[Pair]:
    found = work.rebooking.seconds(
        dates.registration_id, world, now=now, at_most=MOST_SLOTS, is_wanted=on_days(day=to)
    )
    if dates.second:
        yield from (Pair(dates.first, second) for second in _by_hour(found, dates.second))


def _pairs(work: Work, dates: Reservation, to: date, world: World, now: datetime) -> Iterator[Pair]:
    finder = PairFinder(work.db, world.products)
    track = finder.track_of(dates.first.calendar_id)
    firsts = work.site_days.free(dates.first.calendar_id, to, since=now + world.lead)
    for first in _by_hour(firsts, dates.first):
        if dates.second is None or track is None:
            yield Pair(first, None)
            continue
        interval = track.product.interval_on(first.day)
        opens, closes = interval.window(first.day) if interval else (None, None)
        if opens and closes and opens <= dates.second.day <= closes:
            yield Pair(first, dates.second)
        elif second := finder.second_for(track, first):
            yield Pair(first, second)


def _by_hour(slots: Iterable[Slot], like: Slot) -> list[Slot]:
    """The one at the nearest hour of the day first."""

    def distance(slot: Slot) -> tuple[int, int]:
        return abs(_minutes(slot) - _minutes(like)), slot.slot_id

    return sorted(slots, key=distance)


def _minutes(slot: Slot) -> int:
    local = slot.begins_at.astimezone(PRAGUE)
    return local.hour * 60 + local.minute
