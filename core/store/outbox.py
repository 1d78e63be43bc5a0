"""MTs: written with the turn that caused them, claimed by one sender, settled by what the operator said."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    ScalarSelect,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from core.messages import Address, ClaimedMt, Expected, Lane, MtState, NewMt
from core.store import tables as t
from core.store.given import given, inserting, rows_given
from core.unanswered import Patience
from core.vault import Vault

IN_DOUBT = (MtState.CLAIMED, MtState.UNANSWERED)
GIVEN_BACK: Final = "given back"  # the outcome of an attempt that handed nothing over


class Reconciled(NamedTuple):
    """How many MTs were put in doubt, queued again and dropped."""

    doubted: int
    resent: int
    expired: int


class OutboxBook:
    """The `outbox` and `attempts` tables; receipts are in :mod:`core.store.receipts`."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def add(self, messages: Sequence[NewMt]) -> None:
        """Queue the messages, in their order; keep those that are blocked."""
        if messages:
            self._db.execute(_ADD, rows_given((self._row(m) for m in messages), *_COLUMNS))

    def _row(self, message: NewMt) -> dict[str, Any]:
        return {
            "channel": message.address.channel,
            "address": message.address.number,
            "operator": message.operator,
            "lane": int(message.lane),
            "rank": message.rank,
            "purpose": message.purpose,
            "text_sealed": self._vault.seal(message.text),
            "text_digest": message.text_digest,
            "segments": message.segments,
            "registration_id": message.registration_id,
            "invitation_id": message.invitation_id,
            "mo_id": message.mo_id,
            "instead_of": message.instead_of,
            "state": message.state,
            "created_at": message.created_at,
            "valid_until": message.valid_until,
            "expects_sealed": self._seal(message.expects),
        }

    def _seal(self, expects: Expected | None) -> bytes | None:
        return None if expects is None else self._vault.seal(json.dumps(expects.to_json()))

    def _open(self, sealed: bytes | None) -> Expected | None:
        return None if sealed is None else Expected.from_json(json.loads(self._vault.open(sealed)))

    def claim(
        self,
        operator: str,
        *,
        max_segments: int,
        lanes: Collection[Lane] = tuple(Lane),
        by: str,
        now: datetime,
        address: Address | None = None,
    ) -> list[ClaimedMt]:
        """Take the next MTs of an operator for this process alone: by lane, rank and age.

        At most `max_segments` in all, but at least one message when any waits.
        """
        claimed = _claiming(of_lanes=set(lanes) != set(Lane), of_address=address is not None)
        rows = self._db.execute(
            claimed,
            {
                "of_operator": operator,
                "most": max_segments,
                "of_lanes": [int(lane) for lane in lanes],
                "of_channel": address.channel if address else "",
                "of_number": address.number if address else "",
                "now": now,
            },
        ).all()
        if not rows:
            return []
        self._db.execute(
            _ATTEMPT,
            {
                **_attempts((r.mt_id, r.attempt) for r in rows),
                "by_operator": operator,
                "by": by,
                "now": now,
            },
        )
        return [
            ClaimedMt(
                r.mt_id,
                r.attempt,
                Address(r.channel, r.address),
                Lane(r.lane),
                self._vault.open(r.text_sealed),
                r.segments,
                r.valid_until,
                self._open(r.expects_sealed),
            )
            for r in sorted(rows, key=lambda r: (r.lane, r.rank, r.mt_id))
        ]

    def give_back(self, claimed: Collection[ClaimedMt], *, not_before: datetime | None = None) -> None:
        """Queue again, in the same place, what was claimed but certainly not handed over.

        It is not claimed again before that time.
        """
        self._move(claimed, IN_DOUBT, MtState.QUEUED, outcome=GIVEN_BACK, not_before=not_before)

    def settle(
        self, claimed: Collection[ClaimedMt], state: MtState, *, now: datetime, outcome: str | None = None
    ) -> None:
        """Say what came of attempts: sent, unanswered, failed or expired. Never moves a status back.

        What the sender knows ends a doubt about the same attempt, and calls off the next one where that has
        not begun: others may have doubted the claim while the database was away.
        """
        old = (MtState.CLAIMED,) if state is MtState.UNANSWERED else (*IN_DOUBT, MtState.QUEUED)
        self._move(claimed, old, state, outcome=outcome or state.value, settled_at=now)

    def _move(
        self,
        claimed: Collection[ClaimedMt],
        old: Collection[MtState],
        new: MtState,
        *,
        outcome: str,
        **values: object,
    ) -> None:
        if not claimed:
            return
        attempts = _attempts((c.mt_id, c.attempt) for c in claimed)
        self._db.execute(_MOVE, attempts | {"old": list(old), "state": new, **values})
        self._db.execute(_OUTCOME, attempts | {"outcome": outcome})

    def reconcile(self, patience: Patience, *, now: datetime) -> Reconciled:
        """Judge what nobody attends to: old claims, what goes again on a doubt, what is no longer true."""
        return Reconciled(
            doubted=self.doubt(claimed_before=now - patience.claim_lasts, now=now),
            resent=self.resend_unanswered(patience, now=now),
            expired=self.expire(now=now),
        )

    def doubt(self, *, claimed_before: datetime, now: datetime) -> int:
        """Call unanswered what was claimed long ago: its sender died, and nobody knows what it had done."""
        return self._doubt(t.attempts.c.claimed_at < claimed_before, now)

    def doubt_claims_of(self, dead: Collection[str], patience: Patience, *, now: datetime) -> int:
        """The same for senders that are known to be dead, however young the claims; what may go again does.

        Nothing more will be heard of them.
        """
        return self._doubt(t.attempts.c.claimed_by.in_(dead), now, patience) if dead else 0

    def claimants(self) -> set[str]:
        """The senders that hold claims now."""
        o, a = t.outbox.c, t.attempts.c
        held = select(a.claimed_by).join(t.outbox, and_(a.mt_id == o.mt_id, a.attempt == o.attempt))
        return set(self._db.scalars(held.where(o.state == MtState.CLAIMED).distinct()))

    def _doubt(self, stale: ColumnElement[bool], now: datetime, patience: Patience | None = None) -> int:
        o, a = t.outbox.c, t.attempts.c
        mts = (
            select(o.mt_id)
            .join(t.attempts, and_(a.mt_id == o.mt_id, a.attempt == o.attempt))
            .where(o.state == MtState.CLAIMED, stale)
        )
        state: Any = MtState.UNANSWERED.value
        if patience is not None:
            state = case((_may_go_again(patience), MtState.QUEUED.value), else_=state)
        return self._db.execute(
            update(t.outbox).where(o.mt_id.in_(mts)).values(state=state, settled_at=now)
        ).rowcount

    def resend_unanswered(self, patience: Patience, *, now: datetime) -> int:
        """Queue unanswered MTs again where policy prefers twice to never (answers, not invitations)."""
        o = t.outbox.c
        first_wait = patience.again_after.total_seconds()
        doublings = func.greatest(_handed_over() - 1, 0)
        is_long_enough = extract("epoch", literal(now) - o.settled_at) > first_wait * func.power(
            2.0, doublings
        )
        return self._db.execute(
            update(t.outbox)
            .where(
                o.state == MtState.UNANSWERED,
                o.settled_at < now - patience.again_after,
                _may_go_again(patience),
                is_long_enough,
            )
            .values(state=MtState.QUEUED)
        ).rowcount

    def expire(self, *, now: datetime) -> int:
        """Drop queued MTs that are no longer true."""
        o = t.outbox.c
        return self._db.execute(
            update(t.outbox)
            .where(o.state == MtState.QUEUED, o.valid_until <= now)
            .values(state=MtState.EXPIRED, settled_at=now)
        ).rowcount

    def queued_segments(self) -> dict[tuple[str, Lane], int]:
        """What waits per operator and lane, in segments."""
        o = t.outbox.c
        rows = self._db.execute(
            select(o.operator, o.lane, func.sum(o.segments))
            .where(o.state == MtState.QUEUED)
            .group_by(o.operator, o.lane)
        )
        return {(operator, Lane(lane)): int(segments) for operator, lane, segments in rows}


