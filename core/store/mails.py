"""Letters that wait to be sent, and what became of them.

A letter is queued in the transaction that it tells of, so that none is lost. It is claimed, handed to the
mail server and settled; whoever dies in between leaves a doubt, and the letter goes again.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, insert, select, tuple_, update

from core.email_address import same_mailbox
from core.mails import (
    CLAIM_LASTS,
    FIRST_WAIT,
    MOST_ATTEMPTS,
    Mail,
    Mailbox,
    MailState,
    NoAddress,
    Purpose,
    Reached,
    Refused,
    wait_after,
)
from core.store import tables as t
from core.vault import Vault

ADDRESS: Final = "e-mail address"  # purpose of the digests of addresses
ABANDONED: Final = "its sender died"

_m, _r = t.mails.c, t.registrations.c


class MailBook:
    """The `mails` table, and the addresses in `registrations`."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    # -- Addresses -----------------------------------------------------------------------------------------

    def mailbox(self, registration_id: int) -> Mailbox:
        """Where letters to somebody go."""
        row = self._db.execute(
            select(_r.email, _r.email_refused_at).where(_r.registration_id == registration_id)
        ).first()
        return NoAddress() if row is None else _mailbox(*row)

    def refused_of_phone(self, phone: str) -> str | None:
        """An address of those of this phone that nobody has, for them to mend; None if there is none."""
        return self._db.execute(
            select(_r.email)
            .where(_r.phone == phone, _r.ended_at.is_(None), _r.email_refused_at.is_not(None))
            .order_by(_r.registration_id)
            .limit(1)
        ).scalar_one_or_none()

    def choose_address(self, registration_id: int, address: str | None) -> None:
        """Send somebody's letters there from now on, or none at all."""
        hers = update(t.registrations).where(_r.registration_id == registration_id)
        self._db.execute(hers.values(email=address, email_refused_at=None))

    def refuse(self, address: str, *, now: datetime) -> int:
        """Nobody has that address: send nothing there; gives how many living registrations had it."""
        refused = (
            update(t.registrations)
            .where(
                func.lower(_r.email) == same_mailbox(address),
                _r.ended_at.is_(None),
                _r.email_refused_at.is_(None),
            )
            .values(email_refused_at=now)
        )
        count = self._db.execute(refused).rowcount
        self._bounce(_m.address_digest.in_(self._digests(address)), _m.state == MailState.QUEUED, now=now)
        return count

    def bounce(self, address: str, *, now: datetime) -> int:
        """The last letter to an address came back after a mail server had taken it; refuse the address."""
        last = select(func.max(_m.mail_id)).where(
            _m.address_digest.in_(self._digests(address)), _m.state == MailState.SENT
        )
        self._bounce(_m.mail_id == last.scalar_subquery(), now=now)
        return self.refuse(address, now=now)

    def _bounce(self, *which: ColumnElement[bool], now: datetime) -> None:
        gone = {"state": MailState.BOUNCED, "settled_at": now}
        self._db.execute(update(t.mails).where(*which).values(**gone))

    def _digests(self, address: str) -> tuple[bytes, ...]:
        return self._vault.digests(same_mailbox(address), purpose=ADDRESS)

    # -- Letters -------------------------------------------------------------------------------------------

    def announce(
        self, registration_id: int, purpose: Purpose, *, reservation_id: int | None = None, now: datetime
    ) -> Mailbox:
        """Queue a letter to somebody, if it can reach her; says where it goes.

        What waits about her dates and is no longer the news is dropped.
        """
        mailbox = self.mailbox(registration_id)
        if isinstance(mailbox, Reached):
            if reservation_id is not None:
                self._drop_older(registration_id, now=now)
            self._add(registration_id, purpose, reservation_id, mailbox.address, now=now)
        return mailbox

    def _drop_older(self, registration_id: int, *, now: datetime) -> None:
        self._db.execute(
            update(t.mails)
            .where(
                _m.registration_id == registration_id,
                _m.purpose != Purpose.REGISTERED,
                _m.state == MailState.QUEUED,
            )
            .values(state=MailState.DROPPED, settled_at=now)
        )

    def _add(
        self,
        registration_id: int,
        purpose: Purpose,
        reservation_id: int | None,
        address: str,
        *,
        now: datetime,
    ) -> None:
        later = select(func.coalesce(func.max(_m.sequence), -1) + 1).where(
            _m.registration_id == registration_id, _m.purpose != Purpose.REGISTERED
        )
        self._db.execute(
            insert(t.mails).values(
                registration_id=registration_id,
                reservation_id=reservation_id,
                purpose=purpose,
                sequence=0 if reservation_id is None else later.scalar_subquery(),
                address_sealed=self._vault.seal(address),
                address_digest=self._vault.digest(same_mailbox(address), purpose=ADDRESS),
                state=MailState.QUEUED,
                created_at=now,
                next_at=now,
            )
        )

    def claim(self, *, at_most: int, now: datetime) -> list[Mail]:
        """Take the letters that are due for this process alone, oldest first."""
        due = (
            select(_m.mail_id)
            .where(_m.state == MailState.QUEUED, _m.next_at <= now)
            .order_by(_m.next_at, _m.mail_id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
            .cte("due")  # looked for once: a subquery may be run again for each row, past its limit
        )
        rows = self._db.execute(
            update(t.mails)
            .where(_m.mail_id.in_(select(due.c.mail_id)))
            .values(state=MailState.CLAIMED, claimed_at=now, attempt=_m.attempt + 1)
            .returning(
                _m.mail_id,
                _m.attempt,
                _m.registration_id,
                _m.reservation_id,
                _m.purpose,
                _m.sequence,
                _m.address_sealed,
            )
        )
        return [
            Mail(
                row.mail_id,
                row.attempt,
                row.registration_id,
                row.reservation_id,
                Purpose(row.purpose),
                row.sequence,
                self._vault.open(row.address_sealed),
            )
            for row in sorted(rows, key=lambda row: row.mail_id)
        ]

    def settle(self, mail: Mail, state: MailState, *, now: datetime, because: str | None = None) -> None:
        """Say what came of an attempt for good; a doubt about the same attempt ends with it."""
        self._move(
            [mail], (MailState.CLAIMED, MailState.QUEUED), state=state, settled_at=now, because=because
        )

    def put_off(self, mail: Mail, *, now: datetime, because: str) -> MailState:
        """Try it again later, ever more slowly, and not for ever."""
        if mail.attempt >= MOST_ATTEMPTS:
            self.settle(mail, MailState.FAILED, now=now, because=because)
            return MailState.FAILED
        again = {"state": MailState.QUEUED, "next_at": now + wait_after(mail.attempt), "because": because}
        self._move([mail], (MailState.CLAIMED,), **again)
        return MailState.QUEUED

    def give_back(self, mails: Collection[Mail], *, now: datetime, because: str) -> None:
        """Queue again what was certainly not handed over: it does not count as an attempt."""
        again = {"state": MailState.QUEUED, "next_at": now + FIRST_WAIT / 2, "because": because}
        self._move(mails, (MailState.CLAIMED,), **again, attempt=_m.attempt - 1)

    def _move(self, mails: Collection[Mail], old: Collection[MailState], **values: Any) -> None:
        if not mails:
            return
        keys = [(mail.mail_id, mail.attempt) for mail in mails]
        self._db.execute(
            update(t.mails)
            .where(tuple_(_m.mail_id, _m.attempt).in_(keys), _m.state.in_(old))
            .values(**values)
        )

    def doubt(self, *, now: datetime) -> int:
        """Queue again what was claimed long ago: its sender died, and nobody knows what it had done.

        Such a letter may arrive twice, which is counted; tried too often, it has failed.
        """
        stale = (_m.state == MailState.CLAIMED, _m.claimed_at < now - CLAIM_LASTS)
        self._db.execute(
            update(t.mails)
            .where(*stale, _m.attempt >= MOST_ATTEMPTS)
            .values(state=MailState.FAILED, settled_at=now, because=ABANDONED, doubts=_m.doubts + 1)
        )
        again = update(t.mails).where(*stale)
        return self._db.execute(
            again.values(state=MailState.QUEUED, next_at=now, because=ABANDONED, doubts=_m.doubts + 1)
        ).rowcount

    # -- Figures -------------------------------------------------------------------------------------------

    def counts(self) -> Counter[MailState]:
        """How many letters there are in each state."""
        rows = self._db.execute(select(_m.state, func.count()).group_by(_m.state))
        return Counter({MailState(state): count for state, count in rows})

    def perhaps_doubled(self) -> int:
        """How many letters may have arrived twice."""
        doubted = select(func.count()).where(_m.doubts > 0, _m.state == MailState.SENT)
        return int(self._db.execute(doubted).scalar_one())

    def latest_reasons(self, at_most: int) -> list[tuple[int, MailState, str]]:
        """What mail servers last said to letters that are not sent, newest first."""
        rows = self._db.execute(
            select(_m.mail_id, _m.state, _m.because)
            .where(_m.because.is_not(None), _m.state.not_in([MailState.SENT, MailState.DROPPED]))
            .order_by(_m.mail_id.desc())
            .limit(at_most)
        )
        return [(mail_id, MailState(state), because) for mail_id, state, because in rows]


def _mailbox(email: str | None, refused_at: datetime | None) -> Mailbox:
    if not email:
        return NoAddress()
    return Reached(email) if refused_at is None else Refused(email)
