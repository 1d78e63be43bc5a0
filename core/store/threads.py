"""The messages of one address as they were said, for a chat that is looked at; and their end."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from core.messages import Address, Expected, MtState
from core.store import tables as t
from core.vault import Vault

HANDED_OVER = (MtState.SENT, MtState.DELIVERED, MtState.UNANSWERED)


class Mark(NamedTuple):
    """How far a thread has come: another mark means that there is something new to see."""

    last_mo: int
    last_mt: int
    unanswered: int
    queued: int


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a thread: an MO, which may answer the question ``at_step``, or an MT."""

    number: int
    is_mo: bool
    text: str = field(repr=False)
    at: datetime
    at_step: str | None = None
    is_answer: bool = False  # an MT that an MO led to
    expects: Expected | None = field(default=None, repr=False)


class ThreadBook:
    """The `inbox` and `outbox` of an address, side by side."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def mark(self, address: Address) -> Mark:
        """How far the thread has come."""
        i, o = t.inbox.c, t.outbox.c
        mos = select(func.coalesce(func.max(i.mo_id), 0), func.count().filter(i.done_at.is_(None))).where(
            i.channel == address.channel, i.address == address.number
        )
        mts = select(
            func.coalesce(func.max(o.mt_id).filter(o.state.in_(HANDED_OVER)), 0),
            func.count().filter(o.state == MtState.QUEUED),
        ).where(o.channel == address.channel, o.address == address.number)
        last_mo, unanswered = self._db.execute(mos).one()
        last_mt, queued = self._db.execute(mts).one()
        return Mark(last_mo, last_mt, unanswered, queued)

    def last(self, address: Address, at_most: int) -> list[Said]:
        """The last messages, in the order that they were said; an answer comes after its MO."""
        i, o = t.inbox.c, t.outbox.c
        mos = self._db.execute(
            select(i.mo_id, i.text_sealed, i.received_at, i.at_step)
            .where(i.channel == address.channel, i.address == address.number)
            .order_by(i.mo_id.desc())
            .limit(at_most)
        ).all()
        mts = self._db.execute(
            select(o.mt_id, o.mo_id, o.text_sealed, o.created_at, o.expects_sealed)
            .where(o.channel == address.channel, o.address == address.number, o.state.in_(HANDED_OVER))
            .order_by(o.mt_id.desc())
            .limit(at_most)
        ).all()
        asked_at = {mo.mo_id: mo.received_at for mo in mos}
        said = [
            Said(mo.mo_id, True, self._vault.open(mo.text_sealed), mo.received_at, mo.at_step) for mo in mos
        ]
        for mt in mts:
            # A batch of turns tells the time before it claims: its MOs may be younger by a moment.
            at = max(mt.created_at, asked_at.get(mt.mo_id, mt.created_at))
            said.append(
                Said(
                    mt.mt_id,
                    False,
                    self._vault.open(mt.text_sealed),
                    at,
                    is_answer=mt.mo_id is not None,
                    expects=self._open(mt.expects_sealed),
                )
            )
        return sorted(said, key=lambda each: (each.at, not each.is_mo, each.number))[-at_most:]

    def idle(self, channel: str, *, since: datetime, at_most: int) -> Sequence[Address]:
        """Addresses of a channel whose session has not moved since then."""
        s = t.sessions.c
        found = select(s.address).where(s.channel == channel, s.updated_at < since).limit(at_most)
        return [Address(channel, number) for number in self._db.scalars(found)]

    def erase(self, address: Address, *, now: datetime) -> None:
        """Forget what was said, where the dialogue stands and whose phone it is; nothing more is sent.

        While the lock of the inbox's claim is held: no turn of this address is under way.
        """
        i, o = t.inbox.c, t.outbox.c
        nothing = self._vault.seal("")
        self._db.execute(
            update(t.inbox)
            .where(i.channel == address.channel, i.address == address.number)
            .values(text_sealed=nothing, done_at=func.coalesce(i.done_at, now))
        )
        ours = (o.channel == address.channel, o.address == address.number)
        self._db.execute(
            update(t.outbox)
            .where(*ours, o.state.in_([MtState.QUEUED, MtState.CLAIMED]))
            .values(state=MtState.EXPIRED, settled_at=now)
        )
        self._db.execute(
            update(t.outbox).where(*ours).values(text_sealed=nothing, text_digest=None, expects_sealed=None)
        )
        for table in (t.sessions, t.proven_phones, t.pin1s):
            self._db.execute(
                delete(table).where(table.c.channel == address.channel, table.c.address == address.number)
            )

    def _open(self, sealed: bytes | None) -> Expected | None:
        return None if sealed is None else Expected.from_json(json.loads(self._vault.open(sealed)))
