"""Where each address is in its dialogue."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Text, exists, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address
from core.store import tables as t
from core.store.given import given, rows_given
from core.vault import Vault

_s, _m = t.sessions.c, t.inbox.c


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Somebody in the middle of a dialogue; ``mo_id`` is her last MO, by which the desk names her."""

    address: Address
    dialogue: str
    version: int
    step: str
    language: str
    moved_at: datetime
    mo_id: int | None


class Standing(NamedTuple):
    """A step of a version of a dialogue, and how many people stand there."""

    dialogue: str
    version: int
    step: str
    people: int


class SessionBook:
    """The `sessions` table. A session is a JSON value; what a person answered in it is sealed."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def find(self, addresses: Collection[Address]) -> dict[Address, tuple[dict[str, Any], datetime]]:
        """The sessions of these addresses, where there are any, and when each last moved."""
        of = ({"channel": address.channel, "address": address.number} for address in addresses)
        rows = self._db.execute(_FIND, rows_given(of, "channel", "address"))
        return {
            Address(r.channel, r.address): (json.loads(self._vault.open(r.answers_sealed)), r.updated_at)
            for r in rows
        }

    def keep(self, sessions: Mapping[Address, Mapping[str, Any]], *, now: datetime) -> None:
        """Write sessions as they are now."""
        if not sessions:
            return
        rows = [
            {
                "channel": address.channel,
                "address": address.number,
                **self._values(session),
                "updated_at": now,
            }
            for address, session in sorted(sessions.items())
        ]
        self._db.execute(_KEEP, rows)

    def _values(self, session: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "dialogue": session.get("dialogue", ""),  # empty: the dialogue is over
            "version": session.get("version", 0),
            "step": session.get("step", ""),
            "language": session["language"],
            "answers_sealed": self._vault.seal(json.dumps(session, ensure_ascii=False)),
        }

    def open(self, *, since: datetime, channel: str | None = None, at_most: int) -> list[OpenSession]:
        """Who is in the middle of a dialogue and has moved since then, whoever waits longest first."""
        in_it = true() if channel is None else _s.channel == channel
        found = self._open(_s.updated_at > since, in_it)
        return self._read(found.order_by(_s.updated_at, _s.channel, _s.address).limit(at_most))

    def open_of_phone(self, phone: str, *, since: datetime) -> list[OpenSession]:
        """The dialogues that somebody is in the middle of on any channel, the latest first.

        What speaks for a phone (E.164) here is its number, or having proved it; nothing is decided by it.
        """
        p = t.proven_phones.c
        proven = exists().where(p.phone == phone, p.channel == _s.channel, p.address == _s.address)
        hers = or_(_s.address.in_([phone, phone.removeprefix("+")]), proven)
        return self._read(self._open(_s.updated_at > since, hers).order_by(_s.updated_at.desc()))

    def _open(self, *which: ColumnElement[bool]) -> Select[Any]:
        last_mo = (
            select(func.max(_m.mo_id))
            .where(_m.channel == _s.channel, _m.address == _s.address)
            .scalar_subquery()
        )
        standing = (_s.channel, _s.address, _s.dialogue, _s.version, _s.step, _s.language, _s.updated_at)
        return select(*standing, last_mo).where(_s.dialogue != "", *which)

    def _read(self, found: Select[Any]) -> list[OpenSession]:
        return [OpenSession(Address(row[0], row[1]), *row[2:]) for row in self._db.execute(found)]

    def lapse(self, *, before: datetime, at_most: int) -> list[OpenSession]:
        """End dialogues that have rested since then, forget what was answered in them, and return them."""
        lapsed = self._open(_s.updated_at <= before).order_by(_s.channel, _s.address).limit(at_most)
        found = self._read(lapsed.with_for_update(of=t.sessions, skip_locked=True))
        for each in found:
            self._write(each.address, {"language": each.language})
        return found

    def standing(self, *, since: datetime) -> list[Standing]:
        """How many people who have moved since then stand at each step."""
        counted = (
            select(_s.dialogue, _s.version, _s.step, func.count())
            .where(_s.dialogue != "", _s.updated_at > since)
            .group_by(_s.dialogue, _s.version, _s.step)
            .order_by(_s.dialogue, _s.version, _s.step)
        )
        return [Standing(*row) for row in self._db.execute(counted)]

    def rewrite_at(
        self, dialogue: str, step: str, change: Callable[[dict[str, Any]], Mapping[str, Any]], *, at_most: int
    ) -> int:
        """Change sessions that stand at a step, and return how many: they rest as long as they have.

        A turn under way has the last word: it knows the scripts as well.
        """
        rows = self._db.execute(
            select(_s.channel, _s.address, _s.answers_sealed)
            .where(_s.dialogue == dialogue, _s.step == step)
            .order_by(_s.channel, _s.address)
            .limit(at_most)
            .with_for_update()
        ).all()
        for row in rows:
            changed = change(json.loads(self._vault.open(row.answers_sealed)))
            self._write(Address(row.channel, row.address), changed)
        return len(rows)

    def _write(self, address: Address, session: Mapping[str, Any]) -> None:
        hers = (_s.channel == address.channel, _s.address == address.number)
        self._db.execute(update(t.sessions).where(*hers).values(self._values(session)))


# Built once: building a statement costs more than running it.

_OF = given(channel=Text, address=Text)
_FIND = select(_s.channel, _s.address, _s.answers_sealed, _s.updated_at).where(
    _s.channel == _OF.c.channel, _s.address == _OF.c.address
)
_new = upsert(t.sessions)
_KEEP = _new.on_conflict_do_update(
    index_elements=["channel", "address"],
    set_={c.name: _new.excluded[c.name] for c in t.sessions.c if not c.primary_key},
)
