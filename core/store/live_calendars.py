"""Changes of calendars in which people hold places."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from core.calendars import Relink
from core.calendars.calendar import PRAGUE
from core.store import tables as t

_c, _s = t.calendars.c, t.slots.c


@dataclass(frozen=True, slots=True)
class Closed:
    """A day without free places; ``people`` keep their dates there."""

    taken_away: int
    people: int


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
        begins = datetime.combine(day, time(), PRAGUE)
        ends = datetime.combine(day + timedelta(days=1), time(), PRAGUE)
        # Those who book take slots in this order too.
        of_day = (
            select(_s.slot_id, _s.capacity, _s.taken)
            .join(t.calendars)
            .where(_c.site_id == site_id, _c.name == calendar, _s.begins_at >= begins, _s.begins_at < ends)
            .order_by(_s.slot_id)
            .with_for_update(key_share=True, of=t.slots)
        )
        slots = self._db.execute(of_day).all()
        if not slots:
            return None
        ids = [slot.slot_id for slot in slots]
        self._db.execute(update(t.slots).where(_s.slot_id.in_(ids)).values(capacity=_s.taken))
        free = sum(slot.capacity - slot.taken for slot in slots)
        return Closed(free, sum(slot.taken for slot in slots))

    def people_from(self, calendar_id: int, since: date) -> int:
        """How many hold places in a calendar on a day or later."""
        held = select(func.coalesce(func.sum(_s.taken), 0)).where(
            _s.calendar_id == calendar_id, _s.begins_at >= datetime.combine(since, time(), PRAGUE)
        )
        return int(self._db.execute(held).scalar_one())
