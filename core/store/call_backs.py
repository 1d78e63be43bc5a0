"""People whom the hotline shall call."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from core.store import tables as t
from core.vault import Vault

_c = t.call_backs.c


@dataclass(frozen=True, slots=True)
class CallBack:
    """Somebody who asked to be called: her number (E.164), her language, and what about."""

    call_back_id: int
    phone: str = field(repr=False)
    language: str
    reason: str
    asked_at: datetime


class CallBackBook:
    """The `call_backs` table; the number is sealed."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def add(self, phone: str, *, language: str, reason: str, now: datetime) -> None:
        """Ask the desk to call a number (E.164)."""
        new = insert(t.call_backs).values(
            phone_sealed=self._vault.seal(phone), language=language, reason=reason, asked_at=now
        )
        self._db.execute(new)

    def waiting(self, at_most: int) -> list[CallBack]:
        """Who has not been called yet, whoever asked first before the others."""
        rows = self._db.execute(
            select(_c.call_back_id, _c.phone_sealed, _c.language, _c.reason, _c.asked_at)
            .where(_c.done_at.is_(None))
            .order_by(_c.call_back_id)
            .limit(at_most)
        )
        return [CallBack(row.call_back_id, self._vault.open(row.phone_sealed), *row[2:]) for row in rows]

    def done(self, call_back_id: int, *, by: str, now: datetime) -> bool:
        """Note who called; False when that was done already, or nobody asked."""
        called = (
            update(t.call_backs)
            .where(_c.call_back_id == call_back_id, _c.done_at.is_(None))
            .values(done_at=now, done_by=by)
        )
        return self._db.execute(called).rowcount == 1
