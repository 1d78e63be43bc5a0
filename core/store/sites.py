"""Sites, as the registry last described them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.sites import Changed, Event, Kind, Method, Origin, People, Site, SitesDiff
from core.sites.record import BY_PROGRAM
from core.states import IS_LIVING, REGISTRATION, Registering
from core.store import tables as t
from core.store.site_history import Happened, SiteHistoryBook, each_field

_r, _v, _s, _c = t.registrations.c, t.reservations.c, t.slots.c, t.calendars.c
_FIELDS = tuple(Site.__dataclass_fields__)
_ONE = select(t.sites).where(t.sites.c.site_id == bindparam("site"))


class SiteBook:
    """The `sites` table; a site that left the registry is kept, because people registered there."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._read: dict[UUID, Site | None] = {}

    def all(self) -> dict[UUID, Site]:
        """The sites that are in the registry now."""
        rows = self._db.execute(select(t.sites).where(t.sites.c.gone_at.is_(None)))
        return {row.site_id: _site(row) for row in rows}

    def get(self, site_id: UUID) -> Site | None:
        """A site, also one that is gone; read once in a transaction, in which many people ask for it."""
        if site_id not in self._read:
            row = self._db.execute(_ONE, {"site": site_id}).one_or_none()
            self._read[site_id] = _site(row) if row else None
        return self._read[site_id]

    def gone(self) -> dict[UUID, Site]:
        """The sites that have left the registry, as they were then."""
        rows = self._db.execute(select(t.sites).where(t.sites.c.gone_at.is_not(None)))
        return {row.site_id: _site(row) for row in rows}

    def apply(self, diff: SitesDiff, *, now: datetime, origin: Origin = BY_PROGRAM) -> None:
        """Write what is new, changed or gone, and into the history of each site who says so."""
        self._read.clear()
        before = self.gone() if diff.new else {}
        self._write(diff.new, now)
        self._write((changed.new for changed in diff.changed), now)
        if diff.gone:
            gone = update(t.sites).where(t.sites.c.site_id.in_([s.site_id for s in diff.gone]))
            self._db.execute(gone.values(gone_at=now))
        SiteHistoryBook(self._db).note(_happened(diff, before), origin, now=now)

    def people(
        self, site_ids: Collection[UUID], *, since: datetime, until: datetime | None = None
    ) -> dict[UUID, People]:
        """Who waits at each of these sites, and who has dates there from then on."""
        waits = (
            select(_r.site_id, func.count())
            .where(_r.site_id.in_(site_ids), _r.ended_at.is_(None))
            .where(_r.state.in_(REGISTRATION.before(Registering.BOOKED)))
            .group_by(_r.site_id)
        )
        has_dates = (
            select(_c.site_id, func.count(func.distinct(_v.reservation_id)))
            .select_from(t.reservations)
            .join(t.slots, _s.slot_id.in_([_v.first_slot_id, _v.second_slot_id]))
            .join(t.calendars, _c.calendar_id == _s.calendar_id)
            .where(_c.site_id.in_(site_ids), _v.state.in_(IS_LIVING), _s.begins_at >= since)
            .group_by(_c.site_id)
        )
        if until is not None:
            has_dates = has_dates.where(_s.begins_at < until)
        waiting: dict[UUID, int] = dict(self._db.execute(waits).all())
        dated: dict[UUID, int] = dict(self._db.execute(has_dates).all())
        return {site_id: People(waiting.get(site_id, 0), dated.get(site_id, 0)) for site_id in site_ids}

    def _write(self, sites: Iterable[Site], now: datetime) -> None:
        rows = [
            {field: getattr(site, field) for field in _FIELDS}
            | {"methods": sorted(site.methods), "imported_at": now, "gone_at": None}
            for site in sites
        ]
        if rows:
            new = upsert(t.sites)
            changed = {c: new.excluded[c] for c in rows[0] if c != "site_id"}
            self._db.execute(new.on_conflict_do_update(index_elements=["site_id"], set_=changed), rows)


def _happened(diff: SitesDiff, gone_before: Mapping[UUID, Site]) -> Iterator[Happened]:
    for site in diff.new:
        if before := gone_before.get(site.site_id):
            yield Happened(site.site_id, Event.RETURNED)
            yield from each_field(Changed.between(before, site))
        else:
            yield Happened(site.site_id, Event.NEW)
    for changed in diff.changed:
        yield from each_field(changed)
    for site in diff.gone:
        yield Happened(site.site_id, Event.GONE)


def _site(row: Row[Any]) -> Site:
    facts = {field: getattr(row, field) for field in _FIELDS}
    kind = Kind(row.kind) if row.kind else None
    return Site(**facts | {"kind": kind, "methods": frozenset(map(Method, row.methods))})
