"""Which sites ask substitutes, and who is one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.sites.record import Event, Origin
from core.store import tables as t
from core.store.site_history import Happened, SiteHistoryBook
from core.substitutes import Day

_s, _u, _r = t.substitute_sites.c, t.substitutes.c, t.registrations.c


@dataclass(frozen=True, slots=True)
class AsksSite:
    """A site that asks substitutes, in which hours, and how many are there to ask."""

    site_id: UUID
    name: str
    day: Day
    people: int


class SubstituteBook:
    """The `substitute_sites` and `substitutes` tables."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    # -- Sites ---------------------------------------------------------------------------------------------

    def day_of(self, site_id: UUID) -> Day | None:
        """The hours in which a site asks substitutes; None where it asks nobody."""
        row = self._db.execute(select(_s.day_begins, _s.day_ends).where(_s.site_id == site_id)).first()
        return None if row is None else Day(*row)

    def enable(self, site_id: UUID, day: Day, origin: Origin, *, now: datetime) -> bool:
        """Let a site ask substitutes in these hours; False when it does already."""
        new = upsert(t.substitute_sites).values(
            site_id=site_id,
            day_begins=day.begins,
            day_ends=day.ends,
            enabled_by=origin.who,
            enabled_at=now,
        )
        changed = new.on_conflict_do_update(
            index_elements=["site_id"],
            set_={
                name: new.excluded[name] for name in ("day_begins", "day_ends", "enabled_by", "enabled_at")
            },
            where=(_s.day_begins != new.excluded.day_begins) | (_s.day_ends != new.excluded.day_ends),
        )
        is_new = self._db.execute(changed.returning(_s.site_id)).first() is not None
        if is_new:
            self._note(Happened(site_id, Event.ASKS_SUBSTITUTES, new=day.words()), origin, now)
        return is_new

    def disable(self, site_id: UUID, origin: Origin, *, now: datetime) -> bool:
        """Let a site ask nobody any more; False when it does not. Who is a substitute there stays one."""
        gone = self._db.execute(delete(t.substitute_sites).where(_s.site_id == site_id)).rowcount == 1
        if gone:
            self._note(Happened(site_id, Event.ASKS_NO_SUBSTITUTES), origin, now)
        return gone

    def sites(self) -> list[AsksSite]:
        """Every site that asks substitutes, by name."""
        living = exists().where(_u.registration_id == _r.registration_id, _u.until.is_(None))
        people = select(func.count()).where(_r.site_id == _s.site_id, living).scalar_subquery()
        rows = self._db.execute(
            select(_s.site_id, t.sites.c.name, _s.day_begins, _s.day_ends, people)
            .join_from(t.substitute_sites, t.sites)
            .order_by(t.sites.c.name, _s.site_id)
        )
        return [AsksSite(row[0], row[1], Day(row[2], row[3]), row[4]) for row in rows]

    def _note(self, happened: Happened, origin: Origin, now: datetime) -> None:
        SiteHistoryBook(self._db).note([happened], origin, now=now)

    # -- People --------------------------------------------------------------------------------------------

    def is_one(self, registration_id: int) -> bool:
        """She said that she can come within the hour."""
        living = select(_u.since).where(_u.registration_id == registration_id, _u.until.is_(None))
        return self._db.execute(living).first() is not None

    def join(self, registration_id: int, *, now: datetime) -> bool:
        """Note that somebody can come within the hour; False when she is one already."""
        new = upsert(t.substitutes).values(registration_id=registration_id, since=now)
        joined = new.on_conflict_do_nothing().returning(_u.registration_id)
        return self._db.execute(joined).first() is not None

    def leave(self, registration_id: int, *, now: datetime) -> bool:
        """Ask her no more; False when she is none."""
        left = update(t.substitutes).where(_u.registration_id == registration_id, _u.until.is_(None))
        return self._db.execute(left.values(until=now)).rowcount == 1
