"""Dates that are changed or cancelled: the old ones are kept until the new ones are sure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, select

from core.calendars import Pair, Round, Slot
from core.products import Product
from core.states import DOSE, HAS_DATES, Reserving
from core.store import tables as t
from core.store.pairs import IsWanted, PairFinder, on_days
from core.store.places import Places, slot_ids
from core.store.reservation_rows import SLOT, Picked, Reservation, ReservationRows, State
from core.store.reservations import MOST_TRIES, Lapsed, PairTaken
from core.store.site_pauses import pauses_on
from core.store.supply import SupplyBook
from core.world import World

_s, _c, _d = t.slots.c, t.calendars.c, t.doses.c
ANY_DAY: Final = on_days()
_OPEN: Final = select(*SLOT).join(t.calendars).where(~pauses_on(_c.site_id, _s.begins_at))
"""Slots on days on which their site does not pause."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A reservation before and after."""

    before: Reservation
    after: Reservation


@dataclass(frozen=True, slots=True)
class NothingToChange:
    """She has no dates, or those that she has have begun."""


HoldNewOutcome: TypeAlias = Reservation | PairTaken | NothingToChange
ChangeOutcome: TypeAlias = Changed | Lapsed | NothingToChange
MoveOutcome: TypeAlias = Changed | PairTaken | NothingToChange


