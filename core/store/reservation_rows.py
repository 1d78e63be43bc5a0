"""Rows of `reservations`, read and moved from state to state; what they mean is for the books."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Select,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from core.calendars import Pair, Round, Slot
from core.products import Product
from core.states import IS_LIVING, RESERVATION, Reserving
from core.store import tables as t
from core.store.pairs import PairFinder
from core.store.places import slot_ids
from core.store.site_pauses import pauses_on
from core.world import World

_s, _v = t.slots.c, t.reservations.c


class State(StrEnum):
    """As `core.states.RESERVATION` has them."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    EXCHANGED = "exchanged"
    ARRIVED = "arrived"
    MISSED = "missed"
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

    @property
    def slot_ids(self) -> tuple[int, ...]:
        """The slots that it has places in."""
        return slot_ids(self.first, self.second)


@dataclass(frozen=True, slots=True)
class Picked:
    """A pair as somebody chose it."""

    first_id: int
    second_id: int | None


class ReservationRows:
    """One registration at a time; rows are locked in the order registration, reservation, slots by id."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def lock(self, registration_id: int) -> None:
        """Two turns about one registration go one after the other."""
        self._db.execute(_LOCK, {"registration": registration_id})

    def latest(self, registration_id: int) -> Reservation | None:
        """What somebody holds, has or had last."""
        return self._one(_LATEST, registration_id)

    def living(self, registration_id: int) -> Reservation | None:
        """The dates somebody holds or has."""
        return self._one(_LIVING, registration_id)

    def held(self, registration_id: int) -> Reservation | None:
        """The dates somebody holds, not confirmed yet."""
        return self._one(_HELD, registration_id)

    def keep(self, held: Reservation) -> bool:
        """Keep a hold from lapsing until the commit; False when it has: its places are anybody's."""
        return self._db.execute(_KEEP, {"reservation": held.reservation_id}).first() is not None

    def change_of(self, registration_id: int) -> Reservation | None:
        """The latest hold of other dates for somebody who has some."""
        return self._one(_CHANGE, registration_id)

    def get(self, reservation_id: int) -> Reservation | None:
        """One reservation, whatever has become of it."""
        row = self._db.execute(_GET, {"reservation": reservation_id}).first()
        return None if row is None else _reservation(row)

    def slot(self, slot_id: int) -> Slot | None:
        """A slot as it is now."""
        row = self._db.execute(select(*SLOT).where(_s.slot_id == slot_id)).first()
        return None if row is None else Slot(*row)

    def _one(self, which: Select[Any], registration_id: int) -> Reservation | None:
        row = self._db.execute(which, {"registration": registration_id}).first()
        return None if row is None else _reservation(row)

    def add_hold(
        self,
        registration_id: int,
        pair: Pair,
        *,
        until: datetime,
        now: datetime,
        changing_of: int | None = None,
    ) -> Reservation:
        """Write a hold; its places are the caller's to take."""
        row = {
            "registration_id": registration_id,
            "state": RESERVATION.begins_as,
            "first_slot_id": pair.first.slot_id,
            "second_slot_id": pair.second.slot_id if pair.second else None,
            "held_at": now,
            "hold_until": until,
            "changing_of": changing_of,
        }
        reservation_id = int(self._db.execute(_ADD, row).scalar_one())
        return Reservation(reservation_id, registration_id, State.HELD, pair.first, pair.second, until)

    def move(self, reservation_id: int, event: Reserving, *, now: datetime | None = None) -> bool:
        """Let something happen to a reservation; False when it is in no state for that any more."""
        return self._db.execute(_MOVE[event], {"reservation": reservation_id, "at": now}).rowcount == 1

    def set_dates(self, known: Reservation, pair: Pair) -> bool:
        """Give a reservation other dates; False when it is not as it was known any more."""
        second = {"second": pair.second.slot_id if pair.second else None}
        before = {"first_before": known.first.slot_id, "state_before": known.state}
        new = {"reservation": known.reservation_id, "first": pair.first.slot_id, **second, **before}
        return self._db.execute(_SET_DATES, new).rowcount == 1

    def chosen(self, picked: Picked, site_id: UUID, world: World, now: datetime) -> Pair | None:
        """The pair as it is now, if it is one of this site's and may still be booked."""
        chosen = {"first": picked.first_id, "second": picked.second_id, "site": site_id}
        row = self._db.execute(_CHOSEN, chosen).first()
        product = world.products.find(row[0]) if row else None
        if row is None or product is None:
            return None
        first = Slot(*row[2 : 2 + len(SLOT)])
        if first.begins_at < now + world.lead:
            return None
        return Pair(first, None) if product.is_single_dose else _with_second(first, product, row, world)

    def site_of(self, first: Slot) -> UUID:
        """The site whose calendar a slot is in."""
        c = t.calendars.c
        found = select(c.site_id).where(c.calendar_id == first.calendar_id)
        site_id: UUID = self._db.execute(found).scalar_one()
        return site_id

    def another(self, pair: Pair, world: World) -> Pair | None:
        """The same first date with another second one, if the first is still free."""
        row = self._db.execute(_FREE, {"slot": pair.first.slot_id}).first()
        finder = PairFinder(self._db, world.products)
        track = finder.track_of(pair.first.calendar_id)
        if row is None or track is None:
            return None
        first = Slot(*row)
        second = finder.second_for(track, first)
        return Pair(first, second) if second else None


