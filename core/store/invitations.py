"""Invitations: given in waves, found by their PIN2, used once, taken back or expired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    exists,
    func,
    literal,
    select,
    text,
    tuple_,
    update,
)

from core.messages import SMS_CHANNEL, Address, Lane, MtState, notice_address
from core.pins import new_pin2
from core.states import INVITATION, REGISTRATION, Inviting, Registering
from core.store import tables as t
from core.store.given import inserting, rows_given
from core.store.responses import IN_ORDER
from core.store.waves import WaveBook
from core.vault import Vault

PLAN_LOCK = 3  # namespace of the advisory locks that keep planners of one site apart
PIN2 = "pin2"  # purpose of the digests of PIN2

_r, _i = t.registrations.c, t.invitations.c
_OF_REGISTRATION = (
    _r.registration_id,
    _r.first_name,
    _r.last_name,
    _r.phone,
    _r.language,
    _r.channel,
    _r.address,
)
_COLUMNS = (
    _i.invitation_id,
    _i.registration_id,
    _i.state,
    _i.round,
    _i.invited_at,
    _i.expires_at,
    _i.answered_at,
    _i.used_at,
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """`state` is open, used, void (taken back) or expired; ``round`` counts from 1.

    ``expires_at`` is None where it is valid until used.
    """

    invitation_id: int
    registration_id: int
    state: str
    round: int
    invited_at: datetime
    expires_at: datetime | None
    answered_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody a wave reached. ``is_again``: she was invited before, found nothing, and keeps her PIN2."""

    registration_id: int
    invitation_id: int
    pin: str = field(repr=False)
    name: str = field(repr=False)
    address: Address = field(repr=False)
    language: str
    is_again: bool


@dataclass(frozen=True, slots=True)
class Wave:
    """One decision who is invited now, in the order in which their messages leave."""

    wave_id: int
    invited: tuple[Invited, ...]
    expires_at: datetime | None = None


