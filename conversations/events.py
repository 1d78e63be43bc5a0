"""What goes into a turn and what comes out of it: the contract between the engine and whoever runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from conversations.session import Option, Session


@dataclass(frozen=True, slots=True)
class Said:
    """A person wrote, pressed or spoke."""

    text: str
    today: date  # in Prague: "zítra" is counted from it
    at_step: str | None = None  # pressed, not written: the question that had this button


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an Act: a name and JSON-plain values, as ``verbs.VERBS`` declares them."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


Event: TypeAlias = Said | Outcome


@dataclass(frozen=True, slots=True)
class Say:
    """One block of words to render: ``templates/<medium>/<language>/<dialogue>.j2``, block ``block``."""

    dialogue: str
    block: str
    language: str
    values: Mapping[str, Any]


class Expect(StrEnum):
    """What an answer may look like."""

    TEXT = "text"
    DIGITS = "digits"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Act:
    """Perform this verb in the core and feed the Outcome back."""

    verb: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wait:
    """The turn is over, the dialogue is not: an answer is expected."""

    expects: Expect
    options: tuple[Option, ...] = ()  # what is offered, in the order of its numbers
    more: bool = False  # DALŠÍ brings others
    none: bool = False  # none of them is an answer too
    fields: tuple[str, ...] = ()  # what is asked for; ``day`` where another day may be named


@dataclass(frozen=True, slots=True)
class Over:
    """The turn and the dialogue are over."""


class Edge(NamedTuple):
    """From one step of a dialogue to the next; from no step she came in, to none she left."""

    dialogue: str
    version: int
    step: str
    target: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What to say, where the address stands now, what is next, and which ways it went."""

    says: tuple[Say, ...]
    session: Session
    then: Act | Wait | Over
    edges: tuple[Edge, ...] = ()
