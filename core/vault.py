"""The vault: insurance numbers and PINs at rest, sealed to be read again, digested to be found again.

What is sealed: a version byte, a random nonce of 12 bytes, and AES-256-GCM over the text with the
version as associated data. A digest is HMAC-SHA256. Both keys are derived from the one in the
settings (HKDF-SHA256), so neither tells anything about the other.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")


class BadKey(Exception):
    """The key cannot be used; it was cut, mistyped or is no key."""

    def __init__(self) -> None:
        super().__init__(
            "The key of [secrets] is no key: 32 random bytes as base64. "
            "`crs secrets new` makes one; whatever the old key has sealed needs the old key."
        )


class CannotOpen(Exception):
    """Sealed with a key we do not have, or damaged."""

    def __init__(self) -> None:
        super().__init__("It was sealed with another key, or is damaged. Put the key that sealed it back.")


class Vault:
    """Seals, opens and digests with one key; opens what older keys have sealed, too.

    Safe to share between threads.
    """

    __slots__ = ("_digesters", "_openers", "_sealer")

    def __init__(self, key: bytes, *, old_keys: Iterable[bytes] = ()) -> None:
        keys = (key, *old_keys)
        if any(len(each) != KEY_BYTES for each in keys):
            raise BadKey
        self._openers = tuple(AESGCM(_derive(each, b"crs seal 1")) for each in keys)
        self._digesters = tuple(_derive(each, b"crs digest 1") for each in keys)
        self._sealer = self._openers[0]

    @classmethod
    def from_text(cls, key: str, *, old_keys: Iterable[str] = ()) -> "Vault":
        """Make it of a key as the settings hold it, or raise :class:`BadKey`."""
        return cls(_decoded(key), old_keys=[_decoded(each) for each in old_keys])

    def seal(self, text: str) -> bytes:
        """Seal a text; the same text never looks the same twice."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._sealer.encrypt(nonce, text.encode(), _VERSION)

    def open(self, sealed: bytes) -> str:
        """Give the text back, or raise :class:`CannotOpen`."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise CannotOpen
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        for opener in self._openers:
            try:
                return opener.decrypt(nonce, body, _VERSION).decode()
            except InvalidTag:
                continue
        raise CannotOpen

    def digest(self, text: str, *, purpose: str) -> bytes:
        """Give 32 bytes by which the text is found again: the same for the same text and purpose."""
        return self._digest(self._digesters[0], text, purpose)

    def digests(self, text: str, *, purpose: str) -> tuple[bytes, ...]:
        """Give the digests under this key and the older ones: what to look for while a key is changed."""
        return tuple(self._digest(each, text, purpose) for each in self._digesters)

    def __repr__(self) -> str:
        return "Vault()"

    def __reduce__(self) -> str:
        raise TypeError("A vault never leaves its process.")

    @staticmethod
    def _digest(key: bytes, text: str, purpose: str) -> bytes:
        if "\0" in purpose:
            raise ValueError("A purpose is a word.")
        return hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256")


def new_key() -> str:
    """Make a key: 32 random bytes as base64, safe in a TOML file and a shell."""
    return secrets.token_urlsafe(KEY_BYTES)


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)


def _decoded(text: str) -> bytes:
    text = "".join(text.split()).translate(str.maketrans("+/", "-_"))
    if not _BASE64.fullmatch(text):
        raise BadKey
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        raise BadKey from None
