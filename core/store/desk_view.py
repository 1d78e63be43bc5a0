"""What the desk sees of an address: everything that happened, and nothing that could be misused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, or_, select, tuple_

from core.messages import Address
from core.store import tables as t
from core.vault import Vault

_DIGITS: Final = re.compile(r"\d(?:[\s./-]*\d){3,}")
_SECRET: Final = re.compile(r"(?<![\d.])\d(?:[ /]?\d){5,}")  # a date has its stops
MOST_MESSAGES: Final = 200


@dataclass(frozen=True, slots=True)
class SeenRegistration:
    """`place` in the queue of its site, from 1; None once it is invited or ended."""

    registration_id: int
    number: str
    state: str
    blocked_because: str | None
    site_id: UUID
    site: str
    place: int | None
    registered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeenInvitation:
    """Never with its PIN2; `message` is the state of its SMS."""

    invitation_id: int
    registration_id: int
    state: str
    invited_at: datetime
    used_at: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class SeenReservation:
    """`second` is None for a single-dose product."""

    reservation_id: int
    registration_id: int
    state: str
    site: str
    product: str
    first: datetime
    second: datetime | None
    held_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A MO with its masked text, or a MT with what became of it."""

    kind: str
    message_id: int
    at: datetime
    operator: str
    state: str
    purpose: str | None
    segments: int | None
    text: str | None


@dataclass(frozen=True, slots=True)
class SaidMessage:
    """What somebody wrote, or was told, with its numbers and PINs hidden."""

    at: datetime
    is_mo: bool
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddressView:
    """Everything about an address, oldest first."""

    registrations: tuple[SeenRegistration, ...]
    invitations: tuple[SeenInvitation, ...]
    reservations: tuple[SeenReservation, ...]
    messages: tuple[SeenMessage, ...]


def masked_number(number: str) -> str:
    """An insurance number with all but its first two and last two digits hidden."""
    return f"{number[:2]}{'•' * max(0, len(number) - 4)}{number[-2:]}"


def masked_text(text: str) -> str:
    """A text in which every run of four digits or more, however it is spaced, is hidden."""
    return _DIGITS.sub(lambda run: "•" * sum(c.isdigit() for c in run[0]), text)


def masked_words(text: str) -> str:
    """Words of ours with insurance numbers, phones and PINs hidden; dates, times and postcodes stay."""
    return _SECRET.sub(lambda run: "•" * sum(c.isdigit() for c in run[0]), text)