class RebookingBook:
    """Confirmed rows of `reservations` and their places.

    A hold of other dates is a row of its own that names what it changes; while it lasts, the person has
    places in both. Rows are locked in the order registration, reservation, slots by id, as everywhere.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._rows = ReservationRows(db)
        self._places = Places(db)
        self._supply = SupplyBook(db)

    def dates_of(self, registration_id: int) -> Reservation | None:
        """The dates that somebody has; not those that she only holds."""
        found = self._rows.living(registration_id)
        return found if found and found.state in HAS_DATES else None

    # -- Both dates ----------------------------------------------------------------------------------------

    def hold_new(
        self, registration_id: int, picked: Picked, *, site_id: UUID, world: World, now: datetime
    ) -> HoldNewOutcome:
        """Keep another pair for somebody while she decides; her dates stay hers.

        Should only the second date be gone, the next best one follows the first. Of another vaccine than
        hers there must be a course in sight, as for whoever books.
        """
        self._rows.lock(registration_id)
        dates = self.dates_of(registration_id)
        if dates is None or not is_all_ahead(dates, now):
            return NothingToChange()
        self._drop_hold(registration_id)
        pair = self._rows.chosen(picked, site_id, world, now)
        for _ in range(MOST_TRIES):
            if pair is None or not self._supply.lasts_for(
                pair, site_id, world, now=now, instead_of=dates.first
            ):
                return PairTaken()
            if self._places.move(taken=slot_ids(pair.first, pair.second)):
                until = now + world.hold_for
                return self._rows.add_hold(
                    registration_id, pair, until=until, now=now, changing_of=dates.reservation_id
                )
            pair = self._rows.another(pair, world) if pair.second else None
        return PairTaken()

    def exchange(self, registration_id: int, *, world: World, now: datetime) -> ChangeOutcome:
        """Make the held dates hers and give back the old ones; a hold that lapsed is taken if it still can.

        Lapsed tells that the old dates stay.
        """
        self._rows.lock(registration_id)
        dates, hold = self.dates_of(registration_id), self._rows.change_of(registration_id)
        if dates is None:
            return NothingToChange()
        if hold is None or hold.first.begins_at < now or not is_all_ahead(dates, now):
            return Lapsed()
        if self._rows.move(hold.reservation_id, Reserving.EXCHANGED):
            self._places.move(freed=dates.slot_ids)
        elif hold.state is State.LAPSED and self._take_again(hold, dates, world, now):
            self._rows.move(hold.reservation_id, Reserving.EXCHANGED_LATE)
        else:
            return Lapsed()
        return self._changed(dates, Pair(hold.first, hold.second))

    def _take_again(self, hold: Reservation, dates: Reservation, world: World, now: datetime) -> bool:
        """Since the hold lapsed its places and its vaccine are anybody's."""
        pair, site_id = Pair(hold.first, hold.second), self._rows.site_of(hold.first)
        is_in_sight = self._supply.lasts_for(pair, site_id, world, now=now, instead_of=dates.first)
        return is_in_sight and self._places.move(taken=hold.slot_ids, freed=dates.slot_ids)

    def let_go_new(self, registration_id: int) -> bool:
        """Free the dates that somebody holds instead of hers; False when there are none."""
        self._rows.lock(registration_id)
        return self._drop_hold(registration_id)

    def _drop_hold(self, registration_id: int) -> bool:
        hold = self._rows.change_of(registration_id)
        if hold is None or not self._rows.move(hold.reservation_id, Reserving.LET_GO):
            return False
        return self._places.move(freed=hold.slot_ids)

    # -- The second date -----------------------------------------------------------------------------------

    def seconds(
        self,
        registration_id: int,
        world: World,
        *,
        now: datetime,
        at_most: int,
        is_wanted: IsWanted = ANY_DAY,
    ) -> list[Slot]:
        """Free second dates for the first one that somebody has or had, soonest first.

        All are within the interval of the product; where her first dose is recorded, of the one that was
        given, from the day when it was.
        """
        dates = self.dates_of(registration_id)
        window = self._window(dates, world) if dates else None
        if dates is None or dates.second is None or window is None or not may_change_second(dates, now):
            return []
        calendar_ids, opens, closes = window
        free = self._db.execute(
            _OPEN.where(_s.calendar_id.in_(calendar_ids), _s.taken < _s.capacity)
            .where(_s.begins_at >= now + world.lead, _s.slot_id != dates.second.slot_id)
            .order_by(_s.begins_at, _s.slot_id)
        )
        slots = (Slot(*row) for row in free)
        fitting = (slot for slot in slots if opens <= slot.day <= closes and is_wanted(slot.day))
        return [slot for _, slot in zip(range(at_most), fitting, strict=False)]

    def change_second(
        self, registration_id: int, slot_id: int, *, world: World, now: datetime
    ) -> MoveOutcome:
        """Take another second date and give back the old one, also one that she has missed."""
        self._rows.lock(registration_id)
        dates = self.dates_of(registration_id)
        if dates is None or dates.second is None or not may_change_second(dates, now):
            return NothingToChange()
        row = self._db.execute(_OPEN.where(_s.slot_id == slot_id)).first()
        second = Slot(*row) if row else None
        window = self._window(dates, world)
        if second is None or window is None or second.begins_at < now + world.lead:
            return PairTaken()
        calendar_ids, opens, closes = window
        if second.calendar_id not in calendar_ids or not opens <= second.day <= closes:
            return PairTaken()
        if not self._places.move(taken=[slot_id], freed=[dates.second.slot_id]):
            return PairTaken()
        return self._changed(dates, Pair(dates.first, second))

    # -- Whoever asks --------------------------------------------------------------------------------------

    def change_to(self, dates: Reservation, pair: Pair) -> MoveOutcome:
        """Give somebody these dates and free hers, as a site that moves a day does; nobody is asked here."""
        self._rows.lock(dates.registration_id)
        now_has = self.dates_of(dates.registration_id)
        if now_has is None or (now_has.state, now_has.slot_ids) != (dates.state, dates.slot_ids):
            return NothingToChange()
        if not self._places.move(taken=slot_ids(pair.first, pair.second), freed=dates.slot_ids):
            return PairTaken()
        return self._changed(dates, pair)

    def cancel(self, registration_id: int, *, now: datetime) -> Reservation | NothingToChange:
        """Free both places, and a hold of others; nobody cancels what has begun."""
        self._rows.lock(registration_id)
        dates = self.dates_of(registration_id)
        if dates is None or not is_all_ahead(dates, now):
            return NothingToChange()
        if not self._rows.move(dates.reservation_id, Reserving.CANCELLED):
            return NothingToChange()
        self._drop_hold(registration_id)
        self._places.move(freed=dates.slot_ids)
        return dates

    # -- Parts ---------------------------------------------------------------------------------------------

    def _changed(self, dates: Reservation, pair: Pair) -> Changed:
        is_set = self._rows.set_dates(dates, pair)
        after = self._rows.get(dates.reservation_id)
        assert is_set and after, "her registration is locked"  # noqa: S101, PT018
        return Changed(dates, after)

    def _window(self, dates: Reservation, world: World) -> tuple[list[int], date, date] | None:
        """The calendars of second dates that follow a first one, and the days that it may be on."""
        track = PairFinder(self._db, world.products).track_of(dates.first.calendar_id)
        if track is None or track.second_id is None:
            return None
        product, day, calendar_ids = track.product, dates.first.day, [track.second_id]
        if given := self._given(dates, world):
            product, day = given
            if product != track.product:
                calendar_ids = self._seconds_of(self.booked(dates, world)[0], product, world)
        interval = product.interval_on(day)
        return (calendar_ids, *interval.window(day)) if interval else None

    def booked(self, dates: Reservation, world: World) -> tuple[UUID, Product | None]:
        """The site and the vaccine of somebody's dates; None for one that we do not know."""
        found = select(_c.site_id, _c.product).where(_c.calendar_id == dates.first.calendar_id)
        site_id, written = self._db.execute(found).one()
        return site_id, world.products.find(written)

    def _given(self, dates: Reservation, world: World) -> tuple[Product, date] | None:
        """The vaccine and the day of the first dose, as it is recorded."""
        first = select(_d.product, _d.given_on).where(
            _d.reservation_id == dates.reservation_id, _d.dose_number == 1, _d.state == DOSE.begins_as
        )
        row = self._db.execute(first).first()
        return (world.products.by_key[row.product], row.given_on) if row else None

    def _seconds_of(self, site_id: UUID, product: Product, world: World) -> list[int]:
        """The calendars of second doses of a vaccine at a site."""
        seconds = select(_c.calendar_id, _c.product).where(_c.site_id == site_id, _c.round == Round.SECOND)
        return [
            row.calendar_id
            for row in self._db.execute(seconds)
            if world.products.find(row.product) == product
        ]


def is_all_ahead(dates: Reservation, now: datetime) -> bool:
    """Nothing of it has begun: both dates may be changed or cancelled."""
    return dates.state is State.CONFIRMED and dates.first.begins_at > now


def may_change_second(dates: Reservation, now: datetime) -> bool:
    """The second date is ahead, or the site saw her come to the first one and not to this."""
    return dates.second is not None and (dates.state is State.ARRIVED or dates.second.begins_at > now)
