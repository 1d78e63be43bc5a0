"""A mail server on this machine that says what it is told to say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.settings.channels import Mail
from tests.ports import unused_port

HANGS_UP = "hangs up"  # with the letter in hand, and without a word
SENDER = "rezervace@example.cz"


@dataclass
class Mailbox:
    """What came, and what is answered: ``of_recipient`` and ``of_data`` by the local part of the address."""

    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    of_recipient: dict[str, str] = field(default_factory=dict)
    of_data: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def settings(self) -> Mail:
        return Mail(host="127.0.0.1", port=self.port, security="none", sender=SENDER)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        answer = self.of_recipient.get(address.partition("@")[0], "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (to,) = envelope.rcpt_tos
        answer = self.of_data.get(to.partition("@")[0], "250 OK")
        if answer == HANGS_UP:
            server.transport.abort()
            return "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            letter = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.recipients.append(to)
        return answer


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Listens on the loopback."""
    port = unused_port()
    mailbox = Mailbox(port=port)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
