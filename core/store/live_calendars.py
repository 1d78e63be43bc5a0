"""Changes of calendars in which people hold places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, func, literal, select, update

from core.calendars import CalendarDraft, Relink, Round, Slot
from core.calendars.calendar import PRAGUE
from core.calendars.succession import beginning, succeed, successor
from core.store import tables as t
from core.store.calendars import CalendarBook, Kept, Merged, people_hold

_c, _s = t.calendars.c, t.slots.c


@dataclass(frozen=True, slots=True)
class Closed:
    """A day without free places; ``people`` keep their dates there."""

    taken_away: int
    people: int


@dataclass(frozen=True, slots=True)
class ChangedFrom:
    """What a change from a day on made; ``followed`` are site, old name and new name."""

    merged: Merged
    followed: tuple[tuple[UUID, str, str], ...]
    taken_away: int


class LiveCalendarBook:
    """The `calendars` and `slots` tables, changed one calendar at a time."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def relink(self, change: Relink) -> bool:
        """Point a link elsewhere, or return False when it is no longer what it was when it was judged."""
        calendar, to = change.calendar, change.to
        # Both have to be what was judged: a link to what became another site's, round or product is no cure.
        still = (
            select(_c.calendar_id)
            .where(
                _c.calendar_id == to.calendar_id,
                _c.site_id == calendar.site_id,
                _c.name == to.name,
                _c.round == to.round,
                _c.product == to.product,
            )
            .with_for_update(key_share=True)
        )
        if self._db.execute(still).first() is None:
            return False
        relinked = (
            update(t.calendars)
            .where(
                _c.calendar_id == calendar.calendar_id,
                _c.site_id == calendar.site_id,
                _c.product == calendar.product,
                _c.links_to.is_not_distinct_from(calendar.links_to),
            )
            .values(links_to=to.name, linked_id=to.calendar_id)
        )
        return self._db.execute(relinked).rowcount == 1

    def close_day(self, site_id: UUID, calendar: str, day: date) -> Closed | None:
        """Take the free places of a local day away; None when the calendar has no slot on it.

        Somebody who books meanwhile either has the place before it is closed, or finds it full.
        """
        slots = self._locked(
            _c.site_id == site_id,
            _c.name == calendar,
            _s.begins_at >= _midnight(day),
            _s.begins_at < _midnight(day + timedelta(days=1)),
        )
        return _close(self._db, slots) if slots else None

    def change_from(self, drafts: Sequence[CalendarDraft], day: date) -> ChangedFrom:
        """Merge drafts from a day on; one that stands otherwise until then is followed by a successor.

        Of a calendar of first doses or substitutes that is followed, the free places from that day on are
        taken away; when people hold places there, it is not changed. Second doses stay beside their
        successor's, for those whose first date is before the day.
        """
        book = CalendarBook(self._db)
        book.one_import_at_a_time()
        drafts = beginning(drafts, day)
        kept: list[Kept] = []
        closed = Closed(0, 0)
        changing = book.changing(drafts)
        for site_id, name in sorted(changing):
            slots = self._locked(
                _c.site_id == site_id,
                _c.name == name,
                _c.round != Round.SECOND,
                _s.begins_at >= _midnight(day),
            )
            if people := sum(slot.taken for slot in slots):
                last = max(slot.day for slot in slots if slot.taken)
                words = (
                    f"stays as it is: {people_hold(people)} in it from {day} on. Move them first "
                    f"(`crs reservations move`), or begin later: `--from {last + timedelta(days=1)}`"
                )
                kept.append(Kept(site_id, name, words))
            elif slots:
                closed = Closed(closed.taken_away + _close(self._db, slots).taken_away, 0)
        refused = {(k.site_id, k.calendar) for k in kept}
        followed = changing - refused
        drafts = [d for d in drafts if (d.site_id, d.name) not in refused]
        merged = book.merge(succeed(drafts, followed, day))
        names = tuple((site_id, name, successor(name, day)) for site_id, name in sorted(followed))
        return ChangedFrom(replace(merged, kept=(*kept, *merged.kept)), names, closed.taken_away)

    def _locked(self, *which: ColumnElement[bool]) -> list[Slot]:
        """Slots that nobody can take until we are done; those who book take slots in this order too."""
        slots = (
            select(_s.slot_id, _s.calendar_id, _s.begins_at, _s.capacity, _s.taken)
            .join(t.calendars)
            .where(*which)
            .order_by(_s.slot_id)
            .with_for_update(key_share=True, of=t.slots)
        )
        return [Slot(*row) for row in self._db.execute(slots)]


def _close(db: Connection, slots: Sequence[Slot]) -> Closed:
    """Leave locked slots as many places as are taken."""
    ids = [slot.slot_id for slot in slots]
    db.execute(
        update(t.slots)
        .where(_s.slot_id == func.any(literal(ids, ARRAY(BigInteger))))
        .values(capacity=_s.taken)
    )
    free = sum(slot.capacity - slot.taken for slot in slots)
    return Closed(free, sum(slot.taken for slot in slots))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PRAGUE)
