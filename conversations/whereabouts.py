"""Where somebody stands in a dialogue, in words, for whoever goes on in her place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from conversations import questions as q
from conversations.events import Say
from conversations.library import Library
from conversations.script import Question
from conversations.session import Session


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """``question`` says what may be typed, whatever the medium; empty where nothing is asked."""

    session: Session
    question: str = field(default="", repr=False)


def whereabouts(
    library: Library, stored: Mapping[str, Any], moved_at: datetime, *, now: datetime
) -> Whereabouts:
    """Read a stored session as the next turn will, by the names that its script has today."""
    session = Session.resume(stored, moved_at, now=now)
    script = library.scripts.get(session.dialogue)
    step = script.resting(session.step) if script else None
    if script is None or step is None:
        return Whereabouts(session)
    session = replace(session, step=step.name, version=script.version)
    if not isinstance(step, Question):
        return Whereabouts(session)
    values = {
        **session.answers,
        **session.facts,
        "options": session.options,
        "page": session.page,
        "missing": q.missing(session, step),
        "more": q.has_more(script, session, step),
    }
    return Whereabouts(
        session, library.words.render(Say(session.dialogue, step.name, session.language, values))
    )
