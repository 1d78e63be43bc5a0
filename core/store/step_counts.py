"""How many people went from one step of a dialogue to the next; nothing says who."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.store import tables as t

NOWHERE: Final = ""

_c = t.step_counts.c


class Way(NamedTuple):
    """From a step to another, of one version of a dialogue in one medium; `NOWHERE` is outside it."""

    dialogue: str
    version: int
    medium: str
    step: str
    target: str


class StepCountBook:
    """The `step_counts` table."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, counts: Mapping[Way, int]) -> None:
        """Count so many more; always in one order, so that two who count at once cannot block each other."""
        if not counts:
            return
        rows = [{**way._asdict(), "count": count} for way, count in sorted(counts.items())]
        new = upsert(t.step_counts).values(rows)
        more = {"count": _c.count + new.excluded.count}
        self._db.execute(new.on_conflict_do_update(index_elements=list(Way._fields), set_=more))

    def of(self, dialogue: str, version: int, *, medium: str | None = None) -> dict[tuple[str, str], int]:
        """How many went each way, from a step to a target; in every medium together if none is named."""
        counted = (
            select(_c.step, _c.target, func.sum(_c.count))
            .where(_c.dialogue == dialogue, _c.version == version)
            .group_by(_c.step, _c.target)
        )
        if medium is not None:
            counted = counted.where(_c.medium == medium)
        return {(step, target): int(count) for step, target, count in self._db.execute(counted)}
