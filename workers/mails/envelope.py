"""A letter as a mail server takes it (RFC 5322, MIME)."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from core.confirmation import Confirmation
from core.mails import Mail, Purpose
from workers.mails.calendar_file import calendar_file, method
from workers.mails.letters import Letter, Registered, Writer
from workers.mails.paper import paper


@dataclass(frozen=True, slots=True)
class Enveloper:
    """Makes messages; the same letter has the same Message-ID at every attempt."""

    writer: Writer
    sender: str

    def registered(self, mail: Mail, said: Registered, *, now: datetime) -> EmailMessage:
        """The acknowledgement of a registration."""
        return self._message(mail, self.writer.registered(said), now=now)

    def confirmation(self, mail: Mail, said: Confirmation, *, now: datetime) -> EmailMessage:
        """The dates, with the calendar file, and with the paper while they are valid."""
        message = self._message(mail, self.writer.confirmation(said, mail.purpose), now=now)
        name = self.writer.of_confirmation(said, "file")
        if mail.purpose is not Purpose.CANCELLED:
            message.add_attachment(
                paper(said, self.writer, now=now),
                maintype="application",
                subtype="pdf",
                filename=f"{name}.pdf",
            )
        dates = calendar_file(
            said, mail.purpose, self.writer, sequence=mail.sequence, sender=self.sender, now=now
        )
        message.add_attachment(
            dates.decode(),
            subtype="calendar",
            filename=f"{name}.ics",
            params={"method": method(mail.purpose)},
        )
        return message

    def _message(self, mail: Mail, letter: Letter, *, now: datetime) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = mail.address
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<crs-{mail.mail_id}@{self.sender.rpartition('@')[2]}>"
        message["Content-Language"] = letter.language
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday answers, please
        message.set_content(self.writer.text(letter))
        message.add_alternative(self.writer.page(letter), subtype="html")
        return message
