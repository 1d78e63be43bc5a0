"""Parts of long MOs: kept until the rest has come, in any order, or until it is late."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.store import tables as t
from core.vault import Vault

PART_LOCK = 2  # namespace of the advisory locks under which the parts of one MO meet


class LongMo(NamedTuple):
    """What the parts of one MO have in common."""

    operator: str
    sender: str
    receiver: str
    reference: int
    total: int


class Joined(NamedTuple):
    """The octets of all parts that came, in order."""

    key: LongMo
    payload: bytes
    data_coding: int


class MoPartBook:
    """The `mo_parts` table. Payloads are sealed like any MO text."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def add(
        self, key: LongMo, number: int, payload: bytes, data_coding: int, *, now: datetime
    ) -> Joined | None:
        """Keep a part, and return the whole when this was the last one missing.

        A part that comes again changes nothing, before and after the whole was joined.
        """
        lock = func.hashtext(":".join(map(str, key)))
        self._db.execute(select(func.pg_advisory_xact_lock(PART_LOCK, lock)))
        new = (
            upsert(t.mo_parts)
            .values(
                **key._asdict(),
                number=number,
                payload_sealed=self._vault.seal(payload.decode("latin-1")),
                data_coding=data_coding,
                received_at=now,
            )
            .on_conflict_do_nothing()
        )
        if self._db.execute(new).rowcount == 0:
            return None
        count = self._db.execute(select(func.count()).where(*_of(key), t.mo_parts.c.joined_at.is_(None)))
        return self._join(key, now=now) if count.scalar_one() == key.total else None

    def join_late(self, *, before: datetime, now: datetime) -> list[Joined]:
        """Join what there is of messages whose first part came before `before`."""
        columns = [t.mo_parts.c[name] for name in LongMo._fields]
        late = (
            select(*columns)
            .where(t.mo_parts.c.joined_at.is_(None))
            .group_by(*columns)
            .having(func.min(t.mo_parts.c.received_at) < before)
        )
        return [self._join(LongMo(*row), now=now) for row in self._db.execute(late).all()]

    def forget(self, *, joined_before: datetime) -> None:
        """References are reused: a part that comes this late belongs to another message."""
        self._db.execute(delete(t.mo_parts).where(t.mo_parts.c.joined_at < joined_before))

    def _join(self, key: LongMo, *, now: datetime) -> Joined:
        parts = self._db.execute(
            select(t.mo_parts.c.payload_sealed, t.mo_parts.c.data_coding)
            .where(*_of(key), t.mo_parts.c.joined_at.is_(None))
            .order_by(t.mo_parts.c.number)
        ).all()
        self._db.execute(update(t.mo_parts).where(*_of(key)).values(joined_at=now))
        payload = b"".join(self._vault.open(sealed).encode("latin-1") for sealed, _ in parts)
        return Joined(key, payload, parts[0].data_coding)


def _of(key: LongMo) -> list[ColumnElement[bool]]:
    return [t.mo_parts.c[name] == value for name, value in key._asdict().items()]
