"""Orders of services whose slots are offered at once: registrations in which nobody waits."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.applicant import Applicant
from core.messages import Address
from core.services import VACCINATION
from core.states import ORDER, Ordering
from core.store import tables as t
from core.store.registrations import COLUMNS, NUMBER, Registration, facts_of, registration_of
from core.vault import Vault

_r, _v = t.registrations.c, t.reservations.c
_IS_LIVING: Final = _r.ended_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder(Applicant):
    """Somebody who asks for another service; ``referral`` is the number of a physician's."""

    service: str
    language: str
    address: Address = field(repr=False)
    referral: str | None = field(repr=False)
    price: int | None
    """CZK, told to whoever has no referral."""


class OrderBook:
    """The rows of `registrations` for other services; one living per insurance number and service."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def living(self, number: str, service: str) -> Registration | None:
        """The order that counts."""
        return self._one(number, service)

    def lock(self, number: str, service: str) -> Registration | None:
        """The order that counts; nobody else orders that service for that number until the commit."""
        name = f"{service} {number}"
        key = int.from_bytes(self._vault.digest(name, purpose="order")[:8], signed=True)
        self._db.execute(select(func.pg_advisory_xact_lock(key)))
        return self._one(number, service, lock=True)

    def of_phone(self, phone: str) -> list[Registration]:
        """The living orders of this phone that have a date, oldest first."""
        rows = self._db.execute(
            select(*COLUMNS)
            .where(_r.phone == phone, _r.service != VACCINATION, _r.state == "reserved", _IS_LIVING)
            .order_by(_r.registered_at, _r.registration_id)
        )
        return [registration_of(row) for row in rows]

    def add(self, new: NewOrder, *, now: datetime) -> int | None:
        """Write an order, or return None when there is a living one already."""
        row = upsert(t.registrations).values(
            service=new.service,
            **facts_of(new, self._vault),
            group_key=new.service,
            score=0,
            language=new.language,
            channel=new.address.channel,
            address=new.address.number,
            state=ORDER.begins_as,
            registered_at=now,
            referral=new.referral,
            price=new.price,
        )
        one_living = row.on_conflict_do_nothing(
            index_elements=[_r.number_digest, _r.service], index_where=_IS_LIVING
        )
        return self._db.execute(one_living.returning(_r.registration_id)).scalar_one_or_none()

    def book(self, registration_id: int, *, now: datetime) -> bool:
        """Note that it has a date."""
        return self._move(Ordering.BOOKED, _r.registration_id == registration_id, reserved_at=now) == 1

    def leave(self, registration_id: int, *, now: datetime) -> bool:
        """End one without a date, because it is ordered anew."""
        return self._move(Ordering.LEFT, _r.registration_id == registration_id, ended_at=now) == 1

    def close(self, registration_id: int, *, now: datetime) -> bool:
        """End one whose date is over, so that its service may be ordered once more."""
        return self._move(Ordering.OVER, _r.registration_id == registration_id, ended_at=now) == 1

    def end_unfinished(self, before: datetime, *, now: datetime) -> int:
        """End those from before then that have no date and hold none; returns how many there were."""
        holds = exists().where(_v.registration_id == _r.registration_id, _v.state.in_(["held", "confirmed"]))
        return self._move(Ordering.LEFT, _r.registered_at < before, ~holds, ended_at=now)

    def _move(self, event: Ordering, *which: ColumnElement[bool], **values: object) -> int:
        moved = update(t.registrations).where(
            _r.service != VACCINATION, _r.state.in_(ORDER.before(event)), _IS_LIVING, *which
        )
        return self._db.execute(moved.values(state=ORDER.after(event), **values)).rowcount

    def _one(self, number: str, service: str, *, lock: bool = False) -> Registration | None:
        digests = self._vault.digests(number, purpose=NUMBER)
        found = select(*COLUMNS).where(_r.number_digest.in_(digests), _r.service == service, _IS_LIVING)
        row = self._db.execute(found.with_for_update(key_share=True) if lock else found).first()
        return None if row is None else registration_of(row)
