"""Merging two registrations of one person: one transaction, once, and written down."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, select, update

from core.blocking import Reason
from core.merging import BothHaveDates, Gains, KeptBack, NotProven, OtherHasDates, Refusal, Side, merged
from core.services import VACCINATION
from core.states import REGISTRATION, Registering
from core.store import tables as t
from core.store.duplicates import is_likely_pair
from core.store.work import Work

MERGED: Final = "merged"  # purpose of the notice
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

_r, _c, _d = t.registrations.c, t.group_codes.c, t.doses.c


@dataclass(frozen=True, slots=True)
class Merged:
    """Done; what of the person's is different now."""

    gains: Gains
    took_pin: bool
    """An invitation of the one that ended was open: its PIN is good no more."""


@dataclass(frozen=True, slots=True)
class MergedBefore:
    """The same two were merged already, and nothing is done again."""


@dataclass(frozen=True, slots=True)
class SameOne:
    """A registration cannot be merged with itself."""


@dataclass(frozen=True, slots=True)
class NobodyKnown:
    """There is no such registration for vaccination."""

    registration_id: int


@dataclass(frozen=True, slots=True)
class Ended:
    """It has ended, by something else than this."""

    registration_id: int


@dataclass(frozen=True, slots=True)
class Unlike:
    """Neither phone and name nor number and name say that it is one person."""


MergeOutcome: TypeAlias = Merged | MergedBefore | SameOne | NobodyKnown | Ended | Unlike | Refusal


def merge(
    work: Work, keep_id: int, end_id: int, *, by: str, is_sure: bool = False, now: datetime
) -> MergeOutcome:
    """End one of two registrations, and let the other have the better place of both.

    ``is_sure``: somebody knows that it is one person, though nothing here says so. Codes and doses go over
    as well; whoever changes one of the two at the same moment waits until this is committed.
    """
    if keep_id == end_id:
        return SameOne()
    rows = _lock(work, (keep_id, end_id))
    if not_two := _not_two_living(work, rows, keep_id, end_id):
        return not_two
    keep, end = rows[keep_id], rows[end_id]
    if not is_sure and not is_likely_pair(work.vault, keep, end):
        return Unlike()
    match merged(_side(keep), _side(end)):
        case Gains() as gains:
            return Merged(gains, _settle(work, keep, end_id, gains, by=by, now=now))
        case (BothHaveDates() | OtherHasDates() | KeptBack() | NotProven()) as refused:
            return refused


def _lock(work: Work, registration_ids: Collection[int]) -> dict[int, Row[Any]]:
    """Both rows in the order of ids, nobody else's until the commit."""
    found = work.db.execute(
        select(t.registrations)
        .where(_r.registration_id.in_(registration_ids), _r.service == VACCINATION)
        .order_by(_r.registration_id)
        .with_for_update(key_share=True)
    )
    return {row.registration_id: row for row in found}


def _not_two_living(
    work: Work, rows: Mapping[int, Row[Any]], keep_id: int, end_id: int
) -> NobodyKnown | MergedBefore | Ended | None:
    for registration_id in (keep_id, end_id):
        if registration_id not in rows:
            return NobodyKnown(registration_id)
    if rows[end_id].ended_at is not None:
        done = work.audit.count(_into(keep_id), registration_id=end_id, since=_EVER)
        return MergedBefore() if done else Ended(end_id)
    return Ended(keep_id) if rows[keep_id].ended_at is not None else None


def _settle(work: Work, keep: Row[Any], end_id: int, gains: Gains, *, by: str, now: datetime) -> bool:
    """Do it; says whether an open invitation was taken back."""
    keep_id = keep.registration_id
    work.reservations.let_go(end_id)
    work.registrations.replace(end_id, now=now)
    took_pin = work.invitations.void_of(end_id, now=now) > 0
    work.db.execute(update(t.group_codes).where(_c.used_by == end_id).values(used_by=keep_id))
    work.db.execute(update(t.doses).where(_d.registration_id == end_id).values(registration_id=keep_id))
    prove_at = keep.prove_at if gains.claimed_group == keep.claimed_group else now
    kept = update(t.registrations).where(_r.registration_id == keep_id)
    work.db.execute(
        kept.values(
            registered_at=gains.registered_at,
            group_key=gains.group_key,
            score=gains.score,
            claimed_group=gains.claimed_group,
            prove_at=prove_at if gains.claimed_group else None,
        )
    )
    if gains.to_head:
        at_head = kept.where(_r.state.in_(REGISTRATION.before(Registering.MERGED)))
        work.db.execute(at_head.values(state=REGISTRATION.after(Registering.MERGED)))
    work.audit.note(f"desk: {by}", _into(keep_id), registration_id=end_id, now=now)
    work.audit.note(f"desk: {by}", f"took over #{end_id}", registration_id=keep_id, now=now)
    return took_pin


def _into(keep_id: int) -> str:
    return f"merged into #{keep_id}"


def _side(row: Row[Any]) -> Side:
    return Side(
        row.registration_id,
        row.state,
        Reason(row.blocked_because) if row.blocked_because else None,
        row.group_key,
        row.score,
        row.claimed_group,
        row.registered_at,
    )
