"""Whoever writes: her address, and the phone that she has proven."""

from datetime import datetime
from functools import cached_property

from core.messages import Address
from core.store.proven_phones import own_phone
from core.store.registrations import Registration
from core.store.work import Work


class Person:
    """One address in one turn; its phone is looked up when first needed, and not at all for an SMS."""

    def __init__(self, work: Work, address: Address, *, now: datetime) -> None:
        self.address = address
        self._work = work
        self._now = now

    @cached_property
    def phone(self) -> str | None:
        """The phone in E.164 that this address may speak for; None where it has proven none."""
        return own_phone(self.address) or self._work.proven_phones.phone_of(self.address, now=self._now)

    def registration(self, named: object) -> Registration | None:
        """The living registration that is named, if she made it with this phone."""
        digits = str(named or "")
        found = self._work.registrations.get(int(digits)) if digits.isdecimal() else None
        is_hers = found is not None and self.phone is not None and found.phone == self.phone
        return found if found and is_hers and found.ended_at is None else None

    def prove(self, phone: str, *, how: str) -> None:
        """Note that a phone was proven, in this turn already."""
        self._work.proven_phones.prove(self.address, phone, how=how, now=self._now)
        self.phone = phone
