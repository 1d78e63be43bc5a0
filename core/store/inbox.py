"""MOs: durable before they are acknowledged, answered once and in order."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address, Mo, NewMo
from core.store import tables as t
from core.store.given import given, rows_given
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
        return len(self._db.execute(_ADD, rows).all())

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
        found = self._db.execute(_WAITING_SINCE, rows_given(rows, "channel", "address", "text_digest"))
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
        addresses = [dict(row) for row in self._db.execute(_LOCK, {"at_most": at_most}).mappings()]
        if not addresses:
            return []
        # A second statement sees newer than the locks: what another process has just done is gone.
        return self._read(_WAITING, rows_given(addresses, "channel", "address"))

    def claim_address(self, address: Address) -> list[Mo]:
        """All waiting MOs of one address, waiting for its lock where somebody else has it."""
        self._db.execute(_LOCK_ONE, {"key": f"{address.channel}:{address.number}"})
        return self._read(
            _WAITING,
            rows_given([{"channel": address.channel, "address": address.number}], "channel", "address"),
        )

    def _read(self, found: Select[Any], of: Mapping[str, Any]) -> list[Mo]:
        rows = self._db.execute(found, of)
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
        self._db.execute(_SETTLE, {"mo_ids": list(mo_ids), "done_at": now})

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


# Built once: building a statement costs more than running it.

_i = t.inbox.c
_ADD = upsert(t.inbox).on_conflict_do_nothing().returning(_i.mo_id)
_SAID = given(channel=Text, address=Text, text_digest=LargeBinary)
_WAITING_SINCE = (
    select(_i.channel, _i.address, _i.text_digest, func.max(_i.received_at))
    .where(
        _i.done_at.is_(None),
        _i.channel == _SAID.c.channel,
        _i.address == _SAID.c.address,
        _i.text_digest == _SAID.c.text_digest,
    )
    .group_by(_i.channel, _i.address, _i.text_digest)
)
_longest = (
    select(_i.channel, _i.address)
    .where(_i.done_at.is_(None))
    .order_by(_i.mo_id)
    .limit(bindparam("at_most", type_=Integer))
    .cte("waiting")
)
_each = select(_longest.c.channel, _longest.c.address).distinct().cte("addresses")
_LOCK = select(_each.c.channel, _each.c.address).where(
    func.pg_try_advisory_xact_lock(TURN_LOCK, func.hashtext(_each.c.channel + literal(":") + _each.c.address))
)
_LOCK_ONE = select(func.pg_advisory_xact_lock(TURN_LOCK, func.hashtext(bindparam("key"))))
_FROM = given(channel=Text, address=Text)
_WAITING = (
    select(*_MO)
    .where(_i.done_at.is_(None), _i.channel == _FROM.c.channel, _i.address == _FROM.c.address)
    .order_by(_i.mo_id)
)
_SETTLE = update(t.inbox).where(_i.mo_id == func.any(cast(bindparam("mo_ids"), ARRAY(BigInteger))))
