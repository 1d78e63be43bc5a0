"""Receipts: what operators say became of each part of an MT; a status only moves forward."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, case, delete, func, insert, select, tuple_, update

from core.messages import MtState
from core.store import tables as t

RECEIPT_LOCK = 4  # namespace of the advisory locks under which the ids and the receipts of an operator meet


class SentPart(NamedTuple):
    """One part as an operator accepted it; `message_key` is its id, normalised."""

    mt_id: int
    attempt: int
    number: int
    operator: str
    message_key: str


class FinalReceipt(NamedTuple):
    """What became of a part; `message_keys` are the ids that the receipt may mean, likeliest first."""

    operator: str
    message_keys: tuple[str, ...]
    is_delivered: bool
    error: str | None


class ReceiptBook:
    """The `mt_parts` and `early_receipts` tables."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def record(self, parts: Sequence[SentPart], *, now: datetime) -> None:
        """Keep the ids of accepted parts, and apply the receipts that came before them."""
        if not parts:
            return
        self._meet({part.operator for part in parts})
        self._db.execute(insert(t.mt_parts), [part._asdict() | {"state": MtState.SENT} for part in parts])
        e = t.early_receipts.c
        keys = {(part.operator, part.message_key) for part in parts if part.message_key}
        early = self._db.execute(
            delete(t.early_receipts)
            .where(tuple_(e.operator, e.message_key).in_(keys))
            .returning(t.early_receipts)
        ).all()
        if early:
            self.apply(
                [
                    FinalReceipt(r.operator, (r.message_key,), r.state == MtState.DELIVERED, r.error)
                    for r in early
                ],
                now=now,
            )

    def apply(self, receipts: Sequence[FinalReceipt], *, now: datetime) -> None:
        """Move the status of what the receipts name; those of unknown parts wait for `record`."""
        self._meet({receipt.operator for receipt in receipts})
        p = t.mt_parts.c
        wanted = {(r.operator, key) for r in receipts for key in r.message_keys}
        known = {
            (row.operator, row.message_key): row
            for row in self._db.execute(
                select(t.mt_parts).where(tuple_(p.operator, p.message_key).in_(wanted))
            )
        }
        outcomes: dict[tuple[int, int, int], MtState] = {}
        early = []
        for receipt in receipts:
            state = MtState.DELIVERED if receipt.is_delivered else MtState.FAILED
            found = next(
                (known[receipt.operator, k] for k in receipt.message_keys if (receipt.operator, k) in known),
                None,
            )
            if found is not None:
                outcomes.setdefault((found.mt_id, found.attempt, found.number), state)
            else:
                early += [
                    {
                        "operator": receipt.operator,
                        "message_key": key,
                        "state": state,
                        "error": receipt.error,
                        "received_at": now,
                    }
                    for key in receipt.message_keys
                ]
        if early:
            self._db.execute(insert(t.early_receipts), early)
        for state in (MtState.DELIVERED, MtState.FAILED):
            if keys := sorted(key for key, outcome in outcomes.items() if outcome is state):
                self._db.execute(
                    update(t.mt_parts)
                    .where(tuple_(p.mt_id, p.attempt, p.number).in_(keys), p.state == MtState.SENT)
                    .values(state=state)
                )
        self._move_whole({mt_id for mt_id, _, _ in outcomes}, now=now)

    def _meet(self, operators: Collection[str]) -> None:
        """One at a time: else a receipt and the id it names, written at once, would not see each other."""
        for operator in sorted(operators):
            lock = func.pg_advisory_xact_lock(RECEIPT_LOCK, func.hashtext(operator))
            self._db.execute(select(lock))

    def _move_whole(self, mt_ids: Collection[int], *, now: datetime) -> None:
        """An MT is delivered when every part of an attempt is, failed when one of them is."""
        if not mt_ids:
            return
        p, o = t.mt_parts.c, t.outbox.c
        delivered = func.count().filter(p.state == MtState.DELIVERED)
        failed = func.count().filter(p.state == MtState.FAILED)
        whole = (
            select(p.mt_id, p.attempt, delivered.label("delivered"), failed.label("failed"))
            .where(p.mt_id.in_(mt_ids))
            .group_by(p.mt_id, p.attempt)
            .subquery()
        )
        w = whole.c
        self._db.execute(
            update(t.outbox)
            .where(
                o.mt_id == w.mt_id,
                o.attempt == w.attempt,
                o.state.in_([MtState.SENT, MtState.UNANSWERED]),
                (w.delivered == o.segments) | (w.failed > 0),
            )
            .values(
                state=case((w.failed > 0, MtState.FAILED.value), else_=MtState.DELIVERED.value),
                settled_at=now,
            )
        )

    def forget_early(self, *, before: datetime) -> None:
        """Drop receipts that no part ever claimed."""
        self._db.execute(delete(t.early_receipts).where(t.early_receipts.c.received_at < before))
