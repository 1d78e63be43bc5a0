"""People who asked for vaccination, and their place in the queue."""

from sqlalchemy import Connection

from core.vault import Vault


class RegistrationBook:
    """The `registrations` table."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault
