"""What came of it all: how long people waited, which places were used, what became of the messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Date, cast, func, select, union_all

from core.calendars.calendar import PRAGUE, Round
from core.states import HAS_DATES, TAKES_PLACES
from core.store import tables as t


@dataclass(frozen=True, slots=True)
class Waited:
    """One living registration; None for what has not happened."""

    birth_date: date
    registered_at: datetime
    invited_at: datetime | None
    reserved_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlacesOn:
    """The places for first doses on one day, everywhere."""

    day: date
    places: int
    taken: int


@dataclass(frozen=True, slots=True)
class Messages:
    """All messages so far; ``by_state`` counts MTs."""

    mos: int
    mts: int
    segments: int
    by_state: Mapping[str, int]


class OutcomeBook:
    """Reads only, and all rows: for a report, not for a page."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def waits(self) -> list[Waited]:
        """Every living registration, in order."""
        r, i = t.registrations.c, t.invitations.c
        first = select(func.min(i.invited_at)).where(i.registration_id == r.registration_id).scalar_subquery()
        rows = self._db.execute(
            select(r.birth_date, r.registered_at, first, r.reserved_at)
            .where(r.ended_at.is_(None))
            .order_by(r.registration_id)
        )
        return [Waited(*row) for row in rows]

    def places(self, *, since: date) -> list[PlacesOn]:
        """Places for first doses from a local day on."""
        s, c = t.slots.c, t.calendars.c
        day = cast(func.timezone(PRAGUE.key, s.begins_at), Date)
        rows = self._db.execute(
            select(day, func.sum(s.capacity), func.sum(s.taken))
            .join(t.calendars, c.calendar_id == s.calendar_id)
            .where(c.round == Round.FIRST.value, day >= since)
            .group_by(day)
            .order_by(day)
        )
        return [PlacesOn(on, int(places), int(taken)) for on, places, taken in rows]

    def miscounted_slots(self) -> int:
        """How many slots are overbooked, or count others than hold them; 0 unless something is wrong."""
        s, v = t.slots.c, t.reservations.c
        held = union_all(
            *(
                select(column.label("slot_id")).where(column.is_not(None), v.state.in_(TAKES_PLACES))
                for column in (v.first_slot_id, v.second_slot_id)
            )
        ).subquery()
        holders = select(held.c.slot_id, func.count().label("held")).group_by(held.c.slot_id).subquery()
        counted = func.coalesce(holders.c.held, 0)
        wrong = (
            select(func.count())
            .select_from(t.slots.outerjoin(holders, holders.c.slot_id == s.slot_id))
            .where((s.taken > s.capacity) | (s.taken != counted))
        )
        return int(self._db.execute(wrong).scalar_one())

    def doses(self) -> tuple[int, int]:
        """Doses delivered, and doses that somebody has dates for."""
        m, v = t.stock_movements.c, t.reservations.c
        delivered = self._db.execute(select(func.coalesce(func.sum(m.doses), 0))).scalar_one()
        promised = self._db.execute(
            select(func.count() + func.count(v.second_slot_id)).where(v.state.in_((*HAS_DATES, "done")))
        ).scalar_one()
        return int(delivered), int(promised)

    def messages(self) -> Messages:
        """Count both ways."""
        o = t.outbox.c
        rows = self._db.execute(select(o.state, func.count(), func.sum(o.segments)).group_by(o.state)).all()
        mos = self._db.execute(select(func.count()).select_from(t.inbox)).scalar_one()
        return Messages(
            mos=int(mos),
            mts=sum(count for _, count, _ in rows),
            segments=sum(int(segments) for _, _, segments in rows),
            by_state={state: count for state, count, _ in sorted(rows)},
        )

    def handed_over(self) -> dict[int, int]:
        """The segments of every MT that an operator has, by its id."""
        o = t.outbox.c
        rows = self._db.execute(
            select(o.mt_id, o.segments).where(o.state.in_(["sent", "delivered", "unanswered"]))
        )
        return {row.mt_id: row.segments for row in rows}

    def waves(self) -> list[tuple[datetime, int]]:
        """When each wave was planned, and its size."""
        w = t.waves.c
        rows = self._db.execute(select(w.planned_at, w.size).where(w.size > 0).order_by(w.wave_id))
        return [(at, size) for at, size in rows]
