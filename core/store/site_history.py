"""The history of sites: every change, who made it and out of which file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from core.sites.difference import Changed, as_words
from core.sites.record import Entry, Event, Origin
from core.store import tables as t

_h = t.site_history.c


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a site just now."""

    site_id: UUID
    event: Event
    field: str | None = None
    old: str | None = None
    new: str | None = None


def each_field(changed: Changed, event: Event = Event.CHANGED) -> list[Happened]:
    """A change, one line a field."""
    return [
        Happened(
            changed.new.site_id,
            event,
            field,
            as_words(getattr(changed.old, field)),
            as_words(getattr(changed.new, field)),
        )
        for field in changed.fields
    ]


class SiteHistoryBook:
    """The `site_history` table: lines are added, never changed."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def note(self, happened: Iterable[Happened], origin: Origin, *, now: datetime) -> None:
        """Write down what happened, in the transaction in which it happens."""
        rows = [
            {
                "site_id": each.site_id,
                "at": now,
                "who": origin.who,
                "source": origin.source,
                "event": each.event,
                "field": each.field,
                "old": each.old,
                "new": each.new,
            }
            for each in happened
        ]
        if rows:
            self._db.execute(insert(t.site_history), rows)

    def of(self, site_id: UUID) -> list[Entry]:
        """Everything that happened to a site, oldest first."""
        lines = select(_h.at, _h.who, _h.source, _h.event, _h.field, _h.old, _h.new)
        rows = self._db.execute(lines.where(_h.site_id == site_id).order_by(_h.entry_id))
        return [
            Entry(row.at, row.who, row.source, Event(row.event), row.field, row.old, row.new) for row in rows
        ]
