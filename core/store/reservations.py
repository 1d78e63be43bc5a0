"""Dates held and confirmed. Places are taken and given back here and nowhere else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, insert, select, update

from core.calendars import Pair, Slot
from core.store import tables as t
from core.store.pairs import PairFinder, to_slot
from core.world import World

_s, _v = t.slots.c, t.reservations.c
_LIVING = ("held", "confirmed")
MOST_TRIES = 3  # seconds tried for one first date before it counts as taken


class State(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Reservation:
    """A pair of dates of one registration; ``second`` is None for a single-dose product."""

    reservation_id: int
    registration_id: int
    state: State
    first: Slot
    second: Slot | None
    hold_until: datetime


@dataclass(frozen=True, slots=True)
class Picked:
    """A pair as somebody chose it."""

    first_id: int
    second_id: int | None


@dataclass(frozen=True, slots=True)
class PairTaken:
    """Somebody else has it, or it can no longer be booked; offer again."""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Nothing is held any more, and the dates are gone."""


HoldOutcome: TypeAlias = Reservation | PairTaken
ConfirmOutcome: TypeAlias = Reservation | Lapsed


class ReservationBook:
    """The `reservations` table and the places taken in `slots`.

    For every slot: taken = held + confirmed (+ done). Rows are locked in the order registration, reservation,
    slots by id.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def offers(
        self,
        site_id: UUID,
        world: World,
        *,
        now: datetime,
        at_most: int,
        day: date | None = None,
        since: date | None = None,
        weekday: int | None = None,
    ) -> list[Pair]:
        """The soonest bookable pairs of a site: on a local day, from one on, on a weekday (Monday is 1)."""

        def is_wanted(first: date) -> bool:
            return (
                (day is None or first == day)
                and (since is None or first >= since)
                and (weekday is None or first.isoweekday() == weekday)
            )

        finder = PairFinder(self._db, world.products)
        return finder.find(site_id, not_before=now + world.lead, at_most=at_most, is_wanted=is_wanted)

    def living_of(self, registration_id: int) -> Reservation | None:
        """The dates somebody holds or has."""
        return self._latest(registration_id, _v.state.in_(_LIVING))

    def hold(
        self, registration_id: int, picked: Picked, *, site_id: UUID, world: World, now: datetime
    ) -> HoldOutcome:
        """Keep a pair for somebody while she decides; what she held before is freed.

        Should only the second date be gone, the next best one follows the first. When the first is gone,
        what she held before stays.
        """
        self._lock(registration_id)
        earlier = self.living_of(registration_id)
        if earlier and earlier.state is not State.HELD:
            return PairTaken()
        pair = self._chosen(picked, site_id, world, now)
        for _ in range(MOST_TRIES):
            if pair is None:
                return PairTaken()
            freed = _slot_ids(earlier.first, earlier.second) if earlier else ()
            if self._move(_changes(taken=_slot_ids(pair.first, pair.second), freed=freed)):
                if earlier:
                    self._set(earlier.reservation_id, State.HELD, State.CANCELLED)
                return self._add(registration_id, pair, world, now)
            pair = self._another(pair, world) if pair.second else None
        return PairTaken()

    def confirm(self, registration_id: int, *, world: World, now: datetime) -> ConfirmOutcome:
        """Make a hold final; one that lapsed is taken again if its places are still free."""
        self._lock(registration_id)
        found = self._latest(registration_id)
        if found is None or found.state in (State.CANCELLED, State.DONE):
            return Lapsed()
        if found.state is State.CONFIRMED:
            return found
        if found.first.begins_at < now:
            return Lapsed()
        if found.state is State.HELD and self._set(
            found.reservation_id, State.HELD, State.CONFIRMED, confirmed_at=now
        ):
            return found
        # Released meanwhile: its places are anybody's.
        if not self._move(_changes(taken=_slot_ids(found.first, found.second))):
            return Lapsed()
        self._set(found.reservation_id, State.LAPSED, State.CONFIRMED, confirmed_at=now)
        return found

    def let_go(self, registration_id: int) -> bool:
        """Free what somebody holds, or return False when she holds nothing; confirmed dates stay."""
        held = self._latest(registration_id, _v.state == State.HELD)
        if held is None or not self._set(held.reservation_id, State.HELD, State.CANCELLED):
            return False
        return self._move(_changes(freed=_slot_ids(held.first, held.second)))

    def release_lapsed(self, now: datetime, *, at_most: int = 1_000) -> int:
        """Free the dates of people who did not decide in time, and return how many there were."""
        lapsed = (
            select(_v.reservation_id)
            .where(_v.state == State.HELD, _v.hold_until <= now)
            .order_by(_v.hold_until)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        rows = self._db.execute(
            update(t.reservations)
            .where(_v.reservation_id.in_(lapsed), _v.state == State.HELD)
            .values(state=State.LAPSED)
            .returning(_v.first_slot_id, _v.second_slot_id)
        ).all()
        self._move(_changes(freed=[i for row in rows for i in row if i is not None]))
        return len(rows)

    # -- Places --------------------------------------------------------------------------------------------

    def _move(self, changes: Mapping[int, int]) -> bool:
        """Take and give back places, all or none; the rows are locked in the order of their ids."""
        done: list[tuple[int, int]] = []
        for slot_id, places in sorted(changes.items()):
            if not self._change(slot_id, places):
                # Our own locks are on these rows: nobody saw them taken.
                for taken_id, before in done:
                    self._change(taken_id, -before)
                return False
            done.append((slot_id, places))
        return True

    def _change(self, slot_id: int, places: int) -> bool:
        moved = _TAKE if places > 0 else _GIVE
        return self._db.execute(moved, {"slot": slot_id, "places": places}).rowcount == 1

    # -- Rows ----------------------------------------------------------------------------------------------

    def _lock(self, registration_id: int) -> None:
        """Two turns about one registration go one after the other."""
        r = t.registrations.c
        mine = select(r.registration_id).where(r.registration_id == registration_id)
        self._db.execute(mine.with_for_update(key_share=True))

    def _latest(self, registration_id: int, *which: ColumnElement[bool]) -> Reservation | None:
        first, second = t.slots.alias("first"), t.slots.alias("second")
        row = self._db.execute(
            select(
                _v.reservation_id,
                _v.state,
                _v.hold_until,
                *(first.c[name].label(f"first_{name}") for name in _SLOT_NAMES),
                *(second.c[name].label(f"second_{name}") for name in _SLOT_NAMES),
            )
            .select_from(t.reservations)
            .join(first, first.c.slot_id == _v.first_slot_id)
            .outerjoin(second, second.c.slot_id == _v.second_slot_id)
            .where(_v.registration_id == registration_id, *which)
            .order_by(_v.reservation_id.desc())
            .limit(1)
        ).first()
        if row is None:
            return None
        slots = [
            Slot(*(getattr(row, f"{side}_{name}") for name in _SLOT_NAMES)) for side in ("first", "second")
        ]
        has_second = row.second_slot_id is not None
        return Reservation(
            row.reservation_id,
            registration_id,
            State(row.state),
            slots[0],
            slots[1] if has_second else None,
            row.hold_until,
        )

    def _chosen(self, picked: Picked, site_id: UUID, world: World, now: datetime) -> Pair | None:
        """The pair as it is now, if it is one of this site's and may still be booked."""
        ids = [i for i in (picked.first_id, picked.second_id) if i is not None]
        c = t.calendars.c
        rows = self._db.execute(
            select(*(_s[name] for name in _SLOT_NAMES))
            .join(t.calendars, c.calendar_id == _s.calendar_id)
            .where(_s.slot_id.in_(ids), c.site_id == site_id)
        )
        slots = {row.slot_id: to_slot(row) for row in rows}
        first = slots.get(picked.first_id)
        if first is None or first.begins_at < now + world.lead:
            return None
        finder = PairFinder(self._db, world.products)
        track = finder.track_of(first.calendar_id)
        if track is None:
            return None
        if track.second_id is None:
            return Pair(first, None)
        second = slots.get(picked.second_id) if picked.second_id is not None else None
        interval = track.product.interval_on(first.day)
        if second is None or interval is None or second.calendar_id != track.second_id:
            return None
        opens, closes = interval.window(first.day)
        return Pair(first, second) if opens <= second.day <= closes else None

    def _another(self, pair: Pair, world: World) -> Pair | None:
        """The same first date with another second one, if the first is still free."""
        row = self._db.execute(
            select(*(_s[name] for name in _SLOT_NAMES)).where(
                _s.slot_id == pair.first.slot_id, _s.taken < _s.capacity
            )
        ).first()
        finder = PairFinder(self._db, world.products)
        track = finder.track_of(pair.first.calendar_id)
        if row is None or track is None:
            return None
        first = to_slot(row)
        second = finder.second_for(track, first)
        return Pair(first, second) if second else None

    def _add(self, registration_id: int, pair: Pair, world: World, now: datetime) -> Reservation:
        until = now + world.hold_for
        held = insert(t.reservations).values(
            registration_id=registration_id,
            state=State.HELD,
            first_slot_id=pair.first.slot_id,
            second_slot_id=pair.second.slot_id if pair.second else None,
            held_at=now,
            hold_until=until,
        )
        reservation_id = self._db.execute(held.returning(_v.reservation_id)).scalar_one()
        return Reservation(int(reservation_id), registration_id, State.HELD, pair.first, pair.second, until)

    def _set(self, reservation_id: int, old: State, new: State, **values: object) -> bool:
        moved = update(t.reservations).where(_v.reservation_id == reservation_id, _v.state == old)
        return self._db.execute(moved.values(state=new, **values)).rowcount == 1


_SLOT_NAMES = ("slot_id", "calendar_id", "begins_at", "capacity", "taken")
_TAKE = (
    update(t.slots)
    .where(_s.slot_id == bindparam("slot"), _s.taken + bindparam("places") <= _s.capacity)
    .values(taken=_s.taken + bindparam("places"))
)
_GIVE = update(t.slots).where(_s.slot_id == bindparam("slot")).values(taken=_s.taken + bindparam("places"))


def _slot_ids(first: Slot, second: Slot | None) -> tuple[int, ...]:
    return (first.slot_id,) if second is None else (first.slot_id, second.slot_id)


def _changes(*, taken: tuple[int, ...] = (), freed: tuple[int, ...] | list[int] = ()) -> dict[int, int]:
    """Places to take (above 0) and to give back (below 0) per slot; what is both, is neither."""
    changes = Counter(taken)
    changes.subtract(Counter(freed))
    return {slot_id: places for slot_id, places in changes.items() if places}