# Built once: building a statement costs more than running it. States are written out where a partial index
# is to serve a prepared statement.

_o, _a = t.outbox.c, t.attempts.c
_NOW = bindparam("now", type_=DateTime(timezone=True))
_IS_QUEUED = _o.state == literal_column(f"'{MtState.QUEUED}'")
_ATTEMPTS = given(mt_id=BigInteger, attempt=SmallInteger)
_COLUMNS = (
    "channel",
    "address",
    "operator",
    "lane",
    "rank",
    "purpose",
    "text_sealed",
    "text_digest",
    "segments",
    "registration_id",
    "invitation_id",
    "mo_id",
    "instead_of",
    "state",
    "created_at",
    "valid_until",
    "expects_sealed",
)
_ADD = inserting(t.outbox, *_COLUMNS)
_ATTEMPT = insert(t.attempts).from_select(
    ["mt_id", "attempt", "operator", "claimed_by", "claimed_at"],
    select(
        _ATTEMPTS.c.mt_id,
        _ATTEMPTS.c.attempt,
        cast(bindparam("by_operator"), Text),
        cast(bindparam("by"), Text),
        _NOW,
    ),
)
_OUTCOME = update(t.attempts).where(_a.mt_id == _ATTEMPTS.c.mt_id, _a.attempt == _ATTEMPTS.c.attempt)
_MOVE = update(t.outbox).where(
    _o.mt_id == _ATTEMPTS.c.mt_id,
    _o.attempt == _ATTEMPTS.c.attempt,
    _o.state == func.any(cast(bindparam("old"), ARRAY(Text))),
)
"""What is set is named by the parameters."""


