"""People who asked for vaccination, and their place in the queue."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.applicant import Applicant
from core.blocking import Reason
from core.messages import Address
from core.services import VACCINATION
from core.states import REGISTRATION, Registering
from core.store import tables as t
from core.store.wrong_pins import MOST_WRONG
from core.vault import Vault

NUMBER = "insurance number"  # purpose of the digests of insurance numbers
QUEUED = ("waiting", "returned")
_ASK_NO_MORE: Final = {"blocked_until": None, "prove_at": None, "identify_at": None}

_r = t.registrations.c
_IS_LIVING = and_(_r.ended_at.is_(None), _r.service == VACCINATION)
COLUMNS = (
    _r.registration_id,
    _r.first_name,
    _r.last_name,
    _r.phone,
    _r.site_id,
    _r.score,
    _r.birth_date,
    _r.state,
    _r.registered_at,
    _r.ended_at,
    _r.blocked_because,
    _r.blocked_until,
    _r.claimed_group,
    _r.service,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegistration(Applicant):
    """Somebody who asks for vaccination."""

    group_key: str
    score: int
    language: str
    address: Address = field(repr=False)
    claimed_group: str | None = None
    """What its register is still to confirm; ``group_key`` is what counts until then."""
    may_wait: bool = True
    """False: only the claimed group lets her register, and nobody invites her before it is proven."""


def facts_of(applicant: Applicant, vault: Vault) -> dict[str, Any]:
    """The columns that say who asks, and at which site."""
    return {
        "first_name": applicant.first_name,
        "last_name": applicant.last_name,
        "number_sealed": vault.seal(applicant.number),
        "number_digest": vault.digest(applicant.number, purpose=NUMBER),
        "number_verdict": applicant.verdict,
        "birth_date": applicant.birth_date,
        "insurer": applicant.insurer,
        "psc": applicant.psc,
        "phone": applicant.phone,
        "email": applicant.email,
        "site_id": applicant.site_id,
    }


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration as it stands."""

    registration_id: int
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    phone: str = field(repr=False)
    site_id: UUID
    score: int
    birth_date: date = field(repr=False)
    state: str
    registered_at: datetime
    ended_at: datetime | None = None
    blocked_because: Reason | None = None
    blocked_until: datetime | None = None
    claimed_group: str | None = None
    service: str = VACCINATION


