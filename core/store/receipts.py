"""Receipts: what operators say became of each part of an MT; a status only moves forward."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Row,
    SmallInteger,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import MtState
from core.store import tables as t
from core.store.given import given, rows_given

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
        self._db.execute(_ADD, [part._asdict() | {"state": MtState.SENT} for part in parts])
        named = {(part.operator, part.message_key): part for part in parts if part.message_key}
        early = self._db.execute(_MEET_EARLY, _keys(named)).all()
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
            self._db.execute(_LOCK, {"operator": operator})

    def _known(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Row[Any]]]:
        """The parts of these ids with their recipients, newest first."""
        rows = self._db.execute(_KNOWN, _keys(keys))
        known: dict[tuple[str, str], list[Row[Any]]] = {}
        for row in rows:
            known.setdefault((row.operator, row.message_key), []).append(row)
        return known

    def _move(self, outcomes: Mapping[Part, MtState], *, now: datetime) -> None:
        for state in (MtState.DELIVERED, MtState.FAILED):
            if parts := sorted(part for part, outcome in outcomes.items() if outcome is state):
                moved = rows_given(
                    (SentPart(*part, "", "")._asdict() for part in parts), "mt_id", "attempt", "number"
                )
                self._db.execute(_MOVE, moved | {"state": state})
        self._move_whole({mt_id for mt_id, _, _ in outcomes}, now=now)

    def _move_whole(self, mt_ids: Collection[int], *, now: datetime) -> None:
        """An MT is delivered when every part of an attempt is, failed when one of them is."""
        if not mt_ids:
            return
        self._db.execute(_MOVE_WHOLE, {"mt_ids": list(mt_ids), "settled_at": now})


# Built once: building a statement costs more than running it.

_p, _e, _o = t.mt_parts.c, t.early_receipts.c, t.outbox.c
_LOCK = select(func.pg_advisory_xact_lock(RECEIPT_LOCK, func.hashtext(bindparam("operator"))))
_ADD = upsert(t.mt_parts).on_conflict_do_nothing()
_KEYS = given(operator=Text, message_key=Text)
_MEET_EARLY = (
    delete(t.early_receipts)
    .where(_e.operator == _KEYS.c.operator, _e.message_key == _KEYS.c.message_key)
    .returning(_e.operator, _e.message_key, _e.state, _e.error)
)
_KNOWN = (
    select(t.mt_parts, _o.address)
    .join(t.outbox, _o.mt_id == _p.mt_id)
    .where(_p.operator == _KEYS.c.operator, _p.message_key == _KEYS.c.message_key)
    .order_by(_p.mt_id.desc(), _p.attempt.desc(), _p.number.desc())
)
_PARTS = given(mt_id=BigInteger, attempt=SmallInteger, number=SmallInteger)
_MOVE = update(t.mt_parts).where(
    _p.mt_id == _PARTS.c.mt_id,
    _p.attempt == _PARTS.c.attempt,
    _p.number == _PARTS.c.number,
    _p.state == MtState.SENT,
)
_parts_of = (
    select(
        _p.mt_id,
        _p.attempt,
        func.count().filter(_p.state == MtState.DELIVERED).label("delivered"),
        func.count().filter(_p.state == MtState.FAILED).label("failed"),
    )
    .where(_p.mt_id == func.any(cast(bindparam("mt_ids"), ARRAY(BigInteger))))
    .group_by(_p.mt_id, _p.attempt)
    .subquery()
    .c
)
_MOVE_WHOLE = (
    update(t.outbox)
    .where(
        _o.mt_id == _parts_of.mt_id,
        _o.attempt == _parts_of.attempt,
        _o.state.in_([MtState.SENT, MtState.UNANSWERED]),
        (_parts_of.delivered == _o.segments) | (_parts_of.failed > 0),
    )
    .values(state=case((_parts_of.failed > 0, MtState.FAILED.value), else_=MtState.DELIVERED.value))
)


def _keys(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    return rows_given(
        ({"operator": operator, "message_key": key} for operator, key in keys), "operator", "message_key"
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
