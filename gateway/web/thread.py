"""A conversation as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conversations.session import DEFAULT_LANGUAGE
from core.messages import Address, Button, Expected, MtState
from core.store.threads import Mark, Said
from core.store.work import Store, Work

MOST_SHOWN = 100
MOST_TAKEN = 1_000  # at once; nothing paces what no operator carries


@dataclass(frozen=True, slots=True)
class Shown:
    """A message, and what the button said that was pressed to write it."""

    said: Said
    label: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said, and what may be answered now."""

    shown: Sequence[Shown] = ()
    is_waiting: bool = False  # an MO has no answer yet
    open_question: Expected | None = None
    language: str = DEFAULT_LANGUAGE

    @property
    def buttons(self) -> Sequence[Button]:
        return self.open_question.buttons if self.open_question else ()

    @property
    def answers_for(self) -> str:
        """Another word when other answers are offered."""
        if self.is_waiting or not self.shown:
            return ""
        return str(max((each.said.number for each in self.shown if not each.said.is_mo), default=0))


def look(store: Store, address: Address, *, by: str, now: datetime) -> Mark:
    """How far a conversation has come, what waits to be handed over included: it is handed over now."""
    with store.begin() as work:
        mark = work.threads.mark(address)
        if not mark.queued:
            return mark
        claimed = work.outbox.claim(address.channel, max_segments=MOST_TAKEN, by=by, now=now, address=address)
        work.outbox.settle(claimed, MtState.DELIVERED, now=now)
        return work.threads.mark(address)


def read(work: Work, address: Address, mark: Mark) -> Thread:
    """The conversation with its open question."""
    said = work.threads.last(address, MOST_SHOWN)
    session, _ = work.sessions.find([address]).get(address, ({}, None))
    # A notice in between takes no question away.
    answer = next((each for each in reversed(said) if each.is_answer), None)
    return Thread(
        tuple(Shown(each, _label(each, said)) for each in said),
        is_waiting=mark.unanswered > 0,
        open_question=answer.expects if answer else None,
        language=session.get("language", DEFAULT_LANGUAGE),
    )


def _label(mo: Said, said: Sequence[Said]) -> str | None:
    if mo.at_step is None:
        return None
    questions = (each.expects for each in said if each.expects and each.expects.at == mo.at_step)
    labels = (button.label for asked in questions for button in asked.buttons if button.reply == mo.text)
    return next(labels, None)