class RegistrationBook:
    """The `registrations` table; at most one living registration per insurance number.

    Only those for vaccination: what is ordered at once is in the book of orders.
    """

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def home_of(self, phone: str) -> str | None:
        """The PSČ that was given last with this phone by somebody who is still registered."""
        last = (
            select(_r.psc)
            .where(_r.phone == phone, _r.ended_at.is_(None))
            .order_by(_r.registration_id.desc())
            .limit(1)
        )
        return self._db.execute(last).scalar_one_or_none()

    def get(self, registration_id: int) -> Registration | None:
        """A registration, also one that has ended."""
        return self._one(_r.registration_id == registration_id)

    def living(self, number: str) -> Registration | None:
        """The registration of an insurance number that counts."""
        digests = self._vault.digests(number, purpose=NUMBER)
        return self._one(_r.number_digest.in_(digests), _IS_LIVING)

    def lock(self, number: str) -> Registration | None:
        """The registration that counts, and nobody else registers that number until the commit."""
        key = int.from_bytes(self._vault.digest(number, purpose=NUMBER)[:8], signed=True)
        self._db.execute(select(func.pg_advisory_xact_lock(key)))
        digests = self._vault.digests(number, purpose=NUMBER)
        return self._one(_r.number_digest.in_(digests), _IS_LIVING, lock=True)

    def of_phone(self, phone: str) -> list[Registration]:
        """The living registrations told to this phone, oldest first."""
        rows = self._db.execute(
            select(*COLUMNS)
            .where(_r.phone == phone, _IS_LIVING)
            .order_by(_r.registered_at, _r.registration_id)
        )
        return [registration_of(row) for row in rows]

    def chosen_addresses(self, phone: str) -> list[Address]:
        """Where those of this phone registered, or chose last to get their messages; each once."""
        rows = self._db.execute(
            select(_r.channel, _r.address).where(_r.phone == phone, _IS_LIVING).distinct()
        )
        return [Address(*row) for row in rows]

    def choose_address(self, phone: str, address: Address) -> int:
        """Send the messages of those of this phone there from now on; returns how many they are."""
        theirs = update(t.registrations).where(_r.phone == phone, _IS_LIVING)
        return self._db.execute(theirs.values(channel=address.channel, address=address.number)).rowcount

    def add(self, new: NewRegistration, *, now: datetime) -> int | None:
        """Write a registration, or return None when the number has a living one already."""
        row = upsert(t.registrations).values(
            **facts_of(new, self._vault),
            group_key=new.group_key,
            score=new.score,
            language=new.language,
            channel=new.address.channel,
            address=new.address.number,
            state="waiting" if new.may_wait else "blocked",
            blocked_because=None if new.may_wait else Reason.UNPROVEN.value,
            claimed_group=new.claimed_group,
            prove_at=now if new.claimed_group else None,
            identify_at=now,
            registered_at=now,
        )
        one_living = row.on_conflict_do_nothing(
            index_elements=[_r.number_digest, _r.service], index_where=_IS_LIVING
        )
        return self._db.execute(one_living.returning(_r.registration_id)).scalar_one_or_none()

    def promote(self, registration_id: int, *, group_key: str, score: int) -> bool:
        """Put somebody who waits into a group with a higher score; the time she registered at stays hers."""
        promoted = update(t.registrations).where(
            _r.registration_id == registration_id, _r.state.in_(QUEUED), _r.score < score, _IS_LIVING
        )
        return self._db.execute(promoted.values(group_key=group_key, score=score)).rowcount == 1

    def claim(self, registration_id: int, group_key: str, *, now: datetime) -> bool:
        """Note that who waits says she is in a group, for its register to confirm; False if known."""
        claimed = update(t.registrations).where(
            _r.registration_id == registration_id,
            _r.state.in_(QUEUED),
            _r.claimed_group.is_distinct_from(group_key),
            _IS_LIVING,
        )
        return self._db.execute(claimed.values(claimed_group=group_key, prove_at=now)).rowcount == 1

    def replace(self, registration_id: int, *, now: datetime) -> bool:
        """End a registration without dates because a newer one takes its place."""
        ended = (
            update(t.registrations)
            .where(_r.registration_id == registration_id, _IS_LIVING)
            .where(_r.state.in_(REGISTRATION.before(Registering.REPLACED)))
            .values(state=REGISTRATION.after(Registering.REPLACED), blocked_because=Reason.REPLACED.value)
            .values(ended_at=now, **_ASK_NO_MORE)
        )
        return self._db.execute(ended).rowcount == 1

    def ends_with(self, registration_id: int, digits: str) -> bool:
        """Say whether the insurance number ends with these digits."""
        sealed = select(_r.number_sealed).where(_r.registration_id == registration_id)
        return bool(digits) and self._vault.open(self._db.execute(sealed).scalar_one()).endswith(digits)

    # -- States --------------------------------------------------------------------------------------------

    def reserve(self, registration_id: int, *, now: datetime) -> bool:
        """Note that somebody has dates."""
        return self._move(registration_id, Registering.BOOKED, reserved_at=now)

    def release(self, registration_id: int, event: Registering) -> bool:
        """Note that somebody has dates no more; she waits again in her place, which is by her time.

        Not at the head of the queue: there stands who found nothing, and she had found something.
        """
        return self._move(registration_id, event, reserved_at=None)

    def leave(self, registration_id: int, *, now: datetime) -> bool:
        """End a registration with dates because its owner asked for it; she may register anew."""
        return self._move(
            registration_id,
            Registering.LEFT,
            blocked_because=Reason.ON_REQUEST.value,
            reserved_at=None,
            ended_at=now,
        )

    def complete(self, registration_id: int) -> bool:
        """Note that somebody has had all doses."""
        return self._move(registration_id, Registering.COMPLETED)

    def uncomplete(self, registration_id: int) -> bool:
        """Note that somebody has not had all doses after all."""
        return self._move(registration_id, Registering.DOSE_WITHDRAWN)

    def send_back(self, registration_id: int) -> bool:
        """Put somebody who was invited and found nothing at the head of the queue."""
        return self._move(registration_id, Registering.FOUND_NOTHING)

    def lose_dates(self, registration_id: int) -> bool:
        """Put somebody whose dates were taken away at the head of the queue."""
        return self._move(registration_id, Registering.LOST_DATES, reserved_at=None)

    def count_wrong_pins(self, registration_ids: Collection[int]) -> int:
        """Count one more wrong PIN against each, blocking those with five; returns the most that any has.

        A registration with dates stays as it is: its PIN is used.
        """
        if not registration_ids:
            return 0
        one_more = _r.wrong_pins + 1
        is_too_many = and_(one_more >= MOST_WRONG, _r.state.in_(REGISTRATION.before(Registering.GUESSED)))
        counted = (
            update(t.registrations)
            .where(_r.registration_id.in_(registration_ids), _IS_LIVING)
            .values(
                wrong_pins=one_more,
                state=case((is_too_many, REGISTRATION.after(Registering.GUESSED)), else_=_r.state),
                blocked_because=case((is_too_many, Reason.WRONG_PINS.value), else_=_r.blocked_because),
                blocked_from=case((is_too_many, _r.state), else_=_r.blocked_from),
            )
            .returning(_r.wrong_pins)
        )
        return max(self._db.execute(counted).scalars(), default=0)

    def _move(self, registration_id: int, event: Registering, **values: object) -> bool:
        moved = update(t.registrations).where(
            _r.registration_id == registration_id, _r.state.in_(REGISTRATION.before(event)), _IS_LIVING
        )
        return self._db.execute(moved.values(state=REGISTRATION.after(event), **values)).rowcount == 1

    # -- The queue -----------------------------------------------------------------------------------------

    def place(self, mine: Registration) -> int:
        """The place in the queue of the site, from 1: who came back with nothing first, then by order."""
        before = _is_before(mine.score, mine.birth_date, mine.registered_at, mine.registration_id)
        if mine.state == "returned":
            before = and_(before, _r.state == "returned")
        else:
            before = or_(before, _r.state == "returned")
        return self._count(mine.site_id, before) + 1

    def place_of_new(self, site_id: UUID, *, score: int, birth_date: date, now: datetime) -> int:
        """The place that somebody would have who registered now."""
        before = _is_before(score, birth_date, now, None)
        return self._count(site_id, or_(before, _r.state == "returned")) + 1

    def queue_length(self, site_id: UUID) -> int:
        """How many wait at a site to be invited."""
        return self._count(site_id)

    def invited_since(self, site_id: UUID, since: datetime) -> int:
        """How many people of a site were sent a PIN since then, as a measure of how fast the queue goes."""
        i, w = t.invitations.c, t.waves.c
        sent = (
            select(func.count())
            .select_from(t.waves.join(t.invitations))
            .where(w.site_id == site_id, w.planned_at >= since, i.state != "void")
        )
        return int(self._db.execute(sent).scalar_one())

    def _count(self, site_id: UUID, *which: ColumnElement[bool]) -> int:
        counted = select(func.count()).where(_r.site_id == site_id, _r.state.in_(QUEUED), _IS_LIVING, *which)
        return int(self._db.execute(counted).scalar_one())

    def _one(self, *which: ColumnElement[bool], lock: bool = False) -> Registration | None:
        found = select(*COLUMNS).where(*which)
        row = self._db.execute(found.with_for_update(key_share=True) if lock else found).first()
        return None if row is None else registration_of(row)


def _is_before(
    score: int, birth_date: date, registered_at: datetime, registration_id: int | None
) -> ColumnElement[bool]:
    if registration_id is None:
        later = tuple_(_r.birth_date, _r.registered_at) <= tuple_(birth_date, registered_at)
    else:
        later = tuple_(_r.birth_date, _r.registered_at, _r.registration_id) < tuple_(
            birth_date, registered_at, registration_id
        )
    return or_(_r.score > score, and_(_r.score == score, later))


def registration_of(row: Any) -> Registration:
    found = row._asdict()
    return Registration(**found | {"blocked_because": Reason(why) if (why := row.blocked_because) else None})
