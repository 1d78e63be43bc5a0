"""Invitations that end without dates: taken back before they left, or run out unanswered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, exists, or_, select, update

from core.blocking import Reason
from core.invitations import band_of
from core.messages import MtState
from core.states import INVITATION, REGISTRATION, Inviting, Registering
from core.store import tables as t
from core.store.responses import HOLDS_DATES, age_on

_r, _i, _o = t.registrations.c, t.invitations.c, t.outbox.c


@dataclass(frozen=True, slots=True)
class Unsent:
    """An inviting SMS that is still in the queue."""

    registration_id: int
    invitation_id: int
    mt_id: int
    band: str


class RanOut(NamedTuple):
    """How many people wait again because their invitation ran out, and how many are blocked."""

    waiting: int
    blocked: int


class WithdrawalBook:
    """What is taken back of `invitations`; registrations keep their place in the order."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def lock_unsent(self, site_id: UUID, *, today: date) -> list[Unsent]:
        """The inviting SMS of a site that nobody claims, last in order first; they stay until the commit."""
        rows = self._db.execute(
            select(_r.registration_id, _i.invitation_id, _o.mt_id, age_on(today))
            .select_from(
                t.registrations.join(t.invitations, _i.registration_id == _r.registration_id).join(
                    t.outbox, _o.invitation_id == _i.invitation_id
                )
            )
            .where(_r.site_id == site_id, _r.state == "invited", _i.state == "open")
            .where(_o.state == MtState.QUEUED, ~HOLDS_DATES)
            .order_by(_r.score, _r.birth_date.desc(), _r.registered_at.desc(), _r.registration_id.desc())
            .with_for_update(key_share=True, skip_locked=True, of=[t.registrations, t.outbox])
        )
        return [
            Unsent(registration_id, invitation_id, mt_id, band_of(age))
            for registration_id, invitation_id, mt_id, age in rows
        ]

    def withdraw(self, unsent: Sequence[Unsent], *, now: datetime) -> list[int]:
        """Take back invitations whose SMS has not left; gives the registrations that wait again."""
        unclaimed = (
            update(t.outbox)
            .where(_o.mt_id.in_([one.mt_id for one in unsent]), _o.state == MtState.QUEUED)
            .values(state=MtState.EXPIRED, settled_at=now)
            .returning(_o.invitation_id)
        )
        kept = self._db.execute(unclaimed).scalars().all()
        void = (
            update(t.invitations)
            .where(_i.invitation_id.in_(kept), _i.state.in_(INVITATION.before(Inviting.TAKEN_BACK)))
            .values(state=INVITATION.after(Inviting.TAKEN_BACK))
            .returning(_i.registration_id)
        )
        people = self._db.execute(void).scalars().all()
        back = (
            update(t.registrations)
            .where(_r.registration_id.in_(people))
            .where(_r.state.in_(REGISTRATION.before(Registering.TAKEN_BACK)))
            .values(state=REGISTRATION.after(Registering.TAKEN_BACK))
            .returning(_r.registration_id)
        )
        return sorted(self._db.execute(back).scalars())

    def run_out(
        self, *, most_invitations: int | None, dialogue_lasts: timedelta, now: datetime, at_most: int = 1_000
    ) -> RanOut:
        """End invitations whose time is over; who had the last one she may have is blocked.

        Never one whose owner holds or has dates, or is choosing now. An SMS that never left was no
        invitation: it does not count.
        """
        people = self._lock_due(now, dialogue_lasts, at_most)
        # Looked at anew under the locks: who took dates meanwhile had locked her registration first.
        never_left = exists().where(
            _o.invitation_id == _i.invitation_id, _o.attempt == 0, _o.state.in_(["queued", "expired"])
        )
        ended = self._db.execute(
            update(t.invitations)
            .where(_r.registration_id == _i.registration_id, _r.registration_id.in_(people))
            .where(*_is_due(now, dialogue_lasts))
            .values(state=case((never_left, "void"), else_="expired"))
            .returning(_i.registration_id, _i.state, _i.round)
        ).all()
        had_the_last = {
            row.registration_id
            for row in ended
            if most_invitations is not None and row.state == "expired" and row.round >= most_invitations
        }
        is_last = _r.registration_id.in_(had_the_last)
        moved = self._db.execute(
            update(t.registrations)
            .where(_r.registration_id.in_([row.registration_id for row in ended]))
            .where(_r.state.in_(REGISTRATION.before(Registering.RAN_OUT)))
            .values(
                state=case((is_last, "blocked"), else_="waiting"),
                blocked_because=case((is_last, Reason.UNANSWERED.value)),
            )
            .returning(_r.state)
        ).scalars()
        states = list(moved)
        return RanOut(states.count("waiting"), states.count("blocked"))

    def _lock_due(self, now: datetime, dialogue_lasts: timedelta, at_most: int) -> list[int]:
        due = (
            select(_r.registration_id)
            .select_from(t.invitations.join(t.registrations))
            .where(*_is_due(now, dialogue_lasts))
            .order_by(_i.expires_at)
            .limit(at_most)
            .with_for_update(key_share=True, skip_locked=True, of=t.registrations)
        )
        return list(self._db.execute(due).scalars())


def _is_due(now: datetime, dialogue_lasts: timedelta) -> tuple[ColumnElement[bool], ...]:
    is_choosing_now = _i.answered_at > now - dialogue_lasts
    return (
        _i.state == "open",
        _i.expires_at <= now,
        or_(_i.answered_at.is_(None), ~is_choosing_now),
        _r.state == "invited",
        ~HOLDS_DATES,
    )
