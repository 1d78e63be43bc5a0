"""People whom the hotline shall call."""

from datetime import datetime

from sqlalchemy import Connection, insert

from core.store import tables as t
from core.vault import Vault


class CallBackBook:
    """The `call_backs` table; the number is sealed."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def add(self, phone: str, *, language: str, reason: str, now: datetime) -> None:
        """Ask the desk to call a number (E.164)."""
        new = insert(t.call_backs).values(
            phone_sealed=self._vault.seal(phone), language=language, reason=reason, asked_at=now
        )
        self._db.execute(new)
