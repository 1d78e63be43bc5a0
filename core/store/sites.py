"""Sites, as the registry last described them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.sites import Kind, Site, SitesDiff
from core.store import tables as t

_FIELDS = tuple(Site.__dataclass_fields__)


class SiteBook:
    """The `sites` table; a site that left the registry is kept, because people registered there."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def all(self) -> dict[UUID, Site]:
        """The sites that are in the registry now."""
        rows = self._db.execute(select(t.sites).where(t.sites.c.gone_at.is_(None)))
        return {row.site_id: _site(row) for row in rows}

    def get(self, site_id: UUID) -> Site | None:
        """A site, also one that is gone."""
        row = self._db.execute(select(t.sites).where(t.sites.c.site_id == site_id)).one_or_none()
        return _site(row) if row else None

    def apply(self, diff: SitesDiff, *, now: datetime) -> None:
        """Write what an import found new, changed or gone."""
        self._write(diff.new, now)
        self._write((changed.new for changed in diff.changed), now)
        if diff.gone:
            gone = update(t.sites).where(t.sites.c.site_id.in_([s.site_id for s in diff.gone]))
            self._db.execute(gone.values(gone_at=now))

    def _write(self, sites: Iterable[Site], now: datetime) -> None:
        rows = [
            {field: getattr(site, field) for field in _FIELDS} | {"imported_at": now, "gone_at": None}
            for site in sites
        ]
        if rows:
            new = upsert(t.sites)
            changed = {c: new.excluded[c] for c in rows[0] if c != "site_id"}
            self._db.execute(new.on_conflict_do_update(index_elements=["site_id"], set_=changed), rows)


def _site(row: Row[Any]) -> Site:
    facts = {field: getattr(row, field) for field in _FIELDS}
    return Site(**facts | {"kind": Kind(row.kind) if row.kind else None})
