"""PINs of an earlier system: none of them books anything, and whoever answers with one is told so."""

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.store import tables as t
from core.store.invitations import PIN2
from core.vault import Vault

_d = t.dead_pins.c


class DeadPinBook:
    """The `dead_pins` table: digests only, for nobody may read a PIN there again."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def owner(self, digits: str) -> int | None:
        """The registration that came over with this PIN; its digits need not be those of a PIN2 of ours."""
        digests = self._vault.digests(digits, purpose=PIN2)
        return self._db.execute(select(_d.registration_id).where(_d.pin_digest.in_(digests))).scalar()

    def bury(self, owners: Mapping[str, int]) -> None:
        """Keep whose these PINs were; one that is known already stays with its first owner."""
        if owners:
            rows = [
                {"pin_digest": self._vault.digest(digits, purpose=PIN2), "registration_id": registration_id}
                for digits, registration_id in owners.items()
            ]
            self._db.execute(upsert(t.dead_pins).on_conflict_do_nothing(), rows)
