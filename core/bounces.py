"""What a mail server reports of letters that did not arrive (RFC 3464)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Final

from core.email_address import is_email_address
from core.open_data import UnreadableFile

_REPORT: Final = "message/delivery-status"
# RFC 3463: 5.1 is about the address, 5.2.1 a mailbox that is closed, 5.0.0 says no more than "for good".
# A full mailbox (5.2.2) or a rule against us (5.7) says nothing about the address.
_ABOUT_THE_ADDRESS: Final = ("5.1.", "5.2.1", "5.0.0")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A letter to this address did not arrive; ``is_unknown``: and none ever will."""

    address: str = field(repr=False)
    status: str
    is_unknown: bool


def read_report(file: bytes) -> list[Undelivered]:
    """The addresses that a report is about; none where it only speaks of a delay, or of success."""
    report = message_from_bytes(file, policy=policy.default)
    parts = [part for part in report.walk() if part.get_content_type() == _REPORT]
    if not parts:
        raise UnreadableFile(
            "It is no delivery report: it has no part message/delivery-status (RFC 3464). "
            "Save the whole message as your mail server sent it, with its headers."
        )
    return [found for part in parts for recipient in _recipients(part) if (found := _undelivered(recipient))]


def _recipients(part: Message | EmailMessage) -> Iterator[Message]:
    """Every group of headers but the first, which is about the message."""
    groups = part.get_payload()
    yield from (group for group in groups if isinstance(group, Message)) if isinstance(groups, list) else ()


def _undelivered(recipient: Message) -> Undelivered | None:
    if str(recipient.get("Action", "")).strip().lower() != "failed":
        return None
    named = recipient.get("Original-Recipient") or recipient.get("Final-Recipient")
    address = str(named or "").rpartition(";")[2].strip().strip("<>")
    if not is_email_address(address):
        raise UnreadableFile("The delivery report names no address that can be read (Final-Recipient).")
    status = str(recipient.get("Status", "5.0.0")).split()[0]
    return Undelivered(address, status, status.startswith(_ABOUT_THE_ADDRESS))
