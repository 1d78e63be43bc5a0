"""Doses delivered, passed on, used and wasted."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.stock import Action, Movement
from core.store import tables as t


class StockBook:
    """The `stock_movements` table: signed doses, one row per site that a movement touches."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, movements: Sequence[Movement]) -> int:
        """Keep the movements that are new, and return how many were; the same file twice changes nothing."""
        rows = [row for movement in movements for row in _rows(movement)]
        if not rows:
            return 0
        new = upsert(t.stock_movements).on_conflict_do_nothing().returning(t.stock_movements.c.movement_key)
        return len({row.movement_key[:-1] for row in self._db.execute(new, rows)})

    def on_hand(self, site_id: UUID) -> dict[str, int]:
        """Doses at a site by product; never below 0, whatever the reports say."""
        m = t.stock_movements.c
        rows = self._db.execute(
            select(m.product, func.sum(m.doses)).where(m.site_id == site_id).group_by(m.product)
        )
        return {product: max(0, doses) for product, doses in rows}


def _rows(movement: Movement) -> list[dict[str, object]]:
    sign = 1 if movement.action is Action.RECEIVED else -1
    touched = [(movement.site_id, sign)]
    if movement.action is Action.ISSUED and movement.to_site is not None:
        touched.append((movement.to_site, 1))
    return [
        {
            "movement_key": f"{movement.key}{'+' if direction > 0 else '-'}",
            "site_id": site_id,
            "product": movement.product,
            "kind": movement.action.value,
            "moved_on": movement.moved_on,
            "doses": direction * movement.doses,
        }
        for site_id, direction in touched
    ]
