"""The PINs that people of one phone may use now."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, exists, select

from core.messages import MtState
from core.store import tables as t
from core.vault import Vault

_r, _i, _o = t.registrations.c, t.invitations.c, t.outbox.c


@dataclass(frozen=True, slots=True)
class OpenPin:
    """An open invitation; while it is ``on_its_way`` its SMS has not left, and may be taken back."""

    registration_id: int
    name: str = field(repr=False)
    pin: str = field(repr=False)
    on_its_way: bool
    expires_at: datetime | None = None
    """None where it holds until it is used."""


class OpenPinBook:
    """What is open of `invitations`, as the phone is told it that registered."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def of_phone(self, phone: str) -> list[OpenPin]:
        """In the order of registration; nobody's who is blocked or has dates."""
        is_queued = exists().where(_o.invitation_id == _i.invitation_id, _o.state == MtState.QUEUED)
        rows = self._db.execute(
            select(_r.registration_id, _r.first_name, _r.last_name, _i.pin_sealed, is_queued, _i.expires_at)
            .select_from(t.registrations.join(t.invitations))
            .where(_r.phone == phone, _r.ended_at.is_(None), _r.state.in_(["invited", "returned"]))
            .where(_i.state == "open")
            .order_by(_r.registered_at, _r.registration_id)
        )
        return [
            OpenPin(registration_id, f"{first} {last}", self._vault.open(sealed), queued, expires_at)
            for registration_id, first, last, sealed, queued, expires_at in rows
        ]
