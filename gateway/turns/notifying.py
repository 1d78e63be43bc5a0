"""Where messages go that nobody waits for: to the chat a person chose, or by SMS."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from conversations.events import Outcome
from conversations.verbs import BUSY
from core.messages import NOTIFIED, SMS_CHANNEL, Address, notice_address
from core.store.work import Work
from gateway.turns.person import Person

Said: TypeAlias = Mapping[str, Any]


class Notifying:
    """The verbs of one turn."""

    def __init__(self, work: Work, person: Person) -> None:
        self._work = work
        self._person = person

    def where_messages_go(self, _: Said) -> Outcome:
        phone, here = self._person.phone, self._person.address
        chosen = self._work.registrations.chosen_addresses(phone) if phone else []
        if phone is None or not chosen:
            return Outcome("none")
        others = {notice_address(each, phone) for each in chosen} - {here}
        is_reached_here = here == notice_address(here, phone)
        if is_reached_here and others:
            return Outcome("elsewhere", {"channel": min(others).channel})
        chats = sorted(each.channel for each in others or {here} if each.channel in NOTIFIED)
        return Outcome("in_chat", {"channel": chats[0]}) if chats else Outcome("by_sms")

    def messages_here(self, _: Said) -> Outcome:
        return self._send_to(self._person.address)

    def messages_by_sms(self, _: Said) -> Outcome:
        return self._send_to(Address(SMS_CHANNEL, self._person.phone or ""))

    def _send_to(self, address: Address) -> Outcome:
        if self._person.phone is None:
            return Outcome(BUSY)
        self._work.registrations.choose_address(self._person.phone, address)
        return Outcome("done")
