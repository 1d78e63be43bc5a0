"""Where each address is in its dialogue."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address
from core.store import tables as t
from core.vault import Vault


class SessionBook:
    """The `sessions` table. A session is a JSON value; what a person answered in it is sealed."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def find(self, addresses: Collection[Address]) -> dict[Address, tuple[dict[str, Any], datetime]]:
        """The sessions of these addresses, where there are any, and when each last moved."""
        s = t.sessions.c
        rows = self._db.execute(
            select(s.channel, s.address, s.answers_sealed, s.updated_at).where(
                tuple_(s.channel, s.address).in_(addresses)
            )
        )
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
                "dialogue": session.get("dialogue", ""),  # empty: the dialogue is over
                "version": session.get("version", 0),
                "step": session.get("step", ""),
                "language": session["language"],
                "answers_sealed": self._vault.seal(json.dumps(session, ensure_ascii=False)),
                "updated_at": now,
            }
            for address, session in sorted(sessions.items())
        ]
        new = upsert(t.sessions)
        changed = {c: new.excluded[c] for c in rows[0] if c not in {"channel", "address"}}
        self._db.execute(new.on_conflict_do_update(index_elements=["channel", "address"], set_=changed), rows)
