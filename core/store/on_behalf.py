"""What the desk says for somebody: a MO like any other, and a line of the audit with it."""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from core.messages import Address, NewMo
from core.store import tables as t
from core.store.work import INBOX_CHANNEL, Work

SAID: Final = "said on behalf"
TAKEN: Final = "took over"
NO_DIALOGUE: Final = "no dialogue"


def note_taken_over(work: Work, address: Address, where: str, *, by: str, now: datetime) -> None:
    """Note that the desk looks at somebody's dialogue."""
    work.audit.note(f"desk: {by}", f"{TAKEN}: {where}", registration_id=_whose(work, address, now), now=now)


def say_on_behalf(work: Work, mo: NewMo, *, where: str, by: str) -> int:
    """Keep what the desk says for an address, with the operator's id that it is to have; the MO's id.

    ``mo.at_step`` is the question that the desk has seen: where she has answered it herself, the
    open one is asked.
    """
    work.inbox.add([mo])
    i = t.inbox.c
    kept = select(i.mo_id).where(
        i.channel == mo.address.channel,
        i.address == mo.address.number,
        i.operator == mo.operator,
        i.operator_id == mo.operator_id,
    )
    mo_id = int(work.db.execute(kept).scalar_one())
    whose = _whose(work, mo.address, mo.received_at)
    work.audit.note(f"desk: {by}", f"{SAID}: {where}, MO #{mo_id}", registration_id=whose, now=mo.received_at)
    work.wake(INBOX_CHANNEL)
    return mo_id


def _whose(work: Work, address: Address, now: datetime) -> int | None:
    """Her registration, where the address speaks for one alone."""
    phone = work.proven_phones.phone_of(address, now=now)
    hers = work.registrations.of_phone(phone) if phone else []
    return hers[0].registration_id if len(hers) == 1 else None
