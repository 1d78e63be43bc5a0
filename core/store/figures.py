"""What is going on, for a page that is looked at: counts, the latest events, one address's messages."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, union_all

from core.messages import Address, MtState
from core.services import VACCINATION
from core.states import HAS_DATES
from core.store import tables as t
from core.vault import Vault

HANDED_OVER = (MtState.SENT, MtState.DELIVERED, MtState.UNANSWERED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of everything so far; the first four are of vaccination."""

    registrations: int
    waiting: int
    invitations: int
    reservations: int
    mo: int
    mt: int
    mt_queued: int


class Happening(StrEnum):
    """What may be seen to arrive."""

    REGISTRATION = "registration"
    INVITATION = "invitation"
    RESERVATION = "reservation"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a site; nothing in it says to whom."""

    happening: Happening
    number: int
    site: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """An MT as it was written."""

    mt_id: int
    text: str = field(repr=False)
    segments: int
    created_at: datetime


class FigureBook:
    """Reads only."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def figures(self) -> Figures:
        """Count everything in one statement."""
        is_vaccination = t.registrations.c.service == VACCINATION
        living = and_(t.registrations.c.ended_at.is_(None), is_vaccination)
        waiting = t.registrations.c.state.in_(["waiting", "returned", "invited"])
        queued = t.outbox.c.state == MtState.QUEUED
        row = self._db.execute(
            select(
                select(func.count()).select_from(t.registrations).where(living).scalar_subquery(),
                select(func.count()).select_from(t.registrations).where(living, waiting).scalar_subquery(),
                select(func.count()).select_from(t.invitations).scalar_subquery(),
                select(func.count())
                .select_from(t.reservations.join(t.registrations))
                .where(t.reservations.c.state.in_((*HAS_DATES, "done")), is_vaccination)
                .scalar_subquery(),
                select(func.count()).select_from(t.inbox).scalar_subquery(),
                select(func.count()).select_from(t.outbox).scalar_subquery(),
                select(func.count()).select_from(t.outbox).where(queued).scalar_subquery(),
            )
        ).one()
        return Figures(*(int(count) for count in row))

    def latest(self, at_most: int) -> list[Event]:
        """The latest registrations, invitations and reservations, the newest first."""
        r, i, b = t.registrations.c, t.invitations.c, t.reservations.c
        number, at = "number", "at"
        site = t.sites.c.name
        at_site = t.registrations.join(t.sites, t.sites.c.site_id == r.site_id)
        invited = t.invitations.join(at_site, r.registration_id == i.registration_id)
        booked = t.reservations.join(at_site, r.registration_id == b.registration_id)
        everything = union_all(
            select(
                _is(Happening.REGISTRATION), r.registration_id.label(number), site, r.registered_at.label(at)
            )
            .select_from(at_site)
            .order_by(r.registration_id.desc())
            .limit(at_most)
            .subquery()
            .select(),
            select(_is(Happening.INVITATION), i.invitation_id.label(number), site, i.invited_at.label(at))
            .select_from(invited)
            .order_by(i.invitation_id.desc())
            .limit(at_most)
            .subquery()
            .select(),
            select(_is(Happening.RESERVATION), b.reservation_id.label(number), site, b.confirmed_at.label(at))
            .select_from(booked)
            .where(b.confirmed_at.is_not(None))
            .order_by(b.confirmed_at.desc())
            .limit(at_most)
            .subquery()
            .select(),
        ).subquery()
        newest = select(everything).order_by(everything.c.at.desc()).limit(at_most)
        return [Event(Happening(e.happening), e.number, e.name, e.at) for e in self._db.execute(newest)]

    def mts(self, operator: str, address: Address, *, after: int) -> list[Kept]:
        """The MTs handed over to an address by this road after that one, in order."""
        o = t.outbox.c
        rows = self._db.execute(
            select(o.mt_id, o.text_sealed, o.segments, o.created_at)
            .where(
                o.channel == address.channel,
                o.address == address.number,
                o.operator == operator,
                o.state.in_(HANDED_OVER),
                o.mt_id > after,
            )
            .order_by(o.mt_id)
        )
        return [Kept(m.mt_id, self._vault.open(m.text_sealed), m.segments, m.created_at) for m in rows]

    def known_addresses(self, operator: str) -> set[str]:
        """Numbers that have written by this road."""
        heard = select(t.inbox.c.address).where(t.inbox.c.operator == operator).distinct()
        return set(self._db.execute(heard).scalars())

    def unanswered_mts(self, operator: str) -> dict[str, str]:
        """The last MT of each number of this road that has written nothing since."""
        o, i = t.outbox.c, t.inbox.c
        last = (
            select(o.channel, o.address, o.text_sealed, o.created_at)
            .where(o.operator == operator, o.state.in_(HANDED_OVER))
            .distinct(o.channel, o.address)
            .order_by(o.channel, o.address, o.mt_id.desc())
            .subquery()
        )
        written = (
            select(i.mo_id)
            .where(
                i.channel == last.c.channel,
                i.address == last.c.address,
                i.received_at > last.c.created_at,
            )
            .exists()
        )
        rows = self._db.execute(select(last.c.address, last.c.text_sealed).where(~written))
        return {row.address: self._vault.open(row.text_sealed) for row in rows}


def _is(happening: Happening) -> ColumnElement[str]:
    return literal(happening.value).label("happening")
