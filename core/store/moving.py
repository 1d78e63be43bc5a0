"""MTs that change their operator: while theirs is down, and after it said that a number is not its own."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, case, exists, func, null, select, true, tuple_, update

from core.messages import SMS_CHANNEL, MtState
from core.store import tables as t

MOVING_LOCK = 5  # namespace of the advisory lock: one process moves at a time
MOST_AT_ONCE = 1_000


class Attempt(NamedTuple):
    """One handing over of an MT."""

    mt_id: int
    attempt: int


class Place(NamedTuple):
    """Where an MT stands in the queue of an operator."""

    lane: int
    rank: int
    mt_id: int


class Queued(NamedTuple):
    """An MT that waits, and the number that it is for."""

    place: Place
    number: str


class MovingBook:
    """The `operator` and `home` of MTs; lane, rank and age stay, so an MT stays in its place."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def begin(self) -> bool:
        """Be the one that moves, until this transaction ends."""
        return bool(self._db.scalar(select(func.pg_try_advisory_xact_lock(MOVING_LOCK, 0))))

    def queued(self, operator: str, *, after: Place | None = None) -> list[Queued]:
        """What waits for an operator, in order: the first thousand behind a place."""
        o = t.outbox.c
        place = tuple_(o.lane, o.rank, o.mt_id)
        rows = self._db.execute(
            select(o.lane, o.rank, o.mt_id, o.address)
            .where(o.operator == operator, o.state == MtState.QUEUED, o.channel == SMS_CHANNEL)
            .where(place > after if after else true())
            .order_by(o.lane, o.rank, o.mt_id)
            .limit(MOST_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return [Queued(Place(row.lane, row.rank, row.mt_id), row.address) for row in rows]

    def move(self, mt_ids: Collection[int], *, operator: str, to: str) -> int:
        """Let another operator carry what still waits for this one, and remember whose it is."""
        o = t.outbox.c
        return self._db.execute(
            update(t.outbox)
            .where(o.mt_id.in_(mt_ids), o.operator == operator, o.state == MtState.QUEUED)
            .values(operator=to, home=case((o.home == to, null()), else_=func.coalesce(o.home, operator)))
        ).rowcount

    def bring_home(self, operator: str) -> int:
        """Give an operator back what was moved and still waits: a thousand at once; how many there were."""
        o = t.outbox.c
        moved = (
            select(o.mt_id)
            .where(o.home == operator, o.state == MtState.QUEUED)
            .order_by(o.lane, o.rank, o.mt_id)
            .limit(MOST_AT_ONCE)
            .with_for_update(skip_locked=True)
            .cte("moved")  # looked for once: a subquery may be run again for each row, past its limit
        )
        return self._db.execute(
            update(t.outbox)
            .where(o.mt_id.in_(select(moved.c.mt_id)), o.home == operator, o.state == MtState.QUEUED)
            .values(operator=operator, home=None)
        ).rowcount

    def refused(self, attempts: Collection[Attempt], *, operator: str) -> dict[Attempt, str]:
        """The numbers of MTs that failed at an operator, and of which no part has arrived."""
        o, p = t.outbox.c, t.mt_parts.c
        arrived = exists().where(p.mt_id == o.mt_id, p.attempt == o.attempt, p.state == MtState.DELIVERED)
        rows = self._db.execute(
            select(o.mt_id, o.attempt, o.address)
            .where(
                tuple_(o.mt_id, o.attempt).in_(attempts),
                o.operator == operator,
                o.state == MtState.FAILED,
                ~arrived,
            )
            .order_by(o.mt_id)
            .with_for_update()
        )
        return {Attempt(row.mt_id, row.attempt): row.address for row in rows}

    def send_elsewhere(self, attempts: Collection[Attempt], *, to: str) -> None:
        """Queue with another operator what certainly did not arrive."""
        o = t.outbox.c
        self._db.execute(
            update(t.outbox)
            .where(tuple_(o.mt_id, o.attempt).in_(attempts), o.state == MtState.FAILED)
            .values(operator=to, home=None, state=MtState.QUEUED, settled_at=None)
        )
