"""PIN1: sent to a phone that an address says is its own, and told back by whoever reads it there."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import SMS_CHANNEL, Address
from core.store import tables as t
from core.store.asking import WAITING
from core.vault import Vault

PIN1: Final = "PIN1"  # the purpose of its SMS
GOOD_FOR: Final = timedelta(minutes=10)
FRESH: Final = timedelta(seconds=60)  # it may be on its way for so long, and not yet read
MOST_TO_ADDRESS: Final = 3
"""Without ten minutes' rest; whoever writes from there has them all."""
REST: Final = timedelta(minutes=10)
MOST_TO_PHONE: Final = 5
"""In an hour, whoever asks: its owner may have asked for none of them."""
MOST_WRONG: Final = 5
HOUR: Final = timedelta(hours=1)

PIN1_LOCK: Final = 7  # namespace of the advisory locks that keep those apart who send to one phone
_p, _o = t.pin1s.c, t.outbox.c


@dataclass(frozen=True, slots=True)
class Given:
    """A new PIN1 counts; its SMS is the caller's to queue, in the same transaction."""


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """The last one waits to be sent, or has just been: no other is needed."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """This address, or others for this phone, have asked for enough."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Five wrong ones: this address is not listened to for an hour."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The PIN1 was right, and is used up."""

    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wrong:
    """It was another one; so many tries are left."""

    left: int


@dataclass(frozen=True, slots=True)
class Expired:
    """There is none that counts: it was never sent, ran out, or was used."""


GiveOutcome: TypeAlias = Given | OnItsWay | TooOften | Blocked
CheckOutcome: TypeAlias = Proven | Wrong | Expired | Blocked


class Pin1Book:
    """The `pin1s` table: the last PIN1 of each address.

    A new PIN1 does not forgive the wrong ones before it.
    """

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def give(
        self, address: Address, phone: str, pin: str, *, now: datetime, expires_at: datetime
    ) -> GiveOutcome:
        """Let a PIN1 prove a phone (E.164) to be the address's own, in place of any before it.

        Its SMS is queued with `now` as its time and `PIN1` as its purpose, which is how it is counted.
        """
        key = int.from_bytes(self._vault.digest(phone, purpose=PIN1)[:4], signed=True)
        self._db.execute(select(func.pg_advisory_xact_lock(PIN1_LOCK, key)))
        if self._sent_to(phone, since=now - HOUR) >= MOST_TO_PHONE:
            return TooOften()
        row = upsert(t.pin1s).values(
            channel=address.channel,
            address=address.number,
            phone=phone,
            pin_sealed=self._vault.seal(pin),
            sent_at=now,
            expires_at=expires_at,
        )
        is_rested = _p.sent_at <= now - REST
        newer = row.on_conflict_do_update(
            index_elements=[_p.channel, _p.address],
            set_={
                **{name: row.excluded[name] for name in ("phone", "pin_sealed", "sent_at", "expires_at")},
                "sent": case((is_rested, 1), else_=_p.sent + 1),
            },
            where=and_(
                or_(_p.blocked_until.is_(None), _p.blocked_until <= now),
                or_(is_rested, _p.sent < MOST_TO_ADDRESS),
                ~_is_on_its_way(phone, now),
            ),
        )
        if self._db.execute(newer.returning(_p.sent)).first() is not None:
            return Given()
        return self._why_not(address, phone, now)

    def check(self, address: Address, typed: str, *, now: datetime) -> CheckOutcome:
        """Compare what was typed with the PIN1 of the address; a right one is used up by whoever is first."""
        mine = and_(_p.channel == address.channel, _p.address == address.number)
        row = self._db.execute(
            select(_p.phone, _p.pin_sealed, _p.expires_at, _p.blocked_until).where(mine)
        ).first()
        if row is not None and row.blocked_until is not None and row.blocked_until > now:
            return Blocked()
        if row is None or row.expires_at <= now:
            return Expired()
        counts = and_(mine, _p.pin_sealed == row.pin_sealed, _p.expires_at > now)
        if hmac.compare_digest(self._vault.open(row.pin_sealed).encode(), typed.encode()):
            used = update(t.pin1s).where(counts).values(expires_at=now, wrong=0)
            return Proven(row.phone) if self._db.execute(used).rowcount == 1 else Expired()
        is_last = _p.wrong + 1 >= MOST_WRONG
        wrong = update(t.pin1s).where(counts)
        counted = wrong.values(
            wrong=case((is_last, 0), else_=_p.wrong + 1),
            blocked_until=case((is_last, now + HOUR)),
            expires_at=case((is_last, now), else_=_p.expires_at),
        )
        left = self._db.execute(counted.returning(MOST_WRONG - _p.wrong, _p.blocked_until)).first()
        if left is None:
            return Expired()
        return Wrong(left[0]) if left[1] is None else Blocked()

    def _sent_to(self, phone: str, *, since: datetime) -> int:
        counted = select(func.count()).where(
            _o.channel == SMS_CHANNEL, _o.address == phone, _o.purpose == PIN1, _o.created_at > since
        )
        return int(self._db.execute(counted).scalar_one())

    def _why_not(self, address: Address, phone: str, now: datetime) -> GiveOutcome:
        row = self._db.execute(
            select(_p.blocked_until, _is_on_its_way(phone, now)).where(
                _p.channel == address.channel, _p.address == address.number
            )
        ).one()
        if row[0] is not None and row[0] > now:
            return Blocked()
        return OnItsWay() if row[1] else TooOften()


def _is_on_its_way(phone: str, now: datetime) -> ColumnElement[bool]:
    waits = exists().where(
        _o.channel == SMS_CHANNEL,
        _o.address == phone,
        _o.purpose == PIN1,
        _o.created_at == _p.sent_at,
        _o.state.in_(WAITING),
    )
    return and_(_p.phone == phone, _p.expires_at > now, or_(_p.sent_at > now - FRESH, waits))
