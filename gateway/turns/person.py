"""Whoever writes: her address, and the phone that she has proven."""

from datetime import datetime
from functools import cached_property

from core.messages import Address
from core.store.proven_phones import own_phone
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

    def prove(self, phone: str, *, how: str) -> None:
        """Note that a phone was proven, in this turn already."""
        self._work.proven_phones.prove(self.address, phone, how=how, now=self._now)
        self.phone = phone
