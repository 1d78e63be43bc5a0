"""Who takes letters to people, as the job sees it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol, TypeAlias


class CarrierAway(Exception):
    """Nobody takes letters now: not reached, or we may not. Every letter waits; none has left."""


class Unanswered(CarrierAway):
    """The connection ended over a letter: the server may have it, or not."""


class NotTaken(Exception):
    """This letter did not leave. ``because`` is the server's code without its words: those may name her."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


class TakenLater(NotTaken):
    """Try again later (4xx)."""


class AddressUnknown(NotTaken):
    """The server does not know whom it is for (5xx for the recipient); never again there."""


class LetterRefused(NotTaken):
    """The server does not want the letter itself (5xx)."""


class Carrier(Protocol):
    """One connection to a mail server."""

    def hand_over(self, message: EmailMessage, *, to: str) -> None:
        """Give a letter to the server, or raise NotTaken, Unanswered or CarrierAway; else it is theirs."""


OpenCarrier: TypeAlias = Callable[[], AbstractContextManager[Carrier]]
"""Connects, for a batch; raises CarrierAway."""


@dataclass(frozen=True, slots=True)
class Post:
    """How letters leave this process."""

    open: OpenCarrier
    sender: str
