"""The answers that a batch of turns comes to, written to the outbox unless they are nothing new."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from conversations.engine import COMMON
from conversations.events import Say
from conversations.media import SMS, medium_of
from conversations.media.gsm import fold, segments
from conversations.words import Words
from core.messages import Expected, Lane, Mo, MtState, NewMt
from core.routing import OperatorChoice, stand_in
from core.store.asking import CLOSING
from core.store.work import OUTBOX_CHANNEL, Work
from gateway.turns.asking import Asking, Verdict
from gateway.turns.backlog import Backlog, told_wait, with_room_for

log = structlog.get_logger()

WAIT_BLOCKS: Final = ("wait", "wait_short")  # the first that has room


class Answers:
    """The answers of one transaction."""

    def __init__(
        self,
        work: Work,
        mos: Sequence[Mo],
        *,
        words: Words,
        backlog: Backlog,
        operators: Sequence[OperatorChoice] = (),
        now: datetime,
    ) -> None:
        self.asking = Asking(work, mos, now=now)
        self._work = work
        self._words = words
        self._backlog = backlog
        self._operators = operators
        self._now = now
        self._mts: list[NewMt] = []

    def add(
        self, mo: Mo, text: str, *, language: str, is_closing: bool, expects: Expected | None = None
    ) -> None:
        """Take the answer to a MO; an empty one is none, a closing one ends its dialogue."""
        spare = int(self.asking.was_asked(mo))  # who asks again is told of the wait, if it costs a segment
        match self.asking.judge(mo, text, is_closing=is_closing):
            case Verdict.SEND:
                told = self._with_wait(mo, text, language, spare)
                mt = self._mt(mo, text, told, is_closing=is_closing, expects=expects)
                self._backlog.add(mt)
                self._mts.append(mt)
            case Verdict.LOOP:
                log.warning("turns.loop", mo_id=mo.mo_id)
                self._mts.append(self._mt(mo, text, text, state=MtState.BLOCKED))
            case Verdict.NOTHING_NEW:
                pass

    def queue(self) -> None:
        """Write them, and wake the senders."""
        self._work.outbox.add(self._mts)
        self._work.wake(OUTBOX_CHANNEL)

    def _with_wait(self, mo: Mo, text: str, language: str, spare: int) -> str:
        if not _is_sms(mo):
            return text
        wait = told_wait(self._backlog.wait(self._work, self._road(mo), now=self._now))
        if not wait:
            return text
        says = (Say(COMMON, block, language, wait) for block in WAIT_BLOCKS)
        return with_room_for(text, (fold(self._words.render(say)) for say in says), spare=spare)

    def _road(self, mo: Mo) -> str:
        """An answer goes back the road that its MO came, unless nobody is bound there now."""
        if all(operator.is_up for operator in self._operators if operator.name == mo.operator):
            return mo.operator
        known = self._work.routes.find([mo.address.number])
        return stand_in(mo.address.number, self._operators, known, down=mo.operator) or mo.operator

    def _mt(
        self,
        mo: Mo,
        words: str,
        text: str,
        *,
        is_closing: bool = False,
        state: MtState = MtState.QUEUED,
        expects: Expected | None = None,
    ) -> NewMt:
        """An answer is known by its words without the wait; what it expects is for buttons and keys."""
        return NewMt(
            address=mo.address,
            operator=self._road(mo),
            lane=Lane.ANSWER,
            purpose=CLOSING if is_closing else "answer",
            text=text,
            segments=segments(text) if _is_sms(mo) else 1,
            created_at=self._now,
            mo_id=mo.mo_id,
            text_digest=self._work.asking.digest_of_words(words),
            state=state,
            expects=None if _is_sms(mo) else expects,
        )


def _is_sms(mo: Mo) -> bool:
    return medium_of(mo.address.channel) == SMS
