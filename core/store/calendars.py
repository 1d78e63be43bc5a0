"""Calendars and their slots."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Date,
    Integer,
    Select,
    bindparam,
    cast,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core.calendars import Calendar, CalendarDraft, Round, Slot, lint
from core.calendars.calendar import PRAGUE
from core.sites import Gate, Site, gate
from core.store import tables as t
from core.store.given import given, inserting, rows_given
from core.store.site_pauses import PauseBook, paused_days
from core.store.sites import SiteBook
from core.world import World

_c, _s = t.calendars.c, t.slots.c

ONE_IMPORT_AT_A_TIME = 0x43524301  # the key of an advisory lock


@dataclass(frozen=True, slots=True)
class Kept:
    """What an import asked for and did not get, because people hold places there; ``words`` say why."""

    site_id: UUID
    calendar: str
    words: str


@dataclass(frozen=True, slots=True)
class Merged:
    """How many calendars and slots an import made and changed, and what stays as it was."""

    new_calendars: int = 0
    changed_calendars: int = 0
    new_slots: int = 0
    changed_slots: int = 0
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    calendar_id: int
    round: Round
    product: str
    links_to: str | None
    is_linked: bool
    """To a calendar of second doses for the same vaccine."""
    people: int
    """Those who hold a place in it."""
    last_at: datetime | None
    """The last start that somebody holds."""


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
        slots = select(_s.slot_id, _s.calendar_id, _s.begins_at, _s.capacity, _s.taken).order_by(
            _s.begins_at, _s.slot_id
        )
        by_calendar: dict[int, list[Slot]] = defaultdict(list)
        for row in self._db.execute(_narrowed(slots, site_ids, since)):
            by_calendar[row.calendar_id].append(Slot(*row))
        return self._calendars(site_ids, by_calendar)

    def days_of_sites(
        self,
        site_ids: Collection[UUID] | None = None,
        *,
        since: date | None = None,
        parted_at: datetime | None = None,
        without_pauses: bool = False,
    ) -> dict[UUID, list[Calendar]]:
        """The calendars with one slot a day that adds up all of its day, at the hour of its last one.

        Enough to pair and to judge by, at a small part of the cost; such slots have no id. The day of
        ``parted_at`` has two: what begins before, and what does not. ``without_pauses`` leaves out days on
        which the site pauses.
        """
        day = cast(func.timezone(PRAGUE.key, _s.begins_at), Date)
        is_later = literal(True) if parted_at is None else _s.begins_at >= parted_at
        parts = select(_s.calendar_id, _s.begins_at, _s.capacity, _s.taken, day.label("day"))
        p = _narrowed(parts.add_columns(is_later.label("is_later")), site_ids, since).subquery().c
        begins_at = func.max(p.begins_at)
        days = (
            select(p.calendar_id, begins_at, func.sum(p.capacity), func.sum(p.taken))
            .group_by(p.calendar_id, p.day, p.is_later)
            .order_by(begins_at)
        )
        by_calendar: dict[int, list[Slot]] = defaultdict(list)
        rows = self._db.execute(days).all()
        is_paused = paused_days(self._db, {row[0] for row in rows}) if without_pauses else None
        for calendar_id, at, capacity, taken in rows:
            slot = Slot(0, calendar_id, at, int(capacity), int(taken))
            if is_paused is None or not is_paused(calendar_id, slot.day):
                by_calendar[calendar_id].append(slot)
        return self._calendars(site_ids, by_calendar)

    def _calendars(
        self, site_ids: Collection[UUID] | None, slots: Mapping[int, Sequence[Slot]]
    ) -> dict[UUID, list[Calendar]]:
        wanted = select(t.calendars).order_by(_c.calendar_id)
        if site_ids is not None:
            wanted = wanted.where(_c.site_id.in_(site_ids))
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
                    slots=tuple(slots.get(row.calendar_id, ())),
                )
            )
        return dict(found)

    def headings(self, site_id: UUID) -> list[Calendar]:
        """A site's calendars without their slots."""
        return self._calendars([site_id], {}).get(site_id, [])

    def names(self) -> set[str]:
        """The names of all calendars of all sites: a link to another site's is told from one to nothing."""
        return set(self._db.execute(select(_c.name).distinct()).scalars())

    # -- Import --------------------------------------------------------------------------------------------

    def merge(self, drafts: Sequence[CalendarDraft]) -> Merged:
        """Write calendars and slots, new or changed; what is not named stays.

        Nobody loses a place: a slot keeps the places that are taken, and a calendar in which some are taken
        keeps its round, product and good link (a draft that says otherwise is set aside whole). A slot that
        does not change is not touched, so that booking goes on meanwhile.
        """
        if not drafts:
            return Merged()
        self.one_import_at_a_time()
        before = self._known(drafts)
        kept = [words for d in drafts if (words := _refused(d, before.get((d.site_id, d.name))))]
        refused = {(k.site_id, k.calendar) for k in kept}
        drafts = [d for d in drafts if (d.site_id, d.name) not in refused]
        changed = [d for d in drafts if _differs(d, before.get((d.site_id, d.name)))]
        self._write_calendars(changed)
        ids = {key: known.calendar_id for key, known in self._known(drafts).items()}
        self._link({draft.site_id for draft in drafts})
        added, resized, full = self._write_slots(drafts, ids)
        new = len(ids.keys() - before.keys())
        return Merged(new, len(changed) - new, added, resized, (*kept, *full))

    def one_import_at_a_time(self) -> None:
        """Wait for another import to commit; nobody imports until we do."""
        self._db.execute(select(func.pg_advisory_xact_lock(ONE_IMPORT_AT_A_TIME)))

    def _known(self, drafts: Iterable[CalendarDraft]) -> dict[tuple[UUID, str], _Known]:
        named = {(d.site_id, d.name) for d in drafts}
        second = t.calendars.alias("second")
        held = (
            select(func.coalesce(func.sum(_s.taken), 0).label("people"), func.max(_s.begins_at).label("at"))
            .where(_s.calendar_id == _c.calendar_id, _s.taken > 0)
            .lateral("held")
        )
        is_linked = select(second.c.calendar_id).where(
            second.c.calendar_id == _c.linked_id,
            second.c.round == Round.SECOND,
            second.c.product == _c.product,
        )
        rows = self._db.execute(
            select(t.calendars, is_linked.exists().label("is_linked"), held.c.people, held.c["at"])
            .join(held, true())
            .where(_c.site_id.in_({i for i, _ in named}))
        )
        return {
            (row.site_id, row.name): _Known(
                row.calendar_id,
                Round(row.round),
                row.product,
                row.links_to,
                row.is_linked,
                int(row.people),
                row.at,
            )
            for row in rows
            if (row.site_id, row.name) in named
        }

    def changing(self, drafts: Collection[CalendarDraft]) -> set[tuple[UUID, str]]:
        """Those that stand with another round, product or link, by site and name."""
        before = self._known(drafts)
        keys = {(d.site_id, d.name): d for d in drafts}
        return {key for key, known in before.items() if _differs(keys[key], known)}

    def _write_calendars(self, drafts: Sequence[CalendarDraft]) -> None:
        if not drafts:
            return
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

    def _link(self, site_ids: Collection[UUID]) -> None:
        """Point each link at the calendar of that name at the same site, or at nothing."""
        second = t.calendars.alias("second")
        named = (
            select(second.c.calendar_id)
            .where(
                second.c.site_id == _c.site_id,
                second.c.name == _c.links_to,
                second.c.calendar_id != _c.calendar_id,
            )
            .scalar_subquery()
        )
        self._db.execute(
            update(t.calendars)
            .where(_c.site_id.in_(site_ids), _c.linked_id.is_distinct_from(named))
            .values(linked_id=named)
        )

    def _write_slots(
        self, drafts: Sequence[CalendarDraft], ids: dict[tuple[UUID, str], int]
    ) -> tuple[int, int, list[Kept]]:
        wanted = {
            (ids[draft.site_id, draft.name], slot.begins_at): (draft, slot.capacity)
            for draft in drafts
            for slot in draft.slots
        }
        before = self._db.execute(
            select(_s.slot_id, _s.calendar_id, _s.begins_at, _s.capacity).where(
                _s.calendar_id.in_(ids.values())
            )
        )
        new = dict(wanted)
        resized: dict[int, tuple[CalendarDraft, int]] = {}
        for row in before:
            if asked := new.pop((row.calendar_id, row.begins_at), None):
                draft, capacity = asked
                if capacity != row.capacity:
                    resized[row.slot_id] = draft, capacity
        self._add_slots([(*key, capacity) for key, (_, capacity) in new.items()])
        done = self._resize({slot_id: capacity for slot_id, (_, capacity) in resized.items()})
        refused = {slot_id: draft for slot_id, (draft, _) in resized.items() if slot_id not in done}
        return len(new), len(done), self._full(refused)

    def _add_slots(self, slots: Sequence[tuple[int, datetime, int]]) -> None:
        if not slots:
            return
        named = (dict(zip(_SLOTS, slot, strict=True)) for slot in slots)
        self._db.execute(_ADD_SLOTS, rows_given(named, *_SLOTS))

    def _resize(self, capacities: dict[int, int]) -> set[int]:
        """Give slots another capacity where it holds all who have a place; says which were changed."""
        if not capacities:
            return set()
        ids = sorted(capacities)
        # Those who book take slots in this order too.
        self._db.execute(_LOCK_SLOTS, {"ids": ids})
        named = ({"slot_id": slot_id, "capacity": capacities[slot_id]} for slot_id in ids)
        done = self._db.execute(_RESIZE, rows_given(named, "slot_id", "capacity"))
        return set(done.scalars())

    def _full(self, refused: dict[int, CalendarDraft]) -> list[Kept]:
        if not refused:
            return []
        rows = self._db.execute(
            select(_s.slot_id, _s.begins_at, _s.capacity, _s.taken)
            .where(_s.slot_id.in_(refused))
            .order_by(_s.begins_at, _s.slot_id)
        )
        return [
            Kept(
                refused[row.slot_id].site_id,
                refused[row.slot_id].name,
                f"{row.begins_at.astimezone(PRAGUE):%Y-%m-%d %H:%M} keeps its capacity {row.capacity}: "
                f"{_places(row.taken)} taken already",
            )
            for row in rows
        ]

    # -- The gate ------------------------------------------------------------------------------------------

    def gates(self, sites: Iterable[Site], world: World, *, today: date) -> dict[UUID, Gate]:
        """Judge whether each site may be offered today."""
        sites = list(sites)
        site_ids = [site.site_id for site in sites]
        calendars = self.days_of_sites(site_ids, since=today)
        pauses = PauseBook(self._db).in_force(site_ids, today=today)
        return {
            site.site_id: gate(
                site,
                lint(world.in_sight(calendars.get(site.site_id, [])), world.products, today=today),
                today=today,
                pause=pauses.get(site.site_id),
                kinds=world.service.kinds,
                methods=world.service.methods,
            )
            for site in sites
        }

    def open_sites(self, world: World, *, today: date) -> list[Site]:
        """The sites that may be offered today."""
        sites = SiteBook(self._db).all()
        gates = self.gates(sites.values(), world, today=today)
        return [site for site in sites.values() if gates[site.site_id].is_open]


