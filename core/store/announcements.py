"""Deliveries that were announced, changed, cut, and that came."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.announcements import Announced
from core.stock import Arrival
from core.store import tables as t

EARLY_OR_LATE: Final = timedelta(days=2)  # a delivery that comes so near its day is the one announced

_e = t.expected_deliveries.c


@dataclass(frozen=True, slots=True)
class Cut:
    """A delivery is smaller than it was announced."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class NotExpected:
    """No such delivery is to come; ``others`` are the days and doses of that vaccine there that are."""

    others: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class NotSmaller:
    """A cut to as many doses as are expected, or to more."""

    expected: int


class AnnouncementBook:
    """The `expected_deliveries` table."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def announce(
        self, deliveries: Sequence[Announced], *, who: str, now: datetime
    ) -> tuple[int, list[tuple[Announced, int]]]:
        """Expect these deliveries; the same file twice changes nothing.

        Gives how many are new, and those that were announced with another number of doses before.
        """
        before = self._known({each.site_id for each in deliveries})
        keys = {each: (each.site_id, each.product, each.due_on) for each in deliveries}
        changed = [
            (each, before[key]) for each, key in keys.items() if key in before and before[key] != each.doses
        ]
        new = [each for each, key in keys.items() if key not in before]
        rows = [
            {
                "site_id": each.site_id,
                "product": each.product,
                "due_on": each.due_on,
                "announced": each.doses,
                "doses": each.doses,
                "changed_by": who,
                "changed_at": now,
            }
            for each in (*new, *(each for each, _ in changed))
        ]
        if rows:
            row = upsert(t.expected_deliveries)
            news = {name: row.excluded[name] for name in ("doses", "changed_by", "changed_at")}
            self._db.execute(
                row.on_conflict_do_update(index_elements=["site_id", "product", "due_on"], set_=news), rows
            )
        return len(new), changed

    def _known(self, site_ids: Collection[UUID]) -> dict[tuple[UUID, str, date], int]:
        rows = self._db.execute(
            select(_e.site_id, _e.product, _e.due_on, _e.doses).where(_e.site_id.in_(site_ids))
        )
        return {(row.site_id, row.product, row.due_on): row.doses for row in rows}

    def cut(
        self, site_id: UUID, product: str, due_on: date, *, to: int, who: str, now: datetime
    ) -> Cut | NotExpected | NotSmaller:
        """Expect fewer doses of one delivery from now on."""
        this = (_e.site_id == site_id, _e.product == product, _e.came_on.is_(None))
        expected = self._db.execute(
            select(_e.doses).where(*this, _e.due_on == due_on).with_for_update()
        ).scalar_one_or_none()
        if expected is None:
            others = select(_e.due_on, _e.doses).where(*this, _e.due_on >= now.date()).order_by(_e.due_on)
            return NotExpected(tuple((row.due_on, row.doses) for row in self._db.execute(others)))
        if to >= expected:
            return NotSmaller(expected)
        smaller = update(t.expected_deliveries).where(*this, _e.due_on == due_on)
        self._db.execute(smaller.values(doses=to, changed_by=who, changed_at=now))
        return Cut(expected, to)

    def settle(self, arrivals: Collection[Arrival]) -> int:
        """Note what has come: each arrival is the announced delivery nearest to its day, if one is near."""
        expected = self._db.execute(
            select(_e.expected_id, _e.site_id, _e.product, _e.due_on)
            .where(_e.came_on.is_(None), _e.site_id.in_({each.site_id for each in arrivals}))
            .order_by(_e.due_on)
        ).all()
        came: dict[int, date] = {}
        for each in sorted(arrivals, key=lambda arrival: arrival.day):
            near = [
                row
                for row in expected
                if (row.site_id, row.product) == (each.site_id, each.product)
                and row.expected_id not in came
                and abs(row.due_on - each.day) <= EARLY_OR_LATE
            ]
            if near:
                came[min(near, key=lambda row: abs(row.due_on - each.day)).expected_id] = each.day
        for expected_id, day in came.items():
            here = update(t.expected_deliveries).where(_e.expected_id == expected_id)
            self._db.execute(here.values(came_on=day))
        return len(came)
