"""The mail server, spoken to by SMTP (RFC 5321)."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Final

from gateway.settings.channels import Mail
from workers.mails.carrier import AddressUnknown, CarrierAway, LetterRefused, TakenLater, Unanswered

_PERMANENT: Final = 500
# 552, 452: her mailbox is full; it was 5xx long before RFC 5321 §4.5.3.1.10, and she may make room.
_MAY_PASS: Final = frozenset({552})
# Our server refuses to relay for us at all: that is about us, and not about her address.
_NOT_FOR_US: Final = frozenset({530, 535, 538})


@contextmanager
def connect(mail: Mail) -> Iterator["SmtpCarrier"]:
    """Connect, secure and log in; the connection is closed at the end whatever happens."""
    try:
        server = _opened(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise CarrierAway(_in_short(error)) from error
    try:
        yield SmtpCarrier(server, mail.sender)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _opened(mail: Mail) -> smtplib.SMTP:
    timeout = mail.answers_within_seconds
    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            mail.host, mail.port, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=timeout)
    try:
        if mail.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, mail.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


class SmtpCarrier:
    """One connection; what the server says becomes what is to be done about it."""

    def __init__(self, server: smtplib.SMTP, sender: str) -> None:
        self._server = server
        self._sender = sender

    def hand_over(self, message: EmailMessage, *, to: str) -> None:
        """Give a letter to the server; see :class:`workers.mails.carrier.Carrier`."""
        if self._server.sock is None:
            raise CarrierAway("closed")  # by a 421 before: nothing of this letter was said yet
        try:
            self._server.send_message(message, from_addr=self._sender, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as refused:
            code, _ = refused.recipients[to]
            if code in _NOT_FOR_US:
                raise CarrierAway(str(code)) from None
            if code < _PERMANENT or code in _MAY_PASS:
                raise TakenLater(str(code)) from None
            raise AddressUnknown(str(code)) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            code = refused.smtp_code
            if code in _NOT_FOR_US:
                raise CarrierAway(str(code)) from None
            raise (LetterRefused if code >= _PERMANENT else TakenLater)(str(code)) from None
        except smtplib.SMTPNotSupportedError:
            raise AddressUnknown("SMTPUTF8") from None  # letters in an address that the server cannot take
        except (OSError, smtplib.SMTPException) as error:
            raise Unanswered(_in_short(error)) from None


def _in_short(error: Exception) -> str:
    """What went wrong, without the server's words: they may repeat an address or a name."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__
