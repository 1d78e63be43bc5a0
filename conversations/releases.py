"""Where a release of the scripts leaves those who are in the middle of a dialogue."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from conversations.library import Library
from conversations.session import Session

LOST = ""
"""The step of whoever starts over with her next message, whatever a later release calls its steps."""


@dataclass(frozen=True, slots=True)
class Stays:
    """The step is there as it was."""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The step has another name now."""

    step: str


@dataclass(frozen=True, slots=True)
class StartsOver:
    """The step is gone: the dialogue begins again, and asks only for what is not known of ``fields``."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeetsTheMenu:
    """The dialogue is gone."""


Fate: TypeAlias = Stays | GoesOn | StartsOver | MeetsTheMenu


def fate(library: Library, dialogue: str, step: str) -> Fate:
    """What becomes of whoever stands at a step."""
    script = library.scripts.get(dialogue)
    if script is None:
        return MeetsTheMenu()
    found = script.resting(step)
    if found is None:
        return StartsOver(tuple(field.value for field in script.fields))
    return Stays() if found.name == step else GoesOn(found.name)


def moved(library: Library, session: Session) -> Session:
    """A session as it stands after the release; what an aside has interrupted is moved when it goes on."""
    script = library.scripts.get(session.dialogue)
    version = script.version if script else session.version
    match fate(library, session.dialogue, session.step):
        case Stays():
            return session
        case GoesOn(step=step):
            renamed = script.renamed if script else {}
            history = tuple(renamed.get(name, name) for name in session.history)
            return replace(session, step=step, version=version, history=history)
        case StartsOver(fields=fields):
            return _lost(session, version, fields)
        case MeetsTheMenu():
            return _lost(session, version, ())


def _lost(session: Session, version: int, fields: tuple[str, ...]) -> Session:
    known = {field: session.answers[field] for field in fields if field in session.answers}
    return Session(
        language=session.language,
        dialogue=session.dialogue,
        version=version,
        step=LOST,
        answers=known,
        paused=session.paused,
    )