def _attempts(of: Iterable[tuple[int, int]]) -> dict[str, list[Any]]:
    return rows_given(({"mt_id": mt_id, "attempt": attempt} for mt_id, attempt in of), "mt_id", "attempt")


@cache
def _claiming(*, of_lanes: bool, of_address: bool) -> ReturningUpdate[Any]:
    due = [
        _IS_QUEUED,
        _o.operator == bindparam("of_operator"),
        or_(_o.not_before.is_(None), _o.not_before <= _NOW),
        or_(_o.valid_until.is_(None), _o.valid_until > _NOW),
    ]
    if of_lanes:
        due.append(_o.lane == func.any(cast(bindparam("of_lanes"), ARRAY(SmallInteger))))
    if of_address:
        due += [_o.channel == bindparam("of_channel"), _o.address == bindparam("of_number")]
    most = bindparam("most", type_=Integer)
    queued = (
        select(_o.mt_id, _o.lane, _o.rank, _o.segments)
        .where(*due)
        .order_by(_o.lane, _o.rank, _o.mt_id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("queued")
    )
    before = func.sum(queued.c.segments).over(
        order_by=(queued.c.lane, queued.c.rank, queued.c.mt_id), rows=(None, 0)
    )
    fitting = select(queued.c.mt_id, queued.c.segments, before.label("upto")).cte("fitting")
    chosen = select(fitting.c.mt_id).where(or_(fitting.c.upto <= most, fitting.c.upto == fitting.c.segments))
    return (
        update(t.outbox)
        .where(_o.mt_id.in_(chosen))
        .values(state=MtState.CLAIMED, attempt=_o.attempt + 1)
        .returning(
            _o.mt_id,
            _o.attempt,
            _o.channel,
            _o.address,
            _o.lane,
            _o.rank,
            _o.text_sealed,
            _o.segments,
            _o.valid_until,
            _o.expects_sealed,
        )
    )


def _handed_over() -> ScalarSelect[int]:
    """How many attempts of an MT reached its operator, as far as a sender lived to say so."""
    a = t.attempts.c
    return select(func.count()).where(a.mt_id == t.outbox.c.mt_id, a.outcome != GIVEN_BACK).scalar_subquery()


def _may_go_again(patience: Patience) -> ColumnElement[bool]:
    lanes = t.outbox.c.lane.in_([int(lane) for lane in patience.again])
    return and_(lanes, _handed_over() < patience.most_attempts, t.outbox.c.attempt < patience.most_claims)