class InvitationBook:
    """The `invitations` table."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def find_by_pin(self, digits: str) -> Invitation | None:
        """The invitation that a PIN2 was given with, whatever has become of it."""
        return self._one(_i.pin_digest.in_(self._vault.digests(digits, purpose=PIN2)))

    def open_of(self, registration_id: int) -> Invitation | None:
        """The invitation that somebody may still use."""
        return self._one(_i.registration_id == registration_id, _i.state == "open")

    def pin_of(self, invitation_id: int) -> str:
        """The PIN2 itself, to be told again."""
        sealed = self._db.execute(select(_i.pin_sealed).where(_i.invitation_id == invitation_id))
        return self._vault.open(sealed.scalar_one())

    def use(self, invitation_id: int, *, now: datetime) -> bool:
        """Use an open invitation up, or return False when it was used or void."""
        used = (
            update(t.invitations)
            .where(_i.invitation_id == invitation_id, _i.state.in_(INVITATION.before(Inviting.USED)))
            .values(state=INVITATION.after(Inviting.USED), used_at=now)
        )
        return self._db.execute(used).rowcount == 1

    def note_answer(self, invitation_id: int, *, now: datetime) -> bool:
        """Note that her PIN opened the dialogue; only the first time counts, others give False."""
        answered = (
            update(t.invitations)
            .where(_i.invitation_id == invitation_id, _i.state == "open", _i.answered_at.is_(None))
            .values(answered_at=now)
        )
        return self._db.execute(answered).rowcount == 1

    def void_of(self, registration_id: int, *, now: datetime) -> int:
        """Take back what is open, because the registration ended; returns how many that were.

        What has not left of its messages does not leave any more.
        """
        o = t.outbox.c
        row = self._db.execute(
            select(_r.phone, _r.channel, _r.address).where(_r.registration_id == registration_id)
        ).one()
        hers = {Address(SMS_CHANNEL, row.phone), Address(row.channel, row.address)}
        self._db.execute(
            update(t.outbox)
            .where(tuple_(o.channel, o.address).in_(hers), o.registration_id == registration_id)
            .where(o.lane == Lane.INVITATION, o.state == MtState.QUEUED)
            .values(state=MtState.EXPIRED, settled_at=now)
        )
        void = update(t.invitations).where(
            _i.registration_id == registration_id, _i.state.in_(INVITATION.before(Inviting.TAKEN_BACK))
        )
        return self._db.execute(void.values(state=INVITATION.after(Inviting.TAKEN_BACK))).rowcount

    def _one(self, *which: ColumnElement[bool]) -> Invitation | None:
        row = self._db.execute(
            select(*_COLUMNS).where(*which).order_by(_i.invitation_id.desc()).limit(1)
        ).first()
        return None if row is None else Invitation(*row)

    # -- Planning --------------------------------------------------------------------------------------

    def begin_planning(self, site_id: UUID) -> bool:
        """See the site as it is at this moment and be its only planner; False when somebody else is.

        It must be the first thing a transaction does.
        """
        self.see_one_moment()
        lock = func.pg_try_advisory_xact_lock(PLAN_LOCK, func.hashtext(str(site_id)))
        return bool(self._db.execute(select(lock)).scalar_one())

    def see_one_moment(self) -> None:
        """See everything as it is at the first look: it must be the first thing a transaction does.

        Pairs, doses and claims read one after another would miss, or count twice, who books in between.
        """
        self._db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    def sites_to_plan(self) -> list[UUID]:
        """The sites that the planner may plan, where somebody waits or an inviting SMS has not left."""
        s, o = t.sites.c, t.outbox.c
        # LIMIT keeps it one look into the index for each site, however many wait there.
        here = select(literal(1)).where(_r.site_id == s.site_id, _r.state.in_(["waiting", "returned"]))
        someone = here.limit(1).lateral()
        waits = select(s.site_id).select_from(t.sites.join(someone, literal(True)))
        unsent = (
            select(_r.site_id)
            .select_from(t.outbox.join(t.registrations, _r.registration_id == o.registration_id))
            .where(o.state == "queued", o.invitation_id.is_not(None))
        )
        may_plan = and_(s.gate == "automatic", s.paused_at.is_(None))
        sites = select(s.site_id).where(may_plan, s.site_id.in_(waits.union(unsent))).order_by(s.site_id)
        return list(self._db.execute(sites).scalars())

    def waiting(self, site_id: UUID) -> int:
        """How many people wait at a site to be invited."""
        here = select(func.count()).where(
            _r.site_id == site_id, _r.state.in_(["waiting", "returned"]), _r.ended_at.is_(None)
        )
        return int(self._db.execute(here).scalar_one())

    def invite(
        self,
        site_id: UUID,
        size: int,
        *,
        policy: str,
        inputs: Mapping[str, Any],
        reasons: Sequence[str] = (),
        approved_by: str,
        expires_at: datetime | None = None,
        now: datetime,
        random: Random,
    ) -> Wave | None:
        """Invite the next people of a site, at most so many; None when there is nobody.

        First who came back with nothing, then by score, age and time of registration. Their messages are the
        caller's to queue, in the same transaction. Who has an open invitation keeps her PIN2, and time begins
        anew for her.
        """
        people = self._next(site_id, size)
        if not people:
            return None
        who = [row.registration_id for row in people]
        again = {row.registration_id: row.invitation_id for row in people if row.invitation_id is not None}
        wave_id = WaveBook(self._db).add(
            site_id,
            len(people),
            who,
            policy=policy,
            inputs={**inputs, "again": list(again)},
            reasons=reasons,
            approved_by=approved_by,
            now=now,
        )
        self._compare_and_set(who)
        self._begin_anew(list(again.values()), now=now, expires_at=expires_at)
        pins = {r: (invitation_id, self.pin_of(invitation_id)) for r, invitation_id in again.items()}
        new = [r for r in who if r not in again]
        pins |= self._give_pins(new, wave_id, now=now, expires_at=expires_at, random=random)
        return Wave(
            wave_id,
            tuple(
                _invited(row, *pins[row.registration_id], is_again=row.registration_id in again)
                for row in people
            ),
            expires_at,
        )

    def _next(self, site_id: UUID, at_most: int) -> list[Row[Any]]:
        people: list[Row[Any]] = []
        for state in ("returned", "waiting"):
            if len(people) < at_most:
                people += self._lock_next(site_id, state, at_most - len(people))
        return people

    def _lock_next(self, site_id: UUID, state: str, at_most: int) -> list[Row[Any]]:
        is_open = and_(_i.registration_id == _r.registration_id, _i.state == "open")
        here = (
            select(*_OF_REGISTRATION, _i.invitation_id)
            .select_from(t.registrations.outerjoin(t.invitations, is_open))
            .where(_r.site_id == site_id, _r.state == state, _r.ended_at.is_(None))
        )
        locked = here.order_by(*IN_ORDER).limit(at_most).with_for_update(skip_locked=True, of=t.registrations)
        return list(self._db.execute(locked))

    def _begin_anew(
        self, invitation_ids: Sequence[int], *, now: datetime, expires_at: datetime | None
    ) -> None:
        if invitation_ids:
            told_again = update(t.invitations).where(_i.invitation_id.in_(invitation_ids))
            self._db.execute(told_again.values(invited_at=now, answered_at=None, expires_at=expires_at))

    def _compare_and_set(self, registration_ids: Sequence[int]) -> None:
        invited = (
            update(t.registrations)
            .where(_r.registration_id.in_(registration_ids))
            .where(_r.state.in_(REGISTRATION.before(Registering.INVITED)))
            .values(state=REGISTRATION.after(Registering.INVITED))
        )
        changed = self._db.execute(invited).rowcount
        assert changed == len(registration_ids), "locked rows do not change"  # noqa: S101

    def _give_pins(
        self,
        registration_ids: Sequence[int],
        wave_id: int,
        *,
        now: datetime,
        expires_at: datetime | None,
        random: Random,
    ) -> dict[int, tuple[int, str]]:
        """Write an invitation for each: its id and a PIN2 that nobody else has, by registration."""
        given: dict[int, tuple[int, str]] = {}
        rounds = self._rounds(registration_ids)
        while left := [r for r in registration_ids if r not in given]:
            pins = {r: new_pin2(random) for r in left}
            rows = [
                {
                    "registration_id": r,
                    "wave_id": wave_id,
                    "pin_sealed": self._vault.seal(pin),
                    "pin_digest": self._vault.digest(pin, purpose=PIN2),
                    "state": INVITATION.begins_as,
                    "round": rounds.get(r, 0) + 1,
                    "invited_at": now,
                    "expires_at": expires_at,
                }
                for r, pin in pins.items()
                if not self._is_given_under_an_old_key(pin)
            ]
            if not rows:
                continue
            new = self._db.execute(_GIVE, rows_given(rows, *_GIVEN))
            given |= {r: (invitation_id, pins[r]) for r, invitation_id in new}
        return given

    def _rounds(self, registration_ids: Sequence[int]) -> dict[int, int]:
        """How often these were invited before; what was taken back before it left does not count."""
        counted = (
            select(_i.registration_id, func.max(_i.round))
            .where(_i.registration_id.in_(registration_ids), _i.state != "void")
            .group_by(_i.registration_id)
        )
        return {row[0]: row[1] for row in self._db.execute(counted)}

    def _is_given_under_an_old_key(self, pin: str) -> bool:
        old = self._vault.digests(pin, purpose=PIN2)[1:]
        if not old:
            return False
        found = select(literal(1)).where(exists().where(_i.pin_digest.in_(old)))
        return self._db.execute(found).first() is not None


_GIVEN = (
    "registration_id",
    "wave_id",
    "pin_sealed",
    "pin_digest",
    "state",
    "round",
    "invited_at",
    "expires_at",
)
_GIVE = (  # built once: to build it for each wave cost more than to run it
    inserting(t.invitations, *_GIVEN)
    .on_conflict_do_nothing(index_elements=[_i.pin_digest])
    .returning(_i.registration_id, _i.invitation_id)
)


def _invited(row: Row[Any], invitation_id: int, pin: str, *, is_again: bool) -> Invited:
    return Invited(
        row.registration_id,
        invitation_id,
        pin,
        f"{row.first_name} {row.last_name}",
        notice_address(Address(row.channel, row.address), row.phone),
        row.language,
        is_again,
    )
