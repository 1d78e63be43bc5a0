"""Invitations: given in waves, found by their PIN2, used once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, exists, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.invitations import Plan, Policy
from core.messages import SMS_CHANNEL, Address
from core.pins import new_pin2
from core.stock import Promised
from core.store import tables as t
from core.vault import Vault

PLAN_LOCK = 3  # namespace of the advisory locks that keep planners of one site apart
PIN2 = "pin2"  # purpose of the digests of PIN2
LIVING = ("held", "confirmed")

_r, _i = t.registrations.c, t.invitations.c
_OF_REGISTRATION = (
    _r.registration_id,
    _r.first_name,
    _r.last_name,
    _r.phone,
    _r.language,
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
    phone: str = field(repr=False)
    language: str
    is_again: bool

    @property
    def address(self) -> Address:
        return Address(SMS_CHANNEL, self.phone)


@dataclass(frozen=True, slots=True)
class Wave:
    """One decision who is invited now, in the order in which their messages leave."""

    wave_id: int
    invited: tuple[Invited, ...]


class InvitationBook:
    """The `invitations` and `waves` tables."""

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
            .where(_i.invitation_id == invitation_id, _i.state == "open")
            .values(state="used", used_at=now)
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

    def void_of(self, registration_id: int) -> int:
        """Take back what is open, because the registration ended; returns how many that were."""
        void = update(t.invitations).where(_i.registration_id == registration_id, _i.state == "open")
        return self._db.execute(void.values(state="void")).rowcount

    def _one(self, *which: ColumnElement[bool]) -> Invitation | None:
        row = self._db.execute(
            select(*_COLUMNS).where(*which).order_by(_i.invitation_id.desc()).limit(1)
        ).first()
        return None if row is None else Invitation(*row)

    # -- Planning --------------------------------------------------------------------------------------

    def begin_planning(self, site_id: UUID) -> bool:
        """See the site as it is at this moment and be its only planner; False when somebody else is.

        It must be the first thing a transaction does. Pairs, doses and claims are then of one moment: read
        one after another they would miss, or count twice, somebody who books in between.
        """
        self._db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        lock = func.pg_try_advisory_xact_lock(PLAN_LOCK, func.hashtext(str(site_id)))
        return bool(self._db.execute(select(lock)).scalar_one())

    def sites_with_people(self) -> list[UUID]:
        """The sites where somebody waits to be invited."""
        someone = exists().where(_r.site_id == t.sites.c.site_id, _r.state.in_(["waiting", "returned"]))
        rows = self._db.execute(select(t.sites.c.site_id).where(someone).order_by(t.sites.c.site_id))
        return list(rows.scalars())

    def waiting(self, site_id: UUID) -> int:
        """How many people wait at a site to be invited."""
        here = select(func.count()).where(
            _r.site_id == site_id, _r.state.in_(["waiting", "returned"]), _r.ended_at.is_(None)
        )
        return int(self._db.execute(here).scalar_one())

    def open_claims(self, site_id: UUID) -> int:
        """How many invited people of a site may still answer, and hold no dates yet."""
        v = t.reservations.c
        holds_dates = exists().where(v.registration_id == _r.registration_id, v.state.in_(LIVING))
        claims = (
            select(func.count())
            .select_from(t.invitations.join(t.registrations))
            .where(_i.state == "open", _r.site_id == site_id, _r.state == "invited", ~holds_dates)
        )
        return int(self._db.execute(claims).scalar_one())

    def promised(self, site_id: UUID) -> dict[str, Promised]:
        """The doses that living reservations of a site count on, per product as its calendars name it."""
        v = t.reservations.c
        rows = self._db.execute(
            select(t.calendars.c.product, func.count(), func.count(v.second_slot_id))
            .select_from(t.reservations)
            .join(t.slots, t.slots.c.slot_id == v.first_slot_id)
            .join(t.calendars)
            .where(t.calendars.c.site_id == site_id, v.state.in_(LIVING))
            .group_by(t.calendars.c.product)
        )
        return {product: Promised(first, second) for product, first, second in rows}

    def invite(
        self,
        site_id: UUID,
        plan: Plan,
        *,
        policy: Policy,
        inputs: Mapping[str, Any],
        approved_by: str,
        now: datetime,
        random: Random,
    ) -> Wave | None:
        """Invite the next people of a site, at most as many as planned; None when there is nobody.

        First who came back with nothing, then by score, age and time of registration. Their messages are the
        caller's to queue, in the same transaction.
        """
        again = self._next_returned(site_id, plan.size)
        new = self._next_waiting(site_id, plan.size - len(again))
        if not again and not new:
            return None
        wave_id = self._add_wave(
            site_id,
            len(again) + len(new),
            policy=policy,
            inputs={**inputs, "again": [row.registration_id for row in again]},
            approved_by=approved_by,
            now=now,
        )
        self._compare_and_set([row.registration_id for row in (*again, *new)])
        given = self._give_pins([row.registration_id for row in new], wave_id, now=now, random=random)
        return Wave(
            wave_id,
            (
                *(
                    _invited(row, row.invitation_id, self.pin_of(row.invitation_id), is_again=True)
                    for row in again
                ),
                *(_invited(row, *given[row.registration_id], is_again=False) for row in new),
            ),
        )

    def _next_returned(self, site_id: UUID, at_most: int) -> Sequence[Row[Any]]:
        query = (
            select(*_OF_REGISTRATION, _i.invitation_id)
            .join(t.invitations, _i.registration_id == _r.registration_id)
            .where(_r.site_id == site_id, _r.state == "returned", _r.ended_at.is_(None), _i.state == "open")
        )
        return self._lock_next(query, at_most)

    def _next_waiting(self, site_id: UUID, at_most: int) -> Sequence[Row[Any]]:
        is_invited = exists().where(_i.registration_id == _r.registration_id)
        query = select(*_OF_REGISTRATION).where(
            _r.site_id == site_id, _r.state == "waiting", _r.ended_at.is_(None), ~is_invited
        )
        return self._lock_next(query, at_most)

    def _lock_next(self, query: Any, at_most: int) -> Sequence[Row[Any]]:
        if at_most <= 0:
            return []
        ordered = query.order_by(_r.score.desc(), _r.birth_date, _r.registered_at, _r.registration_id)
        locked = ordered.limit(at_most).with_for_update(skip_locked=True, of=t.registrations)
        return self._db.execute(locked).all()

    def _add_wave(
        self,
        site_id: UUID,
        size: int,
        *,
        policy: Policy,
        inputs: Mapping[str, Any],
        approved_by: str,
        now: datetime,
    ) -> int:
        wave = insert(t.waves).values(
            site_id=site_id,
            planned_at=now,
            policy=policy.name,
            inputs=dict(inputs),
            size=size,
            approved_by=approved_by,
        )
        return int(self._db.execute(wave.returning(t.waves.c.wave_id)).scalar_one())

    def _compare_and_set(self, registration_ids: Sequence[int]) -> None:
        invited = (
            update(t.registrations)
            .where(_r.registration_id.in_(registration_ids), _r.state.in_(["waiting", "returned"]))
            .values(state="invited")
        )
        changed = self._db.execute(invited).rowcount
        assert changed == len(registration_ids), "locked rows do not change"  # noqa: S101

    def _give_pins(
        self, registration_ids: Sequence[int], wave_id: int, *, now: datetime, random: Random
    ) -> dict[int, tuple[int, str]]:
        """Write an invitation for each: its id and a PIN2 that nobody else has, by registration."""
        given: dict[int, tuple[int, str]] = {}
        while left := [r for r in registration_ids if r not in given]:
            pins = {r: new_pin2(random) for r in left}
            rows = [
                {
                    "registration_id": r,
                    "wave_id": wave_id,
                    "pin_sealed": self._vault.seal(pin),
                    "pin_digest": self._vault.digest(pin, purpose=PIN2),
                    "state": "open",
                    "invited_at": now,
                }
                for r, pin in pins.items()
                if not self._is_given_under_an_old_key(pin)
            ]
            if not rows:
                continue
            new = (
                upsert(t.invitations)
                .values(rows)
                .on_conflict_do_nothing(index_elements=[_i.pin_digest])
                .returning(_i.registration_id, _i.invitation_id)
            )
            given |= {r: (invitation_id, pins[r]) for r, invitation_id in self._db.execute(new)}
        return given

    def _is_given_under_an_old_key(self, pin: str) -> bool:
        old = self._vault.digests(pin, purpose=PIN2)[1:]
        if not old:
            return False
        found = select(literal(1)).where(exists().where(_i.pin_digest.in_(old)))
        return self._db.execute(found).first() is not None


def _invited(row: Row[Any], invitation_id: int, pin: str, *, is_again: bool) -> Invited:
    return Invited(
        row.registration_id,
        invitation_id,
        pin,
        f"{row.first_name} {row.last_name}",
        row.phone,
        row.language,
        is_again,
    )
