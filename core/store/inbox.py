"""MOs: durable before they are acknowledged, answered once and in order."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address, Mo, NewMo
from core.store import tables as t
from core.vault import Vault

SAME_TEXT_WITHIN = timedelta(seconds=30)
_MO = (
    t.inbox.c.mo_id,
    t.inbox.c.channel,
    t.inbox.c.address,
    t.inbox.c.operator,
    t.inbox.c.text_sealed,
    t.inbox.c.received_at,
    t.inbox.c.at_step,
)

TURN_LOCK = 1  # namespace of the advisory locks that keep the turns of one address in order


class InboxBook:
    """The `inbox` table."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def add(self, messages: Sequence[NewMo]) -> int:
        """Keep the messages that are new, and return how many were.

        A message with the operator's id is the same as an earlier one with that id, sender and text. One
        without is the same as an equal one of the last seconds that has not been answered yet.
        """
        rows = self._new_rows(messages)
        if not rows:
            return 0
        new = upsert(t.inbox).on_conflict_do_nothing().returning(t.inbox.c.mo_id)
        return len(self._db.execute(new, rows).all())

    def _new_rows(self, messages: Sequence[NewMo]) -> list[dict[str, Any]]:
        """The rows to insert, without those that repeat an unanswered text of the last seconds."""
        rows = [self._row(message) for message in messages]
        last: dict[tuple[Any, ...], datetime] = self._waiting_since(
            [row for row in rows if row["operator_id"] is None]
        )
        new = []
        for row in rows:
            if row["operator_id"] is None:
                key = (row["channel"], row["address"], row["text_digest"])
                if key in last and row["received_at"] - last[key] < SAME_TEXT_WITHIN:
                    continue
                last[key] = row["received_at"]
            new.append(row)
        return new

    def _waiting_since(self, rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], datetime]:
        if not rows:
            return {}
        i = t.inbox.c
        same = tuple_(i.channel, i.address, i.text_digest).in_(
            [(row["channel"], row["address"], row["text_digest"]) for row in rows]
        )
        found = self._db.execute(
            select(i.channel, i.address, i.text_digest, func.max(i.received_at))
            .where(i.done_at.is_(None), same)
            .group_by(i.channel, i.address, i.text_digest)
        )
        return {(channel, address, bytes(digest)): at for channel, address, digest, at in found}

    def _row(self, message: NewMo) -> dict[str, Any]:
        return {
            "channel": message.address.channel,
            "address": message.address.number,
            "operator": message.operator,
            "operator_id": message.operator_id,
            "text_sealed": self._vault.seal(message.text),
            "text_digest": self._vault.digest(message.text, purpose="mo"),
            "received_at": message.received_at,
            "at_step": message.at_step,
        }

    def claim(self, at_most: int) -> list[Mo]:
        """Lock the addresses that have waited longest, and return all their waiting MOs in order of arrival.

        The lock lasts until this transaction ends, so no other process takes a turn of these addresses.
        """
        waiting = (
            select(t.inbox.c.channel, t.inbox.c.address)
            .where(t.inbox.c.done_at.is_(None))
            .order_by(t.inbox.c.mo_id)
            .limit(at_most)
            .cte("waiting")
        )
        distinct = select(waiting.c.channel, waiting.c.address).distinct().cte("addresses")
        locked = select(distinct).where(
            func.pg_try_advisory_xact_lock(
                TURN_LOCK, func.hashtext(distinct.c.channel + literal(":") + distinct.c.address)
            )
        )
        addresses = [tuple(row) for row in self._db.execute(locked)]
        if not addresses:
            return []
        # A second statement sees newer than the locks: what another process has just done is gone.
        return self._read(
            select(*_MO).where(
                tuple_(t.inbox.c.channel, t.inbox.c.address).in_(addresses), t.inbox.c.done_at.is_(None)
            )
        )

    def claim_address(self, address: Address) -> list[Mo]:
        """All waiting MOs of one address, waiting for its lock where somebody else has it."""
        key = func.hashtext(f"{address.channel}:{address.number}")
        self._db.execute(select(func.pg_advisory_xact_lock(TURN_LOCK, key)))
        return self._read(
            select(*_MO).where(
                t.inbox.c.channel == address.channel,
                t.inbox.c.address == address.number,
                t.inbox.c.done_at.is_(None),
            )
        )

    def _read(self, query: Select[Any]) -> list[Mo]:
        rows = self._db.execute(query.order_by(t.inbox.c.mo_id))
        return [
            Mo(
                r.mo_id,
                Address(r.channel, r.address),
                r.operator,
                self._vault.open(r.text_sealed),
                r.received_at,
                r.at_step,
            )
            for r in rows
        ]

    def settle(self, mo_ids: Collection[int], *, now: datetime) -> None:
        """Mark MOs done; they will not be answered again."""
        self._db.execute(update(t.inbox).where(t.inbox.c.mo_id.in_(mo_ids)).values(done_at=now))

    def count_failure(self, mo_id: int) -> int:
        """Note that a turn of this MO raised, and return how often that has happened."""
        failed = update(t.inbox).where(t.inbox.c.mo_id == mo_id).values(failures=t.inbox.c.failures + 1)
        return int(self._db.execute(failed.returning(t.inbox.c.failures)).scalar_one())

    def last_received(self, address: Address) -> datetime | None:
        """When an address wrote last."""
        i = t.inbox.c
        last = (
            select(i.received_at)
            .where(i.channel == address.channel, i.address == address.number)
            .order_by(i.mo_id.desc())
            .limit(1)
        )
        return self._db.execute(last).scalar_one_or_none()

    def waiting(self) -> int:
        """How many MOs have no answer yet."""
        return int(
            self._db.execute(
                select(func.count()).select_from(t.inbox).where(t.inbox.c.done_at.is_(None))
            ).scalar_one()
        )
