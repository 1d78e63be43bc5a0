"""E-mail addresses: read, compared, and never shown whole."""

import re
from typing import Final

LONGEST: Final = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
_ADDRESS: Final = re.compile(r"[^\s@<>,;:\"\\()\[\]\x00-\x1f]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,63}")
_HIDDEN: Final = "…"


def is_email_address(text: str) -> bool:
    """Say whether it looks like an address that mail can be sent to; whether it exists, only mail tells."""
    return len(text) <= LONGEST and _ADDRESS.fullmatch(text) is not None


def same_mailbox(address: str) -> str:
    """The form in which two spellings of one address are equal.

    Capitals before the @ may differ in theory (RFC 5321 §2.4) and do in no mail server that people use.
    """
    return address.strip().lower()


def mask_email(address: str) -> str:
    """Write an address with its middle hidden: ``j…@seznam.cz``; what is no address is hidden whole."""
    local, at, domain = address.rpartition("@")
    return f"{local[0]}{_HIDDEN}@{domain}" if local and at and domain else _HIDDEN
