"""Who waits at a site that pauses, and who of them was told: nobody twice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address, MtState, notice_address
from core.states import REGISTRATION, Registering
from core.store import tables as t
from core.store.site_pauses import KeptPause

_n, _r, _i, _o = t.pause_notices.c, t.registrations.c, t.invitations.c, t.outbox.c


class PauseNotice(StrEnum):
    """What people who wait at a site are told: the blocks of their words."""

    PAUSES = "site_pauses"
    REOPENS = "site_reopens"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits at a site; with a PIN2 she may book as soon as it is open."""

    registration_id: int
    name: str = field(repr=False)
    address: Address = field(repr=False)
    language: str
    has_pin: bool


class PauseNoticeBook:
    """The `pause_notices` table."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def count_told(self, pause_id: int) -> dict[PauseNotice, int]:
        """How many people were told what."""
        told = select(_n.purpose, func.count()).where(_n.pause_id == pause_id).group_by(_n.purpose)
        return {PauseNotice(purpose): count for purpose, count in self._db.execute(told)}

    def take(self, kept: KeptPause, purpose: PauseNotice, *, at_most: int) -> list[Waiting]:
        """The next people to tell, locked until the commit; of a reopening, whoever was told of the pause."""
        which = [_waits(kept.site_id), ~_was_told(kept.pause_id, purpose)]
        if purpose is PauseNotice.REOPENS:
            which.append(_was_told(kept.pause_id, PauseNotice.PAUSES))
        has_pin = exists().where(_i.registration_id == _r.registration_id, _i.state == "open")
        rows = self._db.execute(
            select(
                _r.registration_id,
                (_r.first_name + literal(" ") + _r.last_name).label("name"),
                _r.phone,
                _r.channel,
                _r.address,
                _r.language,
                has_pin.label("has_pin"),
            )
            .where(*which)
            .order_by(_r.registration_id)
            .limit(at_most)
            .with_for_update(key_share=True)
        )
        return [_waiting(row) for row in rows]

    def note(
        self, kept: KeptPause, purpose: PauseNotice, registration_ids: Sequence[int], *, now: datetime
    ) -> set[int]:
        """Note who is told, in the transaction that queues it; gives those who were not told before."""
        if not registration_ids:
            return set()
        rows = [
            {"pause_id": kept.pause_id, "registration_id": each, "purpose": purpose, "told_at": now}
            for each in registration_ids
        ]
        noted = upsert(t.pause_notices).on_conflict_do_nothing().returning(_n.registration_id)
        return set(self._db.execute(noted, rows).scalars())

    def withdraw(self, kept: KeptPause, registration_ids: Collection[int], *, now: datetime) -> set[int]:
        """Drop the word of a pause that has not left; gives whose it was: they need not hear of its end."""
        told_then = exists().where(
            _n.pause_id == kept.pause_id,
            _n.purpose == PauseNotice.PAUSES,
            _n.registration_id == _o.registration_id,
            _n.told_at == _o.created_at,
        )
        unsent = update(t.outbox).where(
            _o.registration_id.in_(registration_ids),
            _o.purpose == PauseNotice.PAUSES,
            _o.state == MtState.QUEUED,
            told_then,
        )
        dropped = unsent.values(state=MtState.EXPIRED, settled_at=now).returning(_o.registration_id)
        return set(self._db.execute(dropped).scalars())


def _waits(site_id: UUID) -> ColumnElement[bool]:
    """She waits there for an invitation, or for a date."""
    may_book = _r.state.in_(REGISTRATION.before(Registering.BOOKED))
    return and_(_r.site_id == site_id, may_book, _r.ended_at.is_(None))


def _was_told(pause_id: int, purpose: PauseNotice) -> ColumnElement[bool]:
    return exists().where(
        _n.pause_id == pause_id, _n.registration_id == _r.registration_id, _n.purpose == purpose
    )


def _waiting(row: Row[Any]) -> Waiting:
    address = notice_address(Address(row.channel, row.address), row.phone)
    return Waiting(row.registration_id, row.name, address, row.language, row.has_pin)
