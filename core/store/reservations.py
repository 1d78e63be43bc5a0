"""Dates held and confirmed. Places are taken and given back here and nowhere else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, Connection, DateTime, Select, and_, bindparam, func, insert, select, update

from core.calendars import Pair, Round, Slot
from core.products import Product
from core.store import tables as t
from core.store.pairs import PairFinder
from core.world import World

_s, _v = t.slots.c, t.reservations.c
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
        return self._latest(registration_id, _LIVING)

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
        held = self._latest(registration_id, _HELD)
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
        self._db.execute(_LOCK, {"registration": registration_id})

    def _latest(self, registration_id: int, which: Select[Any] | None = None) -> Reservation | None:
        found = _LATEST if which is None else which
        row = self._db.execute(found, {"registration": registration_id}).first()
        if row is None:
            return None
        reservation_id, state, hold_until, *slots = row
        first, second = slots[: len(_SLOT)], slots[len(_SLOT) :]
        return Reservation(
            reservation_id,
            registration_id,
            State(state),
            Slot(*first),
            None if second[0] is None else Slot(*second),
            hold_until,
        )

    def _chosen(self, picked: Picked, site_id: UUID, world: World, now: datetime) -> Pair | None:
        """The pair as it is now, if it is one of this site's and may still be booked."""
        chosen = {"first": picked.first_id, "second": picked.second_id, "site": site_id}
        row = self._db.execute(_CHOSEN, chosen).first()
        product = world.products.find(row[0]) if row else None
        if row is None or product is None:
            return None
        first = Slot(*row[2 : 2 + len(_SLOT)])
        if first.begins_at < now + world.lead:
            return None
        return Pair(first, None) if product.is_single_dose else self._with_second(first, product, row, world)

    @staticmethod
    def _with_second(first: Slot, product: Product, row: Any, world: World) -> Pair | None:
        _, second_product, *slots = row
        interval = product.interval_on(first.day)
        if slots[-1] is None or interval is None or world.products.find(second_product) != product:
            return None
        second = Slot(*slots[len(_SLOT) :])
        opens, closes = interval.window(first.day)
        return Pair(first, second) if opens <= second.day <= closes else None

    def _another(self, pair: Pair, world: World) -> Pair | None:
        """The same first date with another second one, if the first is still free."""
        row = self._db.execute(_FREE, {"slot": pair.first.slot_id}).first()
        finder = PairFinder(self._db, world.products)
        track = finder.track_of(pair.first.calendar_id)
        if row is None or track is None:
            return None
        first = Slot(*row)
        second = finder.second_for(track, first)
        return Pair(first, second) if second else None

    def _add(self, registration_id: int, pair: Pair, world: World, now: datetime) -> Reservation:
        until = now + world.hold_for
        reservation_id = self._db.execute(
            _ADD,
            {
                "registration_id": registration_id,
                "state": State.HELD,
                "first_slot_id": pair.first.slot_id,
                "second_slot_id": pair.second.slot_id if pair.second else None,
                "held_at": now,
                "hold_until": until,
            },
        ).scalar_one()
        return Reservation(int(reservation_id), registration_id, State.HELD, pair.first, pair.second, until)

    def _set(
        self, reservation_id: int, old: State, new: State, *, confirmed_at: datetime | None = None
    ) -> bool:
        moved = {"reservation": reservation_id, "old": old, "new": new, "at": confirmed_at}
        return self._db.execute(_SET, moved).rowcount == 1


# Built once: building a statement costs more than running it.

_SLOT = (_s.slot_id, _s.calendar_id, _s.begins_at, _s.capacity, _s.taken)
_first, _second = t.slots.alias("first"), t.slots.alias("second")
_FIRST = tuple(_first.c[column.name] for column in _SLOT)
_SECOND = tuple(_second.c[column.name] for column in _SLOT)
_LOCK = (
    select(t.registrations.c.registration_id)
    .where(t.registrations.c.registration_id == bindparam("registration"))
    .with_for_update(key_share=True)
)
_LATEST = (
    select(_v.reservation_id, _v.state, _v.hold_until, *_FIRST, *_SECOND)
    .select_from(t.reservations)
    .join(_first, _first.c.slot_id == _v.first_slot_id)
    .outerjoin(_second, _second.c.slot_id == _v.second_slot_id)
    .where(_v.registration_id == bindparam("registration"))
    .order_by(_v.reservation_id.desc())
    .limit(1)
)
_LIVING = _LATEST.where(_v.state.in_([State.HELD, State.CONFIRMED]))
_HELD = _LATEST.where(_v.state == State.HELD)
_begun, _linked = t.calendars.alias("begun"), t.calendars.alias("linked")
_CHOSEN = (
    select(_begun.c.product, _linked.c.product, *_FIRST, *_SECOND)
    .select_from(_first)
    .join(_begun, _begun.c.calendar_id == _first.c.calendar_id)
    .outerjoin(
        _linked,
        and_(
            _linked.c.calendar_id == _begun.c.linked_id,
            _linked.c.site_id == _begun.c.site_id,
            _linked.c.round == Round.SECOND,
        ),
    )
    .outerjoin(
        _second,
        and_(
            _second.c.slot_id == bindparam("second", type_=BigInteger),
            _second.c.calendar_id == _linked.c.calendar_id,
        ),
    )
    .where(
        _first.c.slot_id == bindparam("first"),
        _begun.c.site_id == bindparam("site"),
        _begun.c.round == Round.FIRST,
    )
)
_FREE = select(*_SLOT).where(_s.slot_id == bindparam("slot"), _s.taken < _s.capacity)
_TAKE = (
    update(t.slots)
    .where(_s.slot_id == bindparam("slot"), _s.taken + bindparam("places") <= _s.capacity)
    .values(taken=_s.taken + bindparam("places"))
)
_GIVE = update(t.slots).where(_s.slot_id == bindparam("slot")).values(taken=_s.taken + bindparam("places"))
_ADD = insert(t.reservations).returning(_v.reservation_id)
_SET = (
    update(t.reservations)
    .where(_v.reservation_id == bindparam("reservation"), _v.state == bindparam("old"))
    .values(
        state=bindparam("new"),
        confirmed_at=func.coalesce(bindparam("at", type_=DateTime(timezone=True)), _v.confirmed_at),
    )
)


def _slot_ids(first: Slot, second: Slot | None) -> tuple[int, ...]:
    return (first.slot_id,) if second is None else (first.slot_id, second.slot_id)


def _changes(*, taken: tuple[int, ...] = (), freed: tuple[int, ...] | list[int] = ()) -> dict[int, int]:
    """Places to take (above 0) and to give back (below 0) per slot; what is both, is neither."""
    changes = Counter(taken)
    changes.subtract(Counter(freed))
    return {slot_id: places for slot_id, places in changes.items() if places}
