"""Calendars and their slots."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.calendars import Calendar, CalendarDraft, Round, Slot, lint
from core.sites import Gate, Site, gate
from core.store import tables as t
from core.store.sites import SiteBook
from core.world import World

PRAGUE = ZoneInfo("Europe/Prague")


class CalendarBook:
    """The `calendars` and `slots` tables."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of_site(self, site_id: UUID, *, since: date | None = None) -> list[Calendar]:
        """A site's calendars with their slots (from `since` on, in Prague), in order of time."""
        return self.of_sites([site_id], since=since).get(site_id, [])

    def of_sites(
        self, site_ids: Collection[UUID] | None = None, *, since: date | None = None
    ) -> dict[UUID, list[Calendar]]:
        """The calendars of many sites, or of all, in two queries."""
        c, s = t.calendars.c, t.slots.c
        wanted = select(t.calendars).order_by(c.calendar_id)
        slots = select(s.slot_id, s.calendar_id, s.begins_at, s.capacity, s.taken).order_by(
            s.begins_at, s.slot_id
        )
        if site_ids is not None:
            wanted = wanted.where(c.site_id.in_(site_ids))
            slots = slots.join(t.calendars).where(c.site_id.in_(site_ids))
        if since is not None:
            slots = slots.where(s.begins_at >= datetime.combine(since, time(), PRAGUE))
        by_calendar: dict[int, list[Slot]] = defaultdict(list)
        for row in self._db.execute(slots):
            by_calendar[row.calendar_id].append(Slot(*row))
        found: dict[UUID, list[Calendar]] = defaultdict(list)
        for row in self._db.execute(wanted):
            found[row.site_id].append(
                Calendar(
                    calendar_id=row.calendar_id,
                    site_id=row.site_id,
                    name=row.name,
                    round=Round(row.round),
                    product=row.product,
                    links_to=row.links_to,
                    slots=tuple(by_calendar[row.calendar_id]),
                )
            )
        return dict(found)

    def merge(self, drafts: Sequence[CalendarDraft]) -> list[str]:
        """Write calendars and slots, new or changed; what is not named stays.

        Returns in words what could not be done: a slot keeps the places that are taken already.
        """
        if not drafts:
            return []
        ids = self._write_calendars(drafts)
        self._link({draft.site_id for draft in drafts})
        return self._write_slots(drafts, ids)

    def _write_calendars(self, drafts: Sequence[CalendarDraft]) -> dict[tuple[UUID, str], int]:
        rows = [
            {
                "site_id": d.site_id,
                "name": d.name,
                "round": d.round,
                "product": d.product,
                "links_to": d.links_to,
            }
            for d in drafts
        ]
        new = upsert(t.calendars)
        changed = {c: new.excluded[c] for c in ("round", "product", "links_to")}
        self._db.execute(new.on_conflict_do_update(index_elements=["site_id", "name"], set_=changed), rows)
        c = t.calendars.c
        known = select(c.site_id, c.name, c.calendar_id).where(c.site_id.in_({d.site_id for d in drafts}))
        return {(row.site_id, row.name): row.calendar_id for row in self._db.execute(known)}

    def _link(self, site_ids: Collection[UUID]) -> None:
        second = t.calendars.alias("second")
        c = t.calendars.c
        named = (
            select(second.c.calendar_id)
            .where(
                second.c.site_id == c.site_id,
                second.c.name == c.links_to,
                second.c.calendar_id != c.calendar_id,
            )
            .scalar_subquery()
        )
        self._db.execute(update(t.calendars).where(c.site_id.in_(site_ids)).values(linked_id=named))

    def _write_slots(self, drafts: Sequence[CalendarDraft], ids: dict[tuple[UUID, str], int]) -> list[str]:
        rows = [
            {
                "calendar_id": ids[draft.site_id, draft.name],
                "begins_at": slot.begins_at,
                "capacity": slot.capacity,
            }
            for draft in drafts
            for slot in draft.slots
        ]
        if not rows:
            return []
        new = upsert(t.slots)
        self._db.execute(
            new.on_conflict_do_update(
                index_elements=["calendar_id", "begins_at"],
                set_={"capacity": new.excluded.capacity},
                where=(t.slots.c.capacity != new.excluded.capacity)
                & (t.slots.c.taken <= new.excluded.capacity),
            ),
            rows,
        )
        s = t.slots.c
        wanted = {(row["calendar_id"], row["begins_at"]): row["capacity"] for row in rows}
        full = select(s.calendar_id, s.begins_at, s.capacity, s.taken).where(
            s.calendar_id.in_({draft_id for draft_id, _ in wanted}), s.taken > 0
        )
        return [
            f"{row.begins_at.astimezone(PRAGUE):%Y-%m-%d %H:%M}: {row.taken} places are taken, "
            f"so its capacity stays {row.capacity}"
            for row in self._db.execute(full)
            if wanted.get((row.calendar_id, row.begins_at), row.capacity) != row.capacity
        ]

    # -- The gate ------------------------------------------------------------------------------------------

    def gates(self, sites: Iterable[Site], world: World, *, today: date) -> dict[UUID, Gate]:
        """Judge whether each site may be offered today."""
        sites = list(sites)
        calendars = self.of_sites([site.site_id for site in sites], since=today)
        names = {site_id: {c.name for c in found} for site_id, found in calendars.items()}
        everywhere = set().union(*names.values()) if names else set()
        return {
            site.site_id: gate(
                site,
                lint(
                    calendars.get(site.site_id, []),
                    world.products,
                    today=today,
                    elsewhere=everywhere - names.get(site.site_id, set()),
                ),
                today=today,
            )
            for site in sites
        }

    def open_sites(self, world: World, *, today: date) -> list[Site]:
        """The sites that may be offered today."""
        sites = SiteBook(self._db).all()
        gates = self.gates(sites.values(), world, today=today)
        return [site for site in sites.values() if gates[site.site_id].is_open]
