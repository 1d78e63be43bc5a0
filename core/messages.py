"""Messages as values: who wrote, what waits to be sent, in which order it may go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

SMS_CHANNEL = "sms"  # whoever carries it: an operator's centre, or the loopback
TELEGRAM_CHANNEL = "telegram"
WHATSAPP_CHANNEL = "whatsapp"
WEB_CHANNEL = "web"  # the chat on our page
VOICE_CHANNEL = "voice"  # the hotline

NOTIFIED = (TELEGRAM_CHANNEL, WHATSAPP_CHANNEL)  # chats where a message is seen that nobody waits for


class Address(NamedTuple):
    """Where a person is reached: a channel and a number (E.164) or a chat's id in it."""

    channel: str
    number: str


def notice_address(chosen: Address, phone: str) -> Address:
    """Where a message goes that nobody waits for: where she chose, or by SMS where she would not see it."""
    return chosen if chosen.channel in NOTIFIED else Address(SMS_CHANNEL, phone)


class Lane(IntEnum):
    """Strict priority: a lower lane always leaves first."""

    ANSWER = 0
    CONFIRMATION = 1
    INVITATION = 2
    NOTICE = 3


class MtState(StrEnum):
    """An MT only moves forward, but for a queued one that is claimed and given back."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    UNANSWERED = "unanswered"  # handed over, no answer: neither sent nor unsent
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    BLOCKED = "blocked"  # the same words to the same person again and again: a loop


@dataclass(frozen=True, slots=True)
class Button:
    """An answer that can be pressed: what it says, and the text it stands for."""

    label: str
    reply: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer may look like, for whoever can show buttons or listens to a keypad.

    ``kind`` is text, digits, choice or yes_no; ``fields`` are what a question asks for; ``at`` names the
    question, so that an old button is known.
    """

    kind: str
    at: str
    fields: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind,
            "at": self.at,
            "fields": list(self.fields),
            "buttons": [[button.label, button.reply] for button in self.buttons],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Expected":
        """Read what ``to_json`` wrote."""
        return cls(
            stored["kind"],
            stored["at"],
            tuple(stored["fields"]),
            tuple(Button(label, reply) for label, reply in stored["buttons"]),
        )


@dataclass(frozen=True, slots=True)
class NewMo:
    """A message from a person, as it came from the operator."""

    address: Address
    operator: str
    text: str = field(repr=False)
    received_at: datetime
    operator_id: str | None = None
    at_step: str | None = None
    """The question whose button was pressed."""


@dataclass(frozen=True, slots=True)
class Mo:
    """A message from a person that waits for its turn."""

    mo_id: int
    address: Address
    operator: str
    text: str = field(repr=False)
    received_at: datetime
    at_step: str | None = None


@dataclass(frozen=True, slots=True)
class NewMt:
    """A message to a person; `rank` keeps the planner's order inside a lane."""

    address: Address
    operator: str
    lane: Lane
    purpose: str
    text: str = field(repr=False)
    segments: int
    created_at: datetime
    rank: int = 0
    registration_id: int | None = None
    invitation_id: int | None = None
    mo_id: int | None = None
    valid_until: datetime | None = None
    text_digest: bytes | None = None  # tells the same words again, where somebody may ask again
    state: MtState = MtState.QUEUED  # or BLOCKED: kept for the desk, and not sent
    expects: Expected | None = field(default=None, repr=False)
    instead_of: int | None = None
    """The MT of a chat that failed for good, and that this SMS stands in for."""


@dataclass(frozen=True, slots=True)
class ClaimedMt:
    """An MT that this process alone may hand over now."""

    mt_id: int
    attempt: int
    address: Address
    lane: Lane
    text: str = field(repr=False)
    segments: int
    valid_until: datetime | None
    expects: Expected | None = field(default=None, repr=False)