def _narrowed(slots: Select[Any], site_ids: Collection[UUID] | None, since: date | None) -> Select[Any]:
    if site_ids is not None:
        slots = slots.join(t.calendars).where(_c.site_id.in_(site_ids))
    if since is not None:
        slots = slots.where(_s.begins_at >= datetime.combine(since, time(), PRAGUE))
    return slots


_SLOTS = ("calendar_id", "begins_at", "capacity")
_ADD_SLOTS = inserting(t.slots, *_SLOTS)
_LOCK_SLOTS = (
    select(_s.slot_id)
    .where(_s.slot_id == func.any(cast(bindparam("ids"), ARRAY(BigInteger))))
    .order_by(_s.slot_id)
    .with_for_update(key_share=True)
)
_SIZES = given(slot_id=BigInteger, capacity=Integer)
_RESIZE = (
    update(t.slots)
    .where(_s.slot_id == _SIZES.c.slot_id, _s.taken <= _SIZES.c.capacity)
    .values(capacity=_SIZES.c.capacity)
    .returning(_s.slot_id)
)


def _differs(draft: CalendarDraft, known: _Known | None) -> bool:
    return known is None or (draft.round, draft.product, draft.links_to) != (
        known.round,
        known.product,
        known.links_to,
    )


def _refused(draft: CalendarDraft, known: _Known | None) -> Kept | None:
    """Why a live calendar stays what it is: people came to it for that round, vaccine and second date."""
    if known is None or known.last_at is None:
        return None
    if (draft.round, draft.product) != (known.round, known.product):
        stays = f"stays {known.round} of {known.product}"
    elif known.is_linked and draft.links_to != known.links_to:
        stays = f"stays linked to {known.links_to}"
    else:
        return None
    free_from = known.last_at.astimezone(PRAGUE).date() + timedelta(days=1)
    words = (
        f"{stays}: {people_hold(known.people)} in it. Move them first (`crs reservations move`), or let the "
        f"change begin when nobody has a date there any more: `crs calendars import --from {free_from}`"
    )
    return Kept(draft.site_id, draft.name, words)


def people_hold(count: int) -> str:
    """So many people and their places, in words."""
    return "1 person holds a place" if count == 1 else f"{count} people hold places"


def _places(count: int) -> str:
    return "1 place is" if count == 1 else f"{count} places are"
