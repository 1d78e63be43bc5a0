"""Whom a register is to be asked about, and what comes of its answers; nobody asks in a transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Update,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from core.blocking import Reason
from core.messages import Address, notice_address
from core.registers import Name
from core.services import VACCINATION
from core.store import tables as t
from core.vault import Vault

ONE_AT_A_TIME: Final = 0x43524303  # the key of an advisory lock: two who look at once would both tell
DELAY_TOLD = "told that the register is away"

_r, _a = t.registrations.c, t.audit.c
_IS_UNPROVEN = _r.blocked_because.in_([Reason.UNPROVEN.value, Reason.NOT_IN_GROUP.value])
# A name that was spoken and not written down yet is no name to compare.
_IS_NAMED = ~exists().where(
    t.recordings.c.registration_id == _r.registration_id, t.recordings.c.transcribed_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody to ask about, and where she is told what came of it."""

    registration_id: int
    name: Name = field(repr=False)
    number: str = field(repr=False)
    claimed_group: str | None
    state: str
    site: str
    language: str
    address: Address = field(repr=False)


class RegisterCheckBook:
    """What `registrations` says of registers."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def to_prove(self, *, now: datetime, at_most: int) -> list[Asked]:
        """Whose group is to be confirmed, who waits longest first."""
        return self._due(_r.prove_at, now, at_most)

    def to_identify(self, *, now: datetime, at_most: int) -> list[Asked]:
        """Who is to be identified, who waits longest first; nobody who is kept back for another reason."""
        may_be = or_(_r.state != "blocked", _r.blocked_because == Reason.VACCINATED.value)
        return self._due(_r.identify_at, now, at_most, may_be)

    def to_tell_of_delay(self, *, registered_before: datetime, at_most: int) -> list[Asked]:
        """Whose group nobody could confirm for so long, and who was not told so."""
        told = exists().where(_a.registration_id == _r.registration_id, _a.what == DELAY_TOLD)
        return self._find(
            and_(_r.prove_at.is_not(None), _r.registered_at <= registered_before, ~told), _r.prove_at, at_most
        )

    def prove_later(self, asked: Asked, *, until: datetime) -> None:
        """Ask about her group again then: nothing was learned."""
        self._put_off(_r.prove_at, asked, until)

    def identify_later(self, asked: Asked, *, until: datetime) -> None:
        """Ask who she is again then: nothing was learned."""
        self._put_off(_r.identify_at, asked, until)

    def _put_off(self, at: Column[datetime], asked: Asked, until: datetime) -> None:
        hers = (_r.registration_id == asked.registration_id, _r.ended_at.is_(None), at < until)
        self._db.execute(update(t.registrations).where(*hers).values({at: until}))

    def one_at_a_time(self) -> None:
        """Let nobody else tell of a delay until the commit."""
        self._db.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))

    # -- Answers -------------------------------------------------------------------------------------------

    def proven(self, asked: Asked, *, score: int) -> bool:
        """Let her into the group she claimed, with the time she registered at; False if others were first."""
        row = self._still_asked(asked)
        freed = row.values(
            group_key=_r.claimed_group,
            score=score,
            claimed_group=None,
            prove_at=None,
            state=case((_IS_UNPROVEN, "waiting"), else_=_r.state),
            blocked_because=case((_IS_UNPROVEN, None), else_=_r.blocked_because),
        )
        return self._db.execute(freed).rowcount == 1

    def not_proven(self, asked: Asked) -> str | None:
        """Note that the register does not know her; her state now, or None if others were first.

        Whoever could only register by that group is blocked, and keeps what she claimed for the next time.
        """
        told = self._still_asked(asked).values(
            prove_at=None,
            blocked_because=case((_IS_UNPROVEN, Reason.NOT_IN_GROUP.value), else_=_r.blocked_because),
            claimed_group=case((_IS_UNPROVEN, _r.claimed_group), else_=None),
        )
        return self._db.execute(told.returning(_r.state)).scalar_one_or_none()

    def identified(self, asked: Asked) -> bool:
        """Note that the population register has answered; False if others were first."""
        noted = update(t.registrations).where(
            _r.registration_id == asked.registration_id, _r.identify_at.is_not(None), _r.ended_at.is_(None)
        )
        return self._db.execute(noted.values(identify_at=None)).rowcount == 1

    def _still_asked(self, asked: Asked) -> Update:
        return update(t.registrations).where(
            _r.registration_id == asked.registration_id,
            _r.claimed_group == asked.claimed_group,
            _r.prove_at.is_not(None),
            _r.ended_at.is_(None),
        )

    # -- Rows ----------------------------------------------------------------------------------------------

    def _due(
        self, at: Column[datetime], now: datetime, at_most: int, *which: ColumnElement[bool]
    ) -> list[Asked]:
        return self._find(and_(at <= now, *which), at, at_most)

    def _find(self, which: ColumnElement[bool], order: Column[datetime], at_most: int) -> list[Asked]:
        rows = self._db.execute(
            select(
                _r.registration_id,
                _r.first_name,
                _r.last_name,
                _r.number_sealed,
                _r.claimed_group,
                _r.state,
                t.sites.c.name.label("site"),
                _r.language,
                _r.phone,
                _r.channel,
                _r.address,
            )
            .select_from(t.registrations.join(t.sites))
            .where(which, _r.ended_at.is_(None), _r.service == VACCINATION, _IS_NAMED)
            .order_by(order, _r.registration_id)
            .limit(at_most)
        )
        return [
            Asked(
                row.registration_id,
                Name(row.first_name, row.last_name),
                self._vault.open(row.number_sealed),
                row.claimed_group,
                row.state,
                row.site,
                row.language,
                notice_address(Address(row.channel, row.address), row.phone),
            )
            for row in rows
        ]
