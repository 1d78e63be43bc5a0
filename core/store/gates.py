"""Who decides on waves at a site: the planner, the site itself, or nobody for now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, Update, select, update

from core.store import tables as t

_s = t.sites.c


class WaveGate(StrEnum):
    """The planner invites by itself; only somebody by hand; nobody at all."""

    AUTOMATIC = "automatic"
    BY_HAND = "by_hand"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Standing:
    """A site's gate, and since when it is paused."""

    gate: WaveGate
    paused_at: datetime | None = None

    def refuses(self, *, is_by_hand: bool) -> str:
        """Why nobody, or not the planner, may invite here now; empty when inviting is allowed."""
        if self.paused_at is not None:
            return "inviting is paused here"
        if self.gate is WaveGate.CLOSED:
            return "the gate is closed: nobody may invite here"
        if self.gate is WaveGate.BY_HAND and not is_by_hand:
            return "the gate is by hand: the planner does nothing by itself here"
        return ""


class GateBook:
    """The columns `gate` and `paused_at` of `sites`; an import of the registry leaves them alone."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of(self, site_id: UUID) -> Standing:
        """How a site stands now."""
        row = self._db.execute(select(_s.gate, _s.paused_at).where(_s.site_id == site_id)).one()
        return Standing(WaveGate(row.gate), row.paused_at)

    def set(self, site_id: UUID, gate: WaveGate) -> bool:
        """Change the gate, or return False when it stands so already."""
        changed = update(t.sites).where(_s.site_id == site_id, _s.gate != gate)
        return self._db.execute(changed.values(gate=gate)).rowcount == 1

    def pause(self, site_ids: Collection[UUID] | None = None, *, now: datetime) -> list[UUID]:
        """Pause these sites, or all; gives those that were not paused before."""
        paused = update(t.sites).where(_s.paused_at.is_(None)).values(paused_at=now)
        return self._changed(paused, site_ids)

    def resume(self, site_ids: Collection[UUID] | None = None) -> list[UUID]:
        """End the pause of these sites, or of all; gives those that were paused."""
        resumed = update(t.sites).where(_s.paused_at.is_not(None)).values(paused_at=None)
        return self._changed(resumed, site_ids)

    def _changed(self, change: Update, site_ids: Collection[UUID] | None) -> list[UUID]:
        if site_ids is not None:
            change = change.where(_s.site_id.in_(site_ids))
        return sorted(self._db.execute(change.returning(_s.site_id)).scalars())
