"""How the operators are: who was bound to them when, and which share of the work each has."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.routing import OperatorChoice, Shift
from core.store import tables as t

SHIFT_AT_MOST_EVERY = timedelta(minutes=1)
GONE_AFTER = timedelta(minutes=5)  # while a release is rolled out, some processes know it and some do not


class Recorded(NamedTuple):
    """One change of a weight."""

    operator: str
    shifted_at: datetime
    before: float
    after: float
    reason: str


class OperatorBook:
    """The `operators` and `operator_shifts` tables: what one process sees, the others choose by."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def note(self, names: Collection[str], *, bound: Collection[str], now: datetime) -> None:
        """Note which of our operators this process is bound to."""
        if not names:
            return
        rows = [
            {"name": name, "bound_at": now if name in bound else None, "changed_at": now}
            for name in sorted(names)
        ]
        new = upsert(t.operators).values(rows)
        self._db.execute(
            new.on_conflict_do_update(
                index_elements=["name"],
                set_={"bound_at": func.greatest(t.operators.c.bound_at, new.excluded.bound_at)},
                where=new.excluded.bound_at.is_not(None),
            )
        )

    def as_they_are(
        self, operators: Sequence[OperatorChoice], *, now: datetime
    ) -> tuple[OperatorChoice, ...]:
        """The operators with their weights, and whether anybody has been bound to them of late."""
        o = t.operators.c
        rows = self._db.execute(select(o.name, o.bound_at, o.weight)).all()
        bound_at = {row.name: row.bound_at for row in rows}
        weights = {row.name: row.weight for row in rows}

        def is_up(operator: OperatorChoice) -> bool:
            seen = bound_at.get(operator.name)
            return seen is not None and seen > now - operator.down_after

        return tuple(
            replace(one, weight=weights.get(one.name, one.weight), is_up=is_up(one)) for one in operators
        )

    def gone(self, operators: Sequence[OperatorChoice], *, now: datetime) -> set[str]:
        """Operators that are no longer in the settings, of no process of late."""
        o = t.operators.c
        return set(
            self._db.scalars(
                select(o.name).where(
                    o.name.not_in([one.name for one in operators]), o.bound_at < now - GONE_AFTER
                )
            )
        )

    def shift(self, name: str, old: float, new: Shift, *, now: datetime) -> bool:
        """Change a weight and record why; False where another process has done so within a minute."""
        o = t.operators.c
        changed = self._db.execute(
            update(t.operators)
            .where(o.name == name, o.weight == old, o.changed_at <= now - SHIFT_AT_MOST_EVERY)
            .values(weight=new.weight, changed_at=now)
        )
        if changed.rowcount == 0:
            return False
        self._db.execute(
            insert(t.operator_shifts).values(
                operator=name,
                shifted_at=now,
                weight_before=old,
                weight_after=new.weight,
                reason=new.reason,
            )
        )
        return True

    def shifts(self, *, at_most: int) -> list[Recorded]:
        """The last changes of weights, the newest first."""
        s = t.operator_shifts.c
        rows = self._db.execute(
            select(s.operator, s.shifted_at, s.weight_before, s.weight_after, s.reason)
            .order_by(s.shift_id.desc())
            .limit(at_most)
        )
        return [Recorded(*row) for row in rows]
