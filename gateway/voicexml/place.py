"""Where a call stands: it travels in the documents, sealed, so that no process keeps anything of a call."""

import base64
import binascii
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from core.messages import VOICE_CHANNEL, Address, Expected
from core.vault import CannotOpen, Vault

LASTS: Final = timedelta(hours=1)


class Stage(StrEnum):
    """What was asked last."""

    START = "start"  # nothing yet
    GREETING = "greeting"  # the language
    PROOF = "proof"  # what shows that an unfinished call was hers
    QUESTION = "question"
    DAY = "day"  # another day, of a question that offers dates
    CLOSING = "closing"  # anything else?


class NoPlace(Exception):
    """It is none of ours, or too old."""


@dataclass(frozen=True, slots=True)
class Place:
    """One call between two documents; ``phone`` is a hint of the network, None when it is withheld."""

    call_id: str
    began_at: datetime
    stage: Stage
    language: str
    phone: str | None = field(default=None, repr=False)
    is_proven: bool = False  # the session of that phone is hers
    text: str = field(default="", repr=False)
    expects: Expected | None = field(default=None, repr=False)
    taken: int = 0  # turns
    failures: int = 0  # in a row

    @property
    def address(self) -> Address:
        """Her session is her phone's, else that of this call alone."""
        known = self.phone if self.phone and self.is_proven else None
        return Address(VOICE_CHANNEL, known or f"call:{self.call_id}")

    @staticmethod
    def of_phone(phone: str) -> Address:
        """Where the session of a phone's owner is."""
        return Address(VOICE_CHANNEL, phone)

    @property
    def turn(self) -> str:
        """An id of the turn that is taken now."""
        return f"{self.call_id}.{self.taken}"

    def at(self, stage: Stage, **changes: Any) -> "Place":
        """The same call, further on."""
        return replace(self, stage=stage, **changes)

    def seal(self, vault: Vault) -> str:
        """As a word that can stand in a document."""
        plain = {
            "call_id": self.call_id,
            "began_at": self.began_at.isoformat(),
            "stage": self.stage,
            "language": self.language,
            "phone": self.phone,
            "is_proven": self.is_proven,
            "text": self.text,
            "expects": self.expects.to_json() if self.expects else None,
            "taken": self.taken,
            "failures": self.failures,
        }
        return base64.urlsafe_b64encode(vault.seal(json.dumps(plain))).decode()

    @classmethod
    def open(cls, sealed: str, vault: Vault, *, now: datetime) -> "Place":
        """Read what ``seal`` wrote; raises NoPlace."""
        try:
            plain = json.loads(vault.open(base64.urlsafe_b64decode(sealed.encode())))
            expects = plain["expects"]
            place = cls(
                **{
                    **plain,
                    "began_at": datetime.fromisoformat(plain["began_at"]),
                    "stage": Stage(plain["stage"]),
                    "expects": Expected.from_json(expects) if expects else None,
                }
            )
        except (CannotOpen, binascii.Error, ValueError, TypeError, KeyError) as error:
            raise NoPlace from error
        if now >= place.began_at + LASTS:
            raise NoPlace
        return place
