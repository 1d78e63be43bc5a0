"""What waits to be sent, for whoever watches the gateways."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from core.messages import Lane, MtState
from core.store import tables as t

NO_RECEIPT_ANY_MORE: Final = timedelta(hours=48)  # operators keep an SMS for a phone that is off no longer


@dataclass(frozen=True, slots=True)
class Queue:
    """The MTs of one lane that wait for one operator; `moved` of them are another's, which is down."""

    operator: str
    lane: Lane
    segments: int
    moved: int
    oldest_at: datetime


class QueueView:
    """Reads the `outbox`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def waiting(self) -> list[Queue]:
        """Every queue in which something waits."""
        o = t.outbox.c
        rows = self._db.execute(
            select(o.operator, o.lane, func.sum(o.segments), func.count(o.home), func.min(o.created_at))
            .where(o.state == MtState.QUEUED)
            .group_by(o.operator, o.lane)
            .order_by(o.operator, o.lane)
        )
        return [
            Queue(operator, Lane(lane), int(segments), moved, oldest_at)
            for operator, lane, segments, moved, oldest_at in rows
        ]

    def blocked(self) -> int:
        """How many MTs were the same words to the same person again and again."""
        o = t.outbox.c
        return self._db.scalar(select(func.count()).where(o.state == MtState.BLOCKED)) or 0

    def given_up(self, *, now: datetime) -> dict[Lane, int]:
        """MTs in doubt of which nothing will be heard any more: nobody knows whether they arrived."""
        o = t.outbox.c
        rows = self._db.execute(
            select(o.lane, func.count())
            .where(o.state == MtState.UNANSWERED, o.settled_at < now - NO_RECEIPT_ANY_MORE)
            .group_by(o.lane)
            .order_by(o.lane)
        )
        return {Lane(lane): count for lane, count in rows}
