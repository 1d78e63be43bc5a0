"""MTs: written with the turn that caused them, claimed by one sender, settled by what the operator said."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
    case,
    extract,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from core.messages import Address, ClaimedMt, Expected, Lane, MtState, NewMt
from core.store import tables as t
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
            self._db.execute(insert(t.outbox), [self._row(m) for m in messages])

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
        o = t.outbox.c
        due = [
            o.state == MtState.QUEUED,
            o.operator == operator,
            or_(o.not_before.is_(None), o.not_before <= now),
            or_(o.valid_until.is_(None), o.valid_until > now),
        ]
        if set(lanes) != set(Lane):
            due.append(o.lane.in_([int(lane) for lane in lanes]))
        if address is not None:
            due += [o.channel == address.channel, o.address == address.number]
        queued = (
            select(o.mt_id, o.lane, o.rank, o.segments)
            .where(*due)
            .order_by(o.lane, o.rank, o.mt_id)
            .limit(max_segments)
            .with_for_update(skip_locked=True)
            .cte("queued")
        )
        before = func.sum(queued.c.segments).over(
            order_by=(queued.c.lane, queued.c.rank, queued.c.mt_id), rows=(None, 0)
        )
        fitting = select(queued.c.mt_id, queued.c.segments, before.label("upto")).cte("fitting")
        chosen = select(fitting.c.mt_id).where(
            or_(fitting.c.upto <= max_segments, fitting.c.upto == fitting.c.segments)
        )
        rows = self._db.execute(
            update(t.outbox)
            .where(o.mt_id.in_(chosen))
            .values(state=MtState.CLAIMED, attempt=o.attempt + 1)
            .returning(
                o.mt_id,
                o.attempt,
                o.channel,
                o.address,
                o.lane,
                o.rank,
                o.text_sealed,
                o.segments,
                o.valid_until,
                o.expects_sealed,
            )
        ).all()
        if not rows:
            return []
        self._db.execute(
            insert(t.attempts),
            [
                {
                    "mt_id": r.mt_id,
                    "attempt": r.attempt,
                    "operator": operator,
                    "claimed_by": by,
                    "claimed_at": now,
                }
                for r in rows
            ],
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
        keys = [(c.mt_id, c.attempt) for c in claimed]
        self._db.execute(
            update(t.outbox)
            .where(tuple_(t.outbox.c.mt_id, t.outbox.c.attempt).in_(keys), t.outbox.c.state.in_(old))
            .values(state=new, **values)
        )
        self._db.execute(
            update(t.attempts)
            .where(tuple_(t.attempts.c.mt_id, t.attempts.c.attempt).in_(keys))
            .values(outcome=outcome)
        )

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


def _handed_over() -> ScalarSelect[int]:
    """How many attempts of an MT reached its operator, as far as a sender lived to say so."""
    a = t.attempts.c
    return select(func.count()).where(a.mt_id == t.outbox.c.mt_id, a.outcome != GIVEN_BACK).scalar_subquery()


def _may_go_again(patience: Patience) -> ColumnElement[bool]:
    lanes = t.outbox.c.lane.in_([int(lane) for lane in patience.again])
    return and_(lanes, _handed_over() < patience.most_attempts, t.outbox.c.attempt < patience.most_claims)
