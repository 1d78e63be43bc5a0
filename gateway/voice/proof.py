"""Who goes on where a call broke off: whoever knows what was entered in it."""

from dataclasses import dataclass, field
from typing import Final

from conversations.session import Session

_ENDING: Final = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What to ask for: ``block`` has the words, ``keys`` is the answer."""

    block: str
    keys: str = field(repr=False)


def proof_of(session: Session) -> Proof | None:
    """What shows that a session is the caller's own; None where there is nothing to hide.

    An aside hides what the dialogue that it interrupted has been told.
    """
    while session.is_open:
        if pin := session.answers.get("pin"):
            return Proof("unfinished_pin", str(pin))
        if number := session.answers.get("insurance_number"):
            return Proof("unfinished_number", str(number)[-_ENDING:])
        session = Session.from_json(session.paused)
    return None