def _reservation(row: Iterable[Any]) -> Reservation:
    reservation_id, registration_id, state, hold_until, *slots = row
    first, second = slots[: len(SLOT)], slots[len(SLOT) :]
    return Reservation(
        reservation_id,
        registration_id,
        State(state),
        Slot(*first),
        None if second[0] is None else Slot(*second),
        hold_until,
    )


def _with_second(first: Slot, product: Product, row: Any, world: World) -> Pair | None:
    _, second_product, *slots = row
    interval = product.interval_on(first.day)
    if slots[-1] is None or interval is None or world.products.find(second_product) != product:
        return None
    second = Slot(*slots[len(SLOT) :])
    opens, closes = interval.window(first.day)
    return Pair(first, second) if opens <= second.day <= closes else None


# Built once: building a statement costs more than running it.

SLOT: Final = (_s.slot_id, _s.calendar_id, _s.begins_at, _s.capacity, _s.taken)
_first, _second = t.slots.alias("first"), t.slots.alias("second")
_FIRST = tuple(_first.c[column.name] for column in SLOT)
_SECOND = tuple(_second.c[column.name] for column in SLOT)
_LOCK = (
    select(t.registrations.c.registration_id)
    .where(t.registrations.c.registration_id == bindparam("registration"))
    .with_for_update(key_share=True)
)
_SEEN = (
    select(_v.reservation_id, _v.registration_id, _v.state, _v.hold_until, *_FIRST, *_SECOND)
    .select_from(t.reservations)
    .join(_first, _first.c.slot_id == _v.first_slot_id)
    .outerjoin(_second, _second.c.slot_id == _v.second_slot_id)
)
_GET = _SEEN.where(_v.reservation_id == bindparam("reservation"))
_NEWEST = (
    _SEEN.where(_v.registration_id == bindparam("registration")).order_by(_v.reservation_id.desc()).limit(1)
)
_LATEST = _NEWEST.where(_v.changing_of.is_(None))
_LIVING = _LATEST.where(_v.state.in_(IS_LIVING))
_HELD = _LATEST.where(_v.state == State.HELD)
_KEEP = (
    select(_v.reservation_id)
    .where(_v.reservation_id == bindparam("reservation"), _v.state == State.HELD)
    .with_for_update(key_share=True)
)
_CHANGE = _NEWEST.where(_v.changing_of.is_not(None))
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
        ~pauses_on(_begun.c.site_id, _first.c.begins_at),
        or_(_second.c.slot_id.is_(None), ~pauses_on(_begun.c.site_id, _second.c.begins_at)),
    )
)
_FREE = select(*SLOT).where(_s.slot_id == bindparam("slot"), _s.taken < _s.capacity)
_ADD = insert(t.reservations).returning(_v.reservation_id)
_NOTED = {
    Reserving.CONFIRMED: _v.confirmed_at,
    Reserving.CONFIRMED_LATE: _v.confirmed_at,
    Reserving.ARRIVED: _v.arrived_at,
    Reserving.COMPLETED: _v.done_at,
    Reserving.FIRST_WITHDRAWN: _v.arrived_at,
    Reserving.LAST_WITHDRAWN: _v.done_at,
    Reserving.ONLY_WITHDRAWN: _v.done_at,
}  # when that was; what is taken back is at no time
_MOVE = {
    event: update(t.reservations)
    .where(_v.reservation_id == bindparam("reservation"), _v.state.in_(RESERVATION.before(event)))
    .values(
        {_v.state: RESERVATION.after(event)}
        | ({_NOTED[event]: bindparam("at", type_=DateTime(timezone=True))} if event in _NOTED else {})
    )
    for event in Reserving
}
_SET_DATES = (
    update(t.reservations)
    .where(
        _v.reservation_id == bindparam("reservation"),
        _v.state == bindparam("state_before"),
        _v.first_slot_id == bindparam("first_before"),
    )
    .values(first_slot_id=bindparam("first"), second_slot_id=bindparam("second", type_=BigInteger))
)