class DeskView:
    """Reads across the tables; changes nothing."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def of(self, address: Address) -> AddressView:
        """What belongs to an address: registrations made from it or with its number, and their traces."""
        registrations = self._registrations(address)
        ids = [row.registration_id for row in registrations]
        return AddressView(
            tuple(self._seen(row) for row in registrations),
            tuple(self._invitations(ids)),
            tuple(self._reservations(ids)),
            tuple(self._messages(address)),
        )

    def _registrations(self, address: Address) -> Sequence[Row[Any]]:
        r = t.registrations.c
        from_it = (r.channel == address.channel) & (r.address == address.number)
        return self._db.execute(
            select(t.registrations, t.sites.c.name.label("site"))
            .join(t.sites)
            .where(or_(r.phone == address.number, from_it))
            .order_by(r.registration_id)
        ).all()

    def _seen(self, row: Row[Any]) -> SeenRegistration:
        return SeenRegistration(
            row.registration_id,
            masked_number(self._vault.open(row.number_sealed)),
            row.state,
            row.blocked_because,
            row.site_id,
            row.site,
            self._place(row) if row.state in ("waiting", "returned") and row.ended_at is None else None,
            row.registered_at,
            row.ended_at,
        )

    def _place(self, mine: Row[Any]) -> int:
        """Whoever came back with nothing goes first, then score, age and time of registration."""
        r = t.registrations.c
        is_before = tuple_(
            r.state != "returned", -r.score, r.birth_date, r.registered_at, r.registration_id
        ) < tuple_(
            mine.state != "returned",
            -mine.score,
            mine.birth_date,
            mine.registered_at,
            mine.registration_id,
        )
        before = select(func.count()).where(
            r.site_id == mine.site_id,
            r.state.in_(["waiting", "returned"]),
            r.ended_at.is_(None),
            is_before,
        )
        return int(self._db.execute(before).scalar_one()) + 1

    def _invitations(self, registration_ids: Sequence[int]) -> list[SeenInvitation]:
        i, o = t.invitations.c, t.outbox.c
        rows = self._db.execute(
            select(i.invitation_id, i.registration_id, i.state, i.invited_at, i.used_at, o.state)
            .outerjoin(t.outbox, o.invitation_id == i.invitation_id)
            .where(i.registration_id.in_(registration_ids))
            .order_by(i.invitation_id)
        )
        return [SeenInvitation(*row) for row in rows]

    def _reservations(self, registration_ids: Sequence[int]) -> list[SeenReservation]:
        v, first, second = t.reservations.c, t.slots.alias("first"), t.slots.alias("second")
        rows = self._db.execute(
            select(
                v.reservation_id,
                v.registration_id,
                v.state,
                t.sites.c.name,
                t.calendars.c.product,
                first.c.begins_at,
                second.c.begins_at,
                v.held_at,
                v.confirmed_at,
            )
            .select_from(t.reservations)
            .join(first, first.c.slot_id == v.first_slot_id)
            .join(t.calendars, t.calendars.c.calendar_id == first.c.calendar_id)
            .join(t.sites, t.sites.c.site_id == t.calendars.c.site_id)
            .outerjoin(second, second.c.slot_id == v.second_slot_id)
            .where(v.registration_id.in_(registration_ids))
            .order_by(v.reservation_id)
        )
        return [SeenReservation(*row) for row in rows]

    def _messages(self, address: Address) -> list[SeenMessage]:
        """The newest messages, oldest of them first."""
        m, o = t.inbox.c, t.outbox.c
        mos = self._db.execute(
            select(m.mo_id, m.received_at, m.operator, m.done_at, m.text_sealed)
            .where(m.channel == address.channel, m.address == address.number)
            .order_by(m.mo_id.desc())
            .limit(MOST_MESSAGES)
        )
        mts = self._db.execute(
            select(o.mt_id, o.created_at, o.operator, o.state, o.purpose, o.segments)
            .where(o.channel == address.channel, o.address == address.number)
            .order_by(o.mt_id.desc())
            .limit(MOST_MESSAGES)
        )
        found = [
            SeenMessage(
                "MO",
                row.mo_id,
                row.received_at,
                row.operator,
                "done" if row.done_at else "waiting",
                None,
                None,
                masked_text(self._vault.open(row.text_sealed)),
            )
            for row in mos
        ]
        found += [
            SeenMessage("MT", r.mt_id, r.created_at, r.operator, r.state, r.purpose, r.segments, None)
            for r in mts
        ]
        return sorted(found, key=lambda m: (m.at, m.kind, m.message_id))[-MOST_MESSAGES:]

    def said(self, address: Address, at_most: int) -> list[SaidMessage]:
        """The last messages from and to an address as they were said, the oldest of them first."""
        m, o = t.inbox.c, t.outbox.c
        mos = self._mos(address).order_by(m.mo_id.desc()).limit(at_most)
        mts = self._mts(address).order_by(o.mt_id.desc()).limit(at_most)
        return self._in_order(mos, mts)[-at_most:]

    def said_since(self, address: Address, mo_id: int) -> list[SaidMessage]:
        """What an address was answered to a MO, and whatever it wrote and was answered later."""
        return self._in_order(
            self._mos(address).where(t.inbox.c.mo_id > mo_id),
            self._mts(address).where(t.outbox.c.mo_id >= mo_id),
        )

    def _mos(self, address: Address) -> Select[Any]:
        m = t.inbox.c
        return select(m.mo_id, m.received_at, m.text_sealed).where(
            m.channel == address.channel, m.address == address.number
        )

    def _mts(self, address: Address) -> Select[Any]:
        o = t.outbox.c
        return select(o.mt_id, o.created_at, o.text_sealed).where(
            o.channel == address.channel, o.address == address.number
        )

    def _in_order(self, mos: Select[Any], mts: Select[Any]) -> list[SaidMessage]:
        found = [
            (row.received_at, 0, row.mo_id, masked_text(self._vault.open(row.text_sealed)))
            for row in self._db.execute(mos)
        ]
        found += [
            (row.created_at, 1, row.mt_id, masked_words(self._vault.open(row.text_sealed)))
            for row in self._db.execute(mts)
        ]
        return [SaidMessage(at, not is_mt, text) for at, is_mt, _, text in sorted(found)]

    def address_of(self, mo_id: int) -> Address | None:
        """Who wrote a MO."""
        m = t.inbox.c
        row = self._db.execute(select(m.channel, m.address).where(m.mo_id == mo_id)).first()
        return None if row is None else Address(*row)
