"""Doses delivered, passed on, used and wasted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from core.states import DOSE
from core.stock import Action, Arrival, Movement, Stock, Use
from core.store import tables as t

USED = "Spotřeba"
GIVEN = "Podané dávky"  # doses recorded one by one, for as long as no use of that day is reported
_STOCK_LOCK: Final = 12  # namespace of the advisory locks under which the use of a site is counted

GivenDay: TypeAlias = tuple[UUID, str, date]
"""A site, a vaccine by its key, and a local day."""


@dataclass(frozen=True, slots=True)
class Added:
    """How many movements were new, and how many days of use were new or corrected."""

    movements: int = 0
    uses: int = 0
    arrivals: frozenset[Arrival] = field(default=frozenset(), compare=False)
    """What the new movements brought, and where to."""


class StockBook:
    """The `stock_movements` table: signed doses, one row per site that a movement touches."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, movements: Sequence[Movement] = (), uses: Sequence[Use] = ()) -> Added:
        """Keep what is new; the same file twice changes nothing.

        A movement never changes; doses used at a site on one day are what the last file says.
        """
        moved, arrivals = self._add_movements(movements)
        return Added(moved, self._add_uses(uses), arrivals)

    def count_given(self, days: Iterable[GivenDay]) -> None:
        """Take the doses recorded on these days off the stock.

        One source a site, vaccine and day: where its use is reported (`ockovani-spotreba`, which knows the
        waste too), that holds and recorded doses are not counted besides.
        """
        wanted = sorted(set(days), key=str)
        self._lock(site_id for site_id, *_ in wanted)
        d, m = t.doses.c, t.stock_movements.c
        given = (
            select(d.site_id, d.product, d.given_on, func.count())
            .where(tuple_(d.site_id, d.product, d.given_on).in_(wanted), d.state == DOSE.begins_as)
            .group_by(d.site_id, d.product, d.given_on)
        )
        counted = {(row[0], row[1], row[2]): int(row[3]) for row in self._db.execute(given)}
        reported = set(
            self._db.execute(
                select(m.movement_key).where(m.movement_key.in_([_key(USED, day) for day in wanted]))
            ).scalars()
        )
        self._db.execute(
            delete(t.stock_movements).where(m.movement_key.in_([_key(GIVEN, day) for day in wanted]))
        )
        rows = [
            _use_row(GIVEN, day, counted[day])
            for day in wanted
            if day in counted and _key(USED, day) not in reported
        ]
        if rows:
            self._db.execute(upsert(t.stock_movements), rows)

    def _lock(self, site_ids: Iterable[UUID]) -> None:
        """Nobody else counts the use of these sites until the commit."""
        for site_id in sorted(set(site_ids)):
            self._db.execute(select(func.pg_advisory_xact_lock(_STOCK_LOCK, func.hashtext(str(site_id)))))

    def on_hand(self, site_id: UUID, *, today: date | None = None) -> dict[str, int]:
        """Doses at a site by product; never below 0, whatever the reports say.

        Without ``today`` those that are only announced count too.
        """
        until = () if today is None else (t.stock_movements.c.moved_on <= today,)
        return {product: max(0, doses) for product, doses in self._sums(site_id, *until)}

    def _sums(self, site_id: UUID, *which: ColumnElement[bool]) -> list[tuple[str, int]]:
        m = t.stock_movements.c
        sums = select(m.product, func.sum(m.doses)).where(m.site_id == site_id, *which).group_by(m.product)
        return [(product, int(doses)) for product, doses in self._db.execute(sums)]

    def everywhere(self) -> Stock:
        """Doses per site and product; below 0 where the reports disagree with each other."""
        m = t.stock_movements.c
        rows = self._db.execute(
            select(m.site_id, m.product, func.sum(m.doses)).group_by(m.site_id, m.product)
        )
        return {(site_id, product): int(doses) for site_id, product, doses in rows}

    def _add_movements(self, movements: Sequence[Movement]) -> tuple[int, frozenset[Arrival]]:
        rows = [row for movement in movements for row in _rows(movement)]
        if not rows:
            return 0, frozenset()
        m = t.stock_movements.c
        new = upsert(t.stock_movements).on_conflict_do_nothing()
        kept = self._db.execute(
            new.returning(m.movement_key, m.site_id, m.product, m.moved_on, m.doses), rows
        ).all()
        arrivals = frozenset(Arrival(k.site_id, k.product, k.moved_on) for k in kept if k.doses > 0)
        return len({k.movement_key[:-1] for k in kept}), arrivals

    def _add_uses(self, uses: Sequence[Use]) -> int:
        # The office splits some days into two rows.
        doses: Counter[GivenDay] = Counter()
        for use in uses:
            doses[use.site_id, use.product, use.used_on] += use.used + use.wasted
        if not doses:
            return 0
        rows = [_use_row(USED, day, gone) for day, gone in doses.items()]
        m = t.stock_movements.c
        self._lock(site_id for site_id, *_ in doses)
        self._db.execute(
            delete(t.stock_movements).where(m.movement_key == bindparam("of_doses")),
            [{"of_doses": _key(GIVEN, day)} for day in doses],
        )
        new = upsert(t.stock_movements)
        kept = new.on_conflict_do_update(
            index_elements=["movement_key"],
            set_={"doses": new.excluded.doses},
            where=m.doses != new.excluded.doses,
        ).returning(m.movement_key)
        return len(self._db.execute(kept, rows).all())


def _key(kind: str, day: GivenDay) -> str:
    return "|".join((kind, *map(str, day)))


def _use_row(kind: str, day: GivenDay, doses: int) -> dict[str, object]:
    site_id, product, used_on = day
    return {
        "movement_key": _key(kind, day),
        "site_id": site_id,
        "product": product,
        "kind": kind,
        "moved_on": used_on,
        "doses": -doses,
    }


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
