"""Which operator serves a number, as its own messages have shown."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.store import tables as t

RELEARN_AFTER = timedelta(hours=1)


class RouteBook:
    """The `routes` table: numbers are portable, so what was seen beats what a prefix says."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def learn(self, seen: Sequence[tuple[str, str]], *, source: str, now: datetime) -> None:
        """Note (number, operator) pairs; writes only what is new, changed or old."""
        rows = {
            number: {"address": number, "operator": operator, "learned_from": source, "learned_at": now}
            for number, operator in sorted(seen)
        }
        if not rows:
            return
        new = upsert(t.routes).values(list(rows.values()))
        self._db.execute(
            new.on_conflict_do_update(
                index_elements=["address"],
                set_={
                    "operator": new.excluded.operator,
                    "learned_from": new.excluded.learned_from,
                    "learned_at": new.excluded.learned_at,
                },
                where=(t.routes.c.operator != new.excluded.operator)
                | (t.routes.c.learned_at < now - RELEARN_AFTER),
            )
        )

    def find(self, numbers: Collection[str]) -> dict[str, str]:
        """The operators known for these numbers."""
        rows = self._db.execute(
            select(t.routes.c.address, t.routes.c.operator).where(t.routes.c.address.in_(numbers))
        )
        return {row.address: row.operator for row in rows}
