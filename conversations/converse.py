"""One MO and everything that follows from it: turns and acts until there is something to wait for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from conversations.engine import advance
from conversations.events import Act, Edge, Event, Expect, Outcome, Over, Said, Say, Wait
from conversations.library import Library
from conversations.script import NO, YES
from conversations.session import Option, Session
from conversations.verbs import BUSY
from conversations.words import SMS, one_message
from core.calendars.calendar import PRAGUE
from core.messages import Button, Expected

MOST_ACTS: Final = 20  # in one turn; a core that never lets a dialogue come to a question is busy

Perform: TypeAlias = Callable[[Act], Outcome]


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Reply:
    """What one MO led to; ``expects`` is None when the dialogue is over."""

    texts: tuple[str, ...]  # one per step that spoke
    text: str  # all of them as one message
    session: Session
    expects: Expected | None
    edges: tuple[Edge, ...] = ()  # the ways that were gone


def converse(
    library: Library,
    session: Session,
    text: str,
    *,
    now: datetime,
    perform: Perform,
    medium: str = SMS,
    at_step: str | None = None,
    has_phone: Callable[[], bool] = _always,
) -> Reply:
    """Answer one MO; ``now`` is aware, ``perform`` asks the core. SMS text comes folded.

    ``at_step`` is the question whose button was pressed, as ``Expected.at`` named it. ``has_phone`` tells
    whether the phone is proven by now: a verb may have done it.
    """
    event: Event = Said(text, today=now.astimezone(PRAGUE).date(), at_step=at_step)
    says: list[Say] = []
    edges: list[Edge] = []
    acts = 0
    while True:
        turn = advance(library, session, event, has_phone=has_phone())
        says += turn.says
        edges += turn.edges
        session = turn.session
        match turn.then:
            case Act() as act:
                acts += 1
                event = perform(act) if acts <= MOST_ACTS else Outcome(BUSY)
            case Wait() as wait:
                expects = _expected(library, session, wait, medium)
                return _reply(library, says, session, expects, edges, medium=medium)
            case Over():
                return _reply(library, says, session, None, edges, medium=medium)


def _reply(
    library: Library,
    says: list[Say],
    session: Session,
    expects: Expected | None,
    edges: list[Edge],
    *,
    medium: str,
) -> Reply:
    texts = tuple(library.words.render(say, medium) for say in says)
    return Reply(texts, one_message(texts, fold=medium == SMS), session, expects, tuple(edges))


def _expected(library: Library, session: Session, wait: Wait, medium: str) -> Expected:
    def label(dialogue: str, step: str, option: Option) -> str:
        return library.words.label(dialogue, step, option, language=session.language, medium=medium)

    if wait.expects is Expect.YES_NO:
        yes, no = ({"value": YES}, {"value": NO})
        buttons: tuple[Button, ...] = (
            Button(label("common", YES, yes), "ANO"),
            Button(label("common", NO, no), "NE"),
        )
    else:
        buttons = tuple(
            Button(label(session.dialogue, session.step, option) or str(number), str(number))
            for number, option in enumerate(wait.options, 1)
        )
    if wait.more:
        buttons += (Button(label("common", "more", {}), "DALŠÍ"),)
    if wait.none:
        buttons += (Button(label("common", "none", {}), "0"),)
    return Expected(wait.expects.value, session.at, wait.fields, buttons)
