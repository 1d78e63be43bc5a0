"""The audit: who did or was told what, for whoever asks later. Ids only, never what they stand for."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, DateTime, func, insert, literal, select

from core.store import tables as t

_a = t.audit.c


@dataclass(frozen=True, slots=True)
class Noted:
    """One line of the audit."""

    audit_id: int
    at: datetime
    who: str
    what: str
    registration_id: int | None


class AuditBook:
    """The `audit` table: lines are added, never changed."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def note(self, who: str, what: str, *, registration_id: int | None = None, now: datetime) -> None:
        """Write down that somebody did something, or was told it."""
        self._db.execute(insert(t.audit).values(at=now, who=who, what=what, registration_id=registration_id))

    def note_at_most(
        self, most: int, who: str, what: str, *, registration_id: int, since: datetime, now: datetime
    ) -> bool:
        """Write it down unless that was done as often since then; False when it was."""
        done = (
            select(func.count())
            .select_from(t.audit)
            .where(_a.registration_id == registration_id, _a.what == what, _a.at > since)
            .scalar_subquery()
        )
        line = select(
            literal(now, DateTime(timezone=True)), literal(who), literal(what), literal(registration_id)
        ).where(done < most)
        columns = [_a.at, _a.who, _a.what, _a.registration_id]
        noted = insert(t.audit).from_select(columns, line).returning(_a.audit_id)
        return self._db.execute(noted).first() is not None

    def count(self, what: str, *, registration_id: int, since: datetime) -> int:
        """How often something was done about a registration since then."""
        noted = (
            select(func.count())
            .select_from(t.audit)
            .where(_a.registration_id == registration_id, _a.what == what, _a.at >= since)
        )
        return int(self._db.execute(noted).scalar_one())

    def latest(self, at_most: int, *, registration_id: int | None = None) -> list[Noted]:
        """The newest lines, newest first; of one registration if it is named."""
        lines = select(_a.audit_id, _a.at, _a.who, _a.what, _a.registration_id)
        if registration_id is not None:
            lines = lines.where(_a.registration_id == registration_id)
        rows = self._db.execute(lines.order_by(_a.audit_id.desc()).limit(at_most))
        return [Noted(*row) for row in rows]
