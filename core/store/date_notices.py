"""What people are told about their dates without asking: nothing twice, nothing that is no longer true."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, select, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import SMS_CHANNEL, Address, MtState, notice_address
from core.states import HAS_DATES
from core.store import tables as t
from core.store.pairs import day_bounds

REMINDER: Final = "reminder"
MISSED: Final = "missed"
MOVED: Final = "moved"
SECOND_UNFIT: Final = "second_unfit"
PURPOSES: Final = (REMINDER, MISSED, MOVED, SECOND_UNFIT)

_r, _v, _s, _n, _o = (
    t.registrations.c,
    t.reservations.c,
    t.slots.c,
    t.date_notices.c,
    t.outbox.c,
)


@dataclass(frozen=True, slots=True)
class DateOf:
    """One date of somebody: her first or second dose."""

    reservation_id: int
    registration_id: int
    slot_id: int
    dose: int
    begins_at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to tell, in which language and where, and the site it is about."""

    registration_id: int
    name: str = field(repr=False)
    language: str
    address: Address = field(repr=False)
    site: str
    site_address: str
    service: str


class DateNoticeBook:
    """The `date_notices` table, and the notices of `outbox` that are about dates."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def to_remind(self, day: date, *, now: datetime, at_most: int) -> list[DateOf]:
        """Dates to come on a local day of which nobody was reminded, soonest first; locked.

        Who changes her dates at this moment is left out: her new ones are found the next time.
        """
        due = union_all(*(_unreminded(dose, day, now) for dose in (1, 2))).subquery()
        locked = (
            select(due.c.registration_id)
            .join_from(due, t.registrations, _r.registration_id == due.c.registration_id)
            .order_by(due.c.begins_at, due.c.reservation_id)
            .limit(at_most)
            .with_for_update(key_share=True, skip_locked=True, of=t.registrations)
        )
        people = list(self._db.execute(locked).scalars())
        # Looked at anew under the locks: dates may have changed before they were ours.
        rows = self._db.execute(
            select(due)
            .where(due.c.registration_id.in_(people))
            .order_by(due.c.begins_at, due.c.reservation_id)
        )
        return [DateOf(*row) for row in rows]

    def claim(self, dates: Collection[DateOf], purpose: str, *, now: datetime) -> list[DateOf]:
        """Those of the dates that this transaction alone may tell about."""
        if not dates:
            return []
        rows = [
            {"reservation_id": d.reservation_id, "slot_id": d.slot_id, "purpose": purpose, "told_at": now}
            for d in dates
        ]
        new = upsert(t.date_notices).values(rows).on_conflict_do_nothing()
        claimed = self._db.execute(new.returning(_n.reservation_id, _n.slot_id))
        mine = {(row.reservation_id, row.slot_id) for row in claimed}
        return [d for d in dates if (d.reservation_id, d.slot_id) in mine]

    def recipients(self, registration_ids: Collection[int]) -> dict[int, Recipient]:
        """Whom to tell, by registration."""
        site = t.sites.c
        rows = self._db.execute(
            select(
                _r.registration_id,
                _r.first_name,
                _r.last_name,
                _r.phone,
                _r.language,
                _r.channel,
                _r.address,
                site.name.label("site"),
                site.address.label("site_address"),
                _r.service,
            )
            .join(t.sites, site.site_id == _r.site_id)
            .where(_r.registration_id.in_(registration_ids))
        )
        return {
            row.registration_id: Recipient(
                row.registration_id,
                f"{row.first_name} {row.last_name}",
                row.language,
                notice_address(Address(row.channel, row.address), row.phone),
                row.site,
                row.site_address,
                row.service,
            )
            for row in rows
        }

    def call_off(self, registration_id: int, *, now: datetime) -> int:
        """Keep what has not left of the notices about somebody's dates from leaving: they changed."""
        row = self._db.execute(
            select(_r.phone, _r.channel, _r.address).where(_r.registration_id == registration_id)
        ).one()
        hers = {Address(SMS_CHANNEL, row.phone), Address(row.channel, row.address)}
        queued = (
            update(t.outbox)
            .where(tuple_(_o.channel, _o.address).in_(hers), _o.registration_id == registration_id)
            .where(_o.purpose.in_(PURPOSES), _o.state == MtState.QUEUED)
        )
        return self._db.execute(queued.values(state=MtState.EXPIRED, settled_at=now)).rowcount


def _unreminded(dose: int, day: date, now: datetime) -> Select[tuple[int, int, int, int, datetime]]:
    begins, ends = day_bounds(day)
    slot: ColumnElement[int] = _v.first_slot_id if dose == 1 else _v.second_slot_id
    is_to_come = _v.state == "confirmed" if dose == 1 else _v.state.in_(HAS_DATES)
    was_told = exists().where(
        _n.reservation_id == _v.reservation_id, _n.slot_id == _s.slot_id, _n.purpose == REMINDER
    )
    return (
        select(_v.reservation_id, _v.registration_id, _s.slot_id, literal(dose).label("dose"), _s.begins_at)
        .select_from(t.slots.join(t.reservations, slot == _s.slot_id))
        .where(_s.begins_at >= max(begins, now), _s.begins_at < ends, _s.taken > 0)
        .where(is_to_come, _v.changing_of.is_(None), ~was_told)
    )
