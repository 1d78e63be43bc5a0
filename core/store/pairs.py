"""The soonest pairs of dates that can be booked at a site, read without reading its whole calendar."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Date, and_, cast, exists, func, or_, select

from core.calendars import Pair, Round, Slot
from core.calendars.calendar import PRAGUE
from core.calendars.pairing import match_days
from core.products import Product, Products
from core.store import tables as t
from core.store.site_pauses import paused_days

_s, _c = t.slots.c, t.calendars.c
_SLOT = (_s.slot_id, _s.calendar_id, _s.begins_at, _s.capacity, _s.taken)

IsWanted: TypeAlias = Callable[[date], bool]
"""Says of a local day whether a first dose may be on it."""


def on_days(*, day: date | None = None, since: date | None = None, weekday: int | None = None) -> IsWanted:
    """That local day, one from that day on, that weekday (Monday is 1)."""

    def is_wanted(on: date) -> bool:
        return (
            (day is None or on == day)
            and (since is None or on >= since)
            and (weekday is None or on.isoweekday() == weekday)
        )

    return is_wanted


@dataclass(frozen=True, slots=True)
class Track:
    """A calendar of first doses with that of its second doses; None for a single-dose product."""

    first_id: int
    second_id: int | None
    product: Product


@dataclass(frozen=True, slots=True)
class _Day:
    """One local day of a track: its free first slots, and the day on which the second dose follows."""

    track: Track
    day: date
    slots: int
    second_day: date | None


class PairFinder:
    """Reads only. Free places may be gone when somebody takes them: taking decides."""

    def __init__(self, db: Connection, products: Products) -> None:
        self._db = db
        self._products = products

    def find(
        self,
        site_id: UUID,
        *,
        not_before: datetime,
        at_most: int,
        is_wanted: IsWanted = lambda _: True,
        lacking: Collection[str] = (),
    ) -> list[Pair]:
        """The soonest pairs at a site: every free first slot with the best second that may follow it.

        None of the products (by their keys) whose vaccine is ``lacking``.
        """
        tracks = [each for each in self._tracks(_c.site_id == site_id) if each.product.key not in lacking]
        days: list[_Day] = []
        found = 0
        for day in self._days(tracks, not_before, is_wanted):
            if found >= at_most and day.day > days[-1].day:
                break
            days.append(day)
            found += day.slots
        return self._pairs(days, not_before, at_most)

    def bookable_days(
        self, site_ids: Collection[UUID], *, not_before: datetime, is_wanted: IsWanted = lambda _: True
    ) -> dict[int, tuple[Track, set[date]]]:
        """By each calendar of first doses, the local days with a free slot that a second date may follow."""
        tracks = self._tracks(_c.site_id.in_(site_ids))
        found: dict[int, tuple[Track, set[date]]] = {track.first_id: (track, set()) for track in tracks}
        for day in self._days(tracks, not_before, is_wanted):
            found[day.track.first_id][1].add(day.day)
        return found

    def sites_with_room(self, *, not_before: datetime) -> set[UUID]:
        """The sites where a first slot is free."""
        has_room = exists().where(
            _s.calendar_id == _c.calendar_id, _s.taken < _s.capacity, _s.begins_at >= not_before
        )
        known = [product.key for product in self._products]
        rows = select(_c.site_id).where(_c.round == Round.FIRST, _c.product.in_(known), has_room).distinct()
        return set(self._db.execute(rows).scalars())

    def track_of(self, first_calendar_id: int) -> Track | None:
        """The track that a calendar of first doses begins, if it can be booked.

        After a substitute's date come the second doses that follow the first ones of the site and product.
        """
        begins = next(iter(self._tracks(_c.calendar_id == first_calendar_id)), None)
        return begins or self._track_beside(first_calendar_id)

    def track_for(self, site_id: UUID, product: Product) -> Track | None:
        """The first track of a product at a site."""
        tracks = self._tracks(_c.site_id == site_id)
        return next((each for each in tracks if each.product == product), None)

    def _track_beside(self, calendar_id: int) -> Track | None:
        substitutes = select(_c.site_id, _c.product).where(
            _c.calendar_id == calendar_id, _c.round == Round.SUBSTITUTE
        )
        row = self._db.execute(substitutes).first()
        product = self._products.find(row.product) if row else None
        return self.track_for(row.site_id, product) if row and product else None

    def second_for(self, track: Track, first: Slot) -> Slot | None:
        """The best free second slot that may follow a first one."""
        free, _ = self._free([track], first.begins_at)
        day = _second_day(track, first.day, free)
        return self._nearest(first, self._slots([(track.second_id, day)])) if day else None

    def _tracks(self, which: ColumnElement[bool]) -> list[Track]:
        second = t.calendars.alias("second")
        rows = self._db.execute(
            select(_c.calendar_id, _c.product, second.c.calendar_id, second.c.product)
            .outerjoin(
                second,
                and_(
                    second.c.calendar_id == _c.linked_id,
                    second.c.round == Round.SECOND,
                    second.c.site_id == _c.site_id,
                ),
            )
            .where(which, _c.round == Round.FIRST)
            .order_by(_c.calendar_id)
        )
        found = []
        for first_id, named, second_id, second_named in rows:
            product = self._products.find(named)
            if product is None:
                continue
            if product.is_single_dose:
                found.append(Track(first_id, None, product))
            elif second_id is not None and self._products.find(second_named) == product:
                found.append(Track(first_id, second_id, product))
        return found

    def _free(
        self, tracks: Iterable[Track], not_before: datetime
    ) -> tuple[dict[int, Counter[date]], dict[int, Counter[date]]]:
        """Free places, and slots with any, per calendar and local day on which the site does not pause."""
        ids = {i for track in tracks for i in (track.first_id, track.second_id) if i is not None}
        day = cast(func.timezone(PRAGUE.key, _s.begins_at), Date)
        rows = self._db.execute(
            select(_s.calendar_id, day, func.sum(_s.capacity - _s.taken), func.count())
            .where(_s.calendar_id.in_(ids), _s.taken < _s.capacity, _s.begins_at >= not_before)
            .group_by(_s.calendar_id, day)
        )
        places: dict[int, Counter[date]] = defaultdict(Counter)
        slots: dict[int, Counter[date]] = defaultdict(Counter)
        is_paused = paused_days(self._db, ids)
        for calendar_id, on, free, count in rows:
            if is_paused(calendar_id, on):
                continue
            places[calendar_id][on] = int(free)
            slots[calendar_id][on] = count
        return places, slots

    def _days(self, tracks: Sequence[Track], not_before: datetime, is_wanted: IsWanted) -> Iterator[_Day]:
        """Days with a bookable first date, soonest first; each is judged only when it is asked for."""
        places, slots = self._free(tracks, not_before)
        firsts = sorted(
            (day, n) for n, track in enumerate(tracks) for day in places[track.first_id] if is_wanted(day)
        )
        for day, n in firsts:
            track = tracks[n]
            second_day = _second_day(track, day, places)
            if second_day is not None or track.second_id is None:
                yield _Day(track, day, slots[track.first_id][day], second_day)

    def _pairs(self, days: Sequence[_Day], not_before: datetime, at_most: int) -> list[Pair]:
        if not days:
            return []
        by_first = {(d.track.first_id, d.day): d for d in days}
        firsts = self._slots(by_first, _s.begins_at >= not_before, at_most=at_most)
        wanted = {(d.track.second_id, d.second_day) for d in days if d.second_day is not None}
        seconds: dict[tuple[int | None, date], list[Slot]] = defaultdict(list)
        for slot in self._slots(wanted) if wanted else ():
            seconds[slot.calendar_id, slot.day].append(slot)
        pairs = []
        for first in firsts:
            of_day = by_first[first.calendar_id, first.day]
            if of_day.second_day is None:
                pairs.append(Pair(first, None))
            elif second := self._nearest(first, seconds[of_day.track.second_id, of_day.second_day]):
                pairs.append(Pair(first, second))
        return pairs

    def _slots(
        self,
        days: Iterable[tuple[int | None, date]],
        *which: ColumnElement[bool],
        at_most: int | None = None,
    ) -> list[Slot]:
        on_a_day = or_(
            *(
                and_(_s.calendar_id == calendar_id, _s.begins_at >= begins, _s.begins_at < ends)
                for calendar_id, day in sorted(days, key=str)
                for begins, ends in [day_bounds(day)]
            )
        )
        rows = self._db.execute(
            select(*_SLOT)
            .where(on_a_day, _s.taken < _s.capacity, *which)
            .order_by(_s.begins_at, _s.slot_id)
            .limit(at_most)
        )
        return [Slot(*row) for row in rows]

    @staticmethod
    def _nearest(first: Slot, seconds: Iterable[Slot]) -> Slot | None:
        """The one at the nearest hour of the day."""

        def closeness(second: Slot) -> tuple[int, int]:
            return abs(_minutes(second.begins_at) - _minutes(first.begins_at)), second.slot_id

        return min(seconds, key=closeness, default=None)


def _second_day(track: Track, first_day: date, places: dict[int, Counter[date]]) -> date | None:
    """The soonest day for the second dose that costs nobody else their pair, as `seconds_for` orders them."""
    interval = track.product.interval_on(first_day)
    if track.second_id is None or interval is None:
        return None
    opens, closes = interval.window(first_day)
    firsts, seconds = places[track.first_id], places[track.second_id]
    days = sorted(day for day in seconds if opens <= day <= closes)
    if len(days) < 2:
        return next(iter(days), None)
    interval_on = track.product.interval_on
    most = match_days(firsts, seconds, interval_on).total()
    others = firsts - Counter({first_day: 1})
    for day in days:
        if match_days(others, seconds - Counter({day: 1}), interval_on).total() >= most - 1:
            return day
    return days[0]


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """When a local day begins, and when the next one does."""
    return (
        datetime.combine(day, time(), PRAGUE),
        datetime.combine(day + timedelta(days=1), time(), PRAGUE),
    )


def _minutes(moment: datetime) -> int:
    local = moment.astimezone(PRAGUE)
    return local.hour * 60 + local.minute
