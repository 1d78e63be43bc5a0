"""Whose phone an address has shown to be its own."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import SMS_CHANNEL, VOICE_CHANNEL, WHATSAPP_CHANNEL, Address
from core.store import tables as t

CALL_LASTS: Final = timedelta(hours=1)
"""A caller's number can be forged: what it proved holds for its call, and for one that was cut off."""

_p = t.proven_phones.c


def own_phone(address: Address) -> str | None:
    """The phone in E.164 that the channel itself vouches for; None where it does not."""
    match address.channel:
        case channel if channel == SMS_CHANNEL:
            return address.number
        case channel if channel == WHATSAPP_CHANNEL:
            return f"+{address.number.lstrip('+')}"  # a wa_id is a number without its plus
        case _:
            return None


class ProvenPhoneBook:
    """The `proven_phones` table: for each address the phone it proved last."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def phone_of(self, address: Address, *, now: datetime) -> str | None:
        """The phone that an address may speak for, in E.164."""
        if own := own_phone(address):
            return own
        proven = select(_p.phone).where(_p.channel == address.channel, _p.address == address.number)
        if address.channel == VOICE_CHANNEL:
            proven = proven.where(_p.proven_at > now - CALL_LASTS)
        return self._db.execute(proven).scalar_one_or_none()

    def prove(self, address: Address, phone: str, *, how: str, now: datetime) -> None:
        """Note that an address has shown a phone in E.164 to be its own; ``how`` in a word: contact, PIN1."""
        row = upsert(t.proven_phones).values(
            channel=address.channel, address=address.number, phone=phone, how=how, proven_at=now
        )
        newest = {name: row.excluded[name] for name in ("phone", "how", "proven_at")}
        self._db.execute(row.on_conflict_do_update(index_elements=[_p.channel, _p.address], set_=newest))

    def forget(self, address: Address) -> None:
        """An address has shown nothing."""
        self._db.execute(
            t.proven_phones.delete().where(_p.channel == address.channel, _p.address == address.number)
        )
