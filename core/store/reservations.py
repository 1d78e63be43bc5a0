"""Dates held and confirmed by somebody who was invited."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, select, update

from core.calendars import Pair
from core.states import RESERVATION, Reserving
from core.store import tables as t
from core.store.pairs import PairFinder, on_days
from core.store.places import Places, slot_ids
from core.store.reservation_rows import Picked, Reservation, ReservationRows, State
from core.store.supply import SupplyBook
from core.world import World

_v = t.reservations.c
MOST_TRIES: Final = 3  # seconds tried for one first date before it counts as taken


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

    For every slot: taken = held + confirmed + arrived + done. Rows are locked in the order registration,
    reservation, slots by id. Changing dates that are confirmed is for :mod:`core.store.rebooking`.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._rows = ReservationRows(db)
        self._places = Places(db)
        self._supply = SupplyBook(db)

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
        instead_of: Reservation | None = None,
    ) -> list[Pair]:
        """The soonest bookable pairs of a site: on a local day, from one on, on a weekday (Monday is 1).

        Only of vaccine that is in sight for one more whole course, as planning counts it; whoever changes
        dates that she has, ``instead_of``, has her course of that vaccine already.
        """
        is_wanted = on_days(day=day, since=since, weekday=weekday)
        finder = PairFinder(self._db, world.products)
        supplies = self._supply.of_site(site_id, world, now=now)
        track = finder.track_of(instead_of.first.calendar_id) if instead_of else None
        has_course = {track.product.key} if track else set()
        return finder.find(
            site_id,
            not_before=now + world.lead,
            at_most=at_most,
            is_wanted=is_wanted,
            lacking={key for key, supply in supplies.items() if supply.lacks} - has_course,
        )

    def living_of(self, registration_id: int) -> Reservation | None:
        """The dates somebody holds or has."""
        return self._rows.living(registration_id)

    def hold(
        self, registration_id: int, picked: Picked, *, site_id: UUID, world: World, now: datetime
    ) -> HoldOutcome:
        """Keep a pair for somebody while she decides; what she held before is freed.

        Should only the second date be gone, the next best one follows the first. When the first is gone,
        what she held before stays.
        """
        self._rows.lock(registration_id)
        earlier = self.living_of(registration_id)
        if earlier and earlier.state is not State.HELD:
            return PairTaken()
        if earlier and not self._rows.keep(earlier):
            earlier = None
        freed = earlier.slot_ids if earlier else ()
        pair = self._rows.chosen(picked, site_id, world, now)
        for _ in range(MOST_TRIES):
            if pair is None or not self._supply.lasts_for(
                pair, site_id, world, now=now, instead_of=earlier.first if earlier else None
            ):
                return PairTaken()
            if self._places.move(taken=slot_ids(pair.first, pair.second), freed=freed):
                if earlier:
                    self._rows.move(earlier.reservation_id, Reserving.LET_GO)
                return self._rows.add_hold(registration_id, pair, until=now + world.hold_for, now=now)
            pair = self._rows.another(pair, world) if pair.second else None
        return PairTaken()

    def confirm(self, registration_id: int, *, world: World, now: datetime) -> ConfirmOutcome:
        """Make a hold final; one that lapsed is taken again if its places are still free."""
        self._rows.lock(registration_id)
        found = self._rows.latest(registration_id)
        if found is not None and found.state is State.CONFIRMED:
            return found
        if found is None or found.state not in (State.HELD, State.LAPSED):
            return Lapsed()
        if found.first.begins_at < now:
            return Lapsed()
        if found.state is State.HELD and self._rows.move(found.reservation_id, Reserving.CONFIRMED, now=now):
            return found
        # Released meanwhile: its places and its vaccine are anybody's.
        pair, site_id = Pair(found.first, found.second), self._rows.site_of(found.first)
        is_in_sight = self._supply.lasts_for(pair, site_id, world, now=now)
        if not (is_in_sight and self._places.move(taken=found.slot_ids)):
            return Lapsed()
        self._rows.move(found.reservation_id, Reserving.CONFIRMED_LATE, now=now)
        return found

    def let_go(self, registration_id: int) -> bool:
        """Free what somebody holds, or return False when she holds nothing; confirmed dates stay."""
        held = self._rows.held(registration_id)
        if held is None or not self._rows.move(held.reservation_id, Reserving.LET_GO):
            return False
        return self._places.move(freed=held.slot_ids)

    def release_lapsed(self, now: datetime, *, at_most: int = 1_000) -> int:
        """Free the dates of people who did not decide in time, and return how many there were."""
        may_lapse = _v.state.in_(RESERVATION.before(Reserving.LAPSED))
        lapsed = (
            select(_v.reservation_id)
            .where(_v.state == State.HELD, _v.hold_until <= now)
            .order_by(_v.hold_until)
            .limit(at_most)
            .with_for_update(skip_locked=True)
            .cte("over")  # looked for once: a subquery may be run again for each row, past its limit
        )
        rows = self._db.execute(
            update(t.reservations)
            .where(_v.reservation_id.in_(select(lapsed.c.reservation_id)), may_lapse)
            .values(state=RESERVATION.after(Reserving.LAPSED))
            .returning(_v.first_slot_id, _v.second_slot_id)
        ).all()
        self._places.move(freed=[i for row in rows for i in row if i is not None])
        return len(rows)
