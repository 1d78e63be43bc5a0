"""Receipts: what operators say became of each part of an MT; a status only moves forward."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Row, case, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import MtState
from core.store import tables as t

SUBSCRIBER_DIGITS = 9  # enough to compare numbers that are written with and without the country
MOST_EARLY = 1_000
RECEIPT_LOCK = 4  # namespace of the advisory locks under which the ids and the receipts of an operator meet

Part: TypeAlias = tuple[int, int, int]  # mt_id, attempt, number


class SentPart(NamedTuple):
    """One part as an operator accepted it; `message_key` is its id, normalised, or empty."""

    mt_id: int
    attempt: int
    number: int
    operator: str
    message_key: str


@dataclass(frozen=True, slots=True)
class FinalReceipt:
    """What became of a part.

    `message_keys` are the ids that the receipt may mean: as it is written first, then in other notations.
    """

    operator: str
    message_keys: tuple[str, ...]
    is_delivered: bool
    error: str | None
    recipient: str = field(default="", repr=False)


class Verdict(NamedTuple):
    """What a receipt said of one part, when the part was found."""

    mt_id: int
    attempt: int
    operator: str
    is_delivered: bool
    error: str | None


class ReceiptBook:
    """The `mt_parts` and `early_receipts` tables."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def record(self, parts: Sequence[SentPart], *, now: datetime) -> list[Verdict]:
        """Keep the ids of accepted parts, and apply the receipts that came before them."""
        if not parts:
            return []
        self._meet({part.operator for part in parts})
        new = upsert(t.mt_parts).on_conflict_do_nothing()
        self._db.execute(new, [part._asdict() | {"state": MtState.SENT} for part in parts])
        e = t.early_receipts.c
        named = {(part.operator, part.message_key): part for part in parts if part.message_key}
        early = self._db.execute(
            delete(t.early_receipts)
            .where(tuple_(e.operator, e.message_key).in_(named))
            .returning(e.operator, e.message_key, e.state, e.error)
        ).all()
        found = {named[r.operator, r.message_key][:3]: r for r in early}
        self._move({part: MtState(r.state) for part, r in found.items()}, now=now)
        return [_verdict(part, r.operator, r.state, r.error) for part, r in found.items()]

    def apply(self, receipts: Sequence[FinalReceipt], *, now: datetime) -> list[Verdict]:
        """Move the status of what the receipts name; those of unknown parts wait.

        Another notation counts only where the recipient agrees. An id as it is written may not be known yet,
        and then an older MT has that number in another notation.
        """
        self._meet({receipt.operator for receipt in receipts})
        known = self._known({(r.operator, key) for r in receipts for key in r.message_keys})
        outcomes: dict[Part, MtState] = {}
        verdicts = []
        early = []
        for receipt in receipts:
            state = MtState.DELIVERED if receipt.is_delivered else MtState.FAILED
            if found := _meant(receipt, known):
                part = (found.mt_id, found.attempt, found.number)
                outcomes.setdefault(part, state)
                verdicts.append(_verdict(part, receipt.operator, state, receipt.error))
            else:
                early.append(
                    {
                        "operator": receipt.operator,
                        "message_key": receipt.message_keys[0],
                        "state": state,
                        "error": receipt.error,
                        "received_at": now,
                    }
                )
        if early:
            self._db.execute(insert(t.early_receipts), early)
        self._move(outcomes, now=now)
        return verdicts

    def match_early(
        self, forms: Callable[[str], tuple[str, ...]], *, since: datetime, before: datetime, now: datetime
    ) -> list[Verdict]:
        """Look again for what the receipts of that time name; `forms` gives an id's notations.

        Another notation could not be trusted while the part of the id as it is written might still come.
        """
        e = t.early_receipts.c
        is_due = (e.received_at >= since) & (e.received_at < before)
        # The lock before any row: `record` takes them in this order too.
        self._meet(set(self._db.scalars(select(e.operator).where(is_due).distinct())))
        waiting = self._db.execute(
            select(e.receipt_id, e.operator, e.message_key, e.state, e.error)
            .where(is_due)
            .order_by(e.receipt_id)
            .limit(MOST_EARLY)
        ).all()
        known = self._known({(r.operator, key) for r in waiting for key in forms(r.message_key)})
        outcomes: dict[Part, MtState] = {}
        verdicts = []
        used = []
        for receipt in waiting:
            named = (known.get((receipt.operator, key), ()) for key in forms(receipt.message_key))
            newest = (parts[0] for parts in named if parts)
            found = next((part for part in newest if part.state == MtState.SENT), None)
            if found is not None:
                used.append(receipt.receipt_id)
                part = (found.mt_id, found.attempt, found.number)
                outcomes.setdefault(part, MtState(receipt.state))
                verdicts.append(_verdict(part, receipt.operator, receipt.state, receipt.error))
        if used:
            self._db.execute(delete(t.early_receipts).where(e.receipt_id.in_(used)))
        self._move(outcomes, now=now)
        return verdicts

    def forget_early(self, *, before: datetime) -> None:
        """Drop receipts that no part ever claimed: operators use their ids again."""
        self._db.execute(delete(t.early_receipts).where(t.early_receipts.c.received_at < before))

    def _meet(self, operators: Collection[str]) -> None:
        """One at a time: else a receipt and the id it names, written at once, would not see each other."""
        for operator in sorted(operators):
            lock = func.pg_advisory_xact_lock(RECEIPT_LOCK, func.hashtext(operator))
            self._db.execute(select(lock))

    def _known(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Row[Any]]]:
        """The parts of these ids with their recipients, newest first."""
        p, o = t.mt_parts.c, t.outbox.c
        rows = self._db.execute(
            select(t.mt_parts, o.address)
            .join(t.outbox, o.mt_id == p.mt_id)
            .where(tuple_(p.operator, p.message_key).in_(keys))
            .order_by(p.mt_id.desc(), p.attempt.desc(), p.number.desc())
        )
        known: dict[tuple[str, str], list[Row[Any]]] = {}
        for row in rows:
            known.setdefault((row.operator, row.message_key), []).append(row)
        return known

    def _move(self, outcomes: Mapping[Part, MtState], *, now: datetime) -> None:
        p = t.mt_parts.c
        for state in (MtState.DELIVERED, MtState.FAILED):
            if parts := sorted(part for part, outcome in outcomes.items() if outcome is state):
                self._db.execute(
                    update(t.mt_parts)
                    .where(tuple_(p.mt_id, p.attempt, p.number).in_(parts), p.state == MtState.SENT)
                    .values(state=state)
                )
        self._move_whole({mt_id for mt_id, _, _ in outcomes}, now=now)

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


def _verdict(part: Part, operator: str, state: str, error: str | None) -> Verdict:
    return Verdict(part[0], part[1], operator, state == MtState.DELIVERED, error)


def _meant(receipt: FinalReceipt, known: Mapping[tuple[str, str], Sequence[Row[Any]]]) -> Row[Any] | None:
    """The newest part that the receipt can mean."""
    as_written, *other_notations = ((receipt.operator, key) for key in receipt.message_keys)
    for part in known.get(as_written, ()):
        if _agree(receipt.recipient, part.address) is not False:
            return part
    for key in other_notations:
        for part in known.get(key, ()):
            if part.state == MtState.SENT and _agree(receipt.recipient, part.address):
                return part
    return None


def _agree(recipient: str, address: str) -> bool | None:
    """Whether it is the same number; None where the receipt does not say."""
    digits = recipient.removeprefix("+")
    if not digits.isdecimal() or len(digits) < SUBSCRIBER_DIGITS:
        return None
    return address.endswith(digits[-SUBSCRIBER_DIGITS:])
