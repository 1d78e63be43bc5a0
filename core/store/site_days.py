"""Who is expected at a site on a day, and whoever of them came."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Select, exists, literal, or_, select, union_all

from core.calendars import Slot
from core.states import HAS_DATES
from core.store import tables as t
from core.store.pairs import day_bounds
from core.store.reservation_rows import SLOT, State
from core.store.site_pauses import pauses_on

_r, _v, _s, _c = t.registrations.c, t.reservations.c, t.slots.c, t.calendars.c
EXPECTED: Final = (*HAS_DATES, "missed", "done")


@dataclass(frozen=True, slots=True)
class Visit:
    """One date of somebody: her first or second dose."""

    reservation_id: int
    registration_id: int
    state: State
    dose: int
    slot_id: int
    begins_at: datetime
    name: str = field(repr=False)

    @property
    def has_come(self) -> bool:
        """The site noted it."""
        return self.state is State.DONE or (self.dose == 1 and self.state is State.ARRIVED)

    @property
    def is_awaited(self) -> bool:
        """She may still come to this date, as far as is known."""
        return self.state is State.CONFIRMED or (self.dose == 2 and self.state is State.ARRIVED)


class SiteDayBook:
    """Reads only."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def visits(self, site_id: UUID, day: date, states: Collection[str] = EXPECTED) -> list[Visit]:
        """The dates of a site on a local day, in their order."""
        both = union_all(_of_dose(1, site_id, day, states), _of_dose(2, site_id, day, states)).subquery()
        c = both.c
        rows = self._db.execute(select(both).order_by(c.begins_at, c.reservation_id))
        return [
            Visit(
                row.reservation_id,
                row.registration_id,
                State(row.state),
                row.dose,
                row.slot_id,
                row.begins_at,
                f"{row.first_name} {row.last_name}",
            )
            for row in rows
        ]

    def free(self, calendar_id: int, day: date, *, since: datetime) -> list[Slot]:
        """The slots of a calendar on a local day, not before then, with a place left; none in a pause."""
        begins, ends = day_bounds(day)
        rows = self._db.execute(
            select(*SLOT)
            .join(t.calendars)
            .where(_s.calendar_id == calendar_id, _s.taken < _s.capacity)
            .where(~pauses_on(_c.site_id, _s.begins_at))
            .where(_s.begins_at >= max(begins, since), _s.begins_at < ends)
        )
        return [Slot(*row) for row in rows]

    def with_attendance(self, day: date) -> list[UUID]:
        """The sites that noted at least one arrival on a local day: they keep attendance."""
        begins, ends = day_bounds(day)
        came = exists().where(
            or_(
                (_v.first_slot_id == _s.slot_id) & _v.state.in_(["arrived", "done"]),
                (_v.second_slot_id == _s.slot_id) & (_v.state == "done"),
            )
        )
        sites = (
            select(_c.site_id)
            .join_from(t.calendars, t.slots)
            .where(_s.begins_at >= begins, _s.begins_at < ends, _s.taken > 0, came)
            .distinct()
        )
        return sorted(self._db.execute(sites).scalars())


def _of_dose(dose: int, site_id: UUID, day: date, states: Collection[str]) -> Select[tuple[object, ...]]:
    begins, ends = day_bounds(day)
    slot = _v.first_slot_id if dose == 1 else _v.second_slot_id
    return (
        select(
            _v.reservation_id,
            _v.registration_id,
            _v.state,
            literal(dose).label("dose"),
            _s.slot_id,
            _s.begins_at,
            _r.first_name,
            _r.last_name,
        )
        .select_from(
            t.calendars.join(t.slots, _s.calendar_id == _c.calendar_id)
            .join(t.reservations, slot == _s.slot_id)
            .join(t.registrations, _r.registration_id == _v.registration_id)
        )
        .where(_c.site_id == site_id, _s.begins_at >= begins, _s.begins_at < ends)
        .where(_v.state.in_(states), _v.changing_of.is_(None))
    )
