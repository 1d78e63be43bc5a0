"""Asking again does not cost another SMS, and two machines that answer each other come to an end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from core.messages import SMS_CHANNEL, VOICE_CHANNEL, WEB_CHANNEL, Mo, MtState
from core.routing import DESK, LOOPBACK
from core.store.asking import Lately, Told
from core.store.work import Work

FRESH: Final = timedelta(seconds=60)  # what was handed over may be on its way for so long, and not yet read
LOOP_WITHIN: Final = timedelta(minutes=10)
LOOKED_AT: Final = (WEB_CHANNEL, VOICE_CHANNEL)  # somebody asks there each time, and no machine answers
MOST_ALIKE: Final = 5  # answers in the same words within that time; nobody needs a sixth


class Verdict(Enum):
    """What becomes of an answer."""

    SEND = auto()
    NOTHING_NEW = auto()  # the same words wait, or were just handed over to whoever asked the same
    LOOP = auto()  # keep it for the desk, and do not send it


class Asking:
    """What the addresses of some MOs were answered lately, the turns of these MOs included.

    True while the locks of the inbox's claim are held: only turns answer an address, one after another.
    """

    def __init__(self, work: Work, mos: Sequence[Mo], *, now: datetime) -> None:
        self._now = now
        self._book = work.asking
        self._lately = self._book.lately({mo.address for mo in mos}, since=now - LOOP_WITHIN, now=now)

    def is_repeat(self, mo: Mo) -> bool:
        """The same MO as before, whose answer nobody can have read yet: it has had its effect.

        What was asked between them counts only where the answer left a question open: the last request is
        where she stands. Once it was handed over, the same text may answer another question (DALŠÍ, ANO).
        """
        lately, asked = self._of(mo), self._book.digest_of_mo(mo.text)
        is_last = asked == lately.last_asked
        return any(
            is_last or told.is_closing
            if told.is_waiting
            else is_last and told.is_closing and self._is_fresh(told, mo)
            for told in lately.told
            if told.asked == asked
        )

    def was_asked(self, mo: Mo) -> bool:
        """The same was answered lately."""
        asked = self._book.digest_of_mo(mo.text)
        return any(told.asked == asked for told in self._of(mo).told)

    def judge(self, mo: Mo, words: str, *, is_closing: bool) -> Verdict:
        """Decide on the answer that the turn of a MO has come to, and remember both."""
        lately = self._of(mo)
        asked, said = self._book.digest_of_mo(mo.text), self._book.digest_of_words(words)
        alike = [told for told in lately.told if told.words == said]
        verdict = self._verdict(mo, asked, alike) if words else Verdict.NOTHING_NEW
        told = lately.told
        if verdict is not Verdict.NOTHING_NEW:
            state = MtState.QUEUED if verdict is Verdict.SEND else MtState.BLOCKED
            told = (Told(said, asked, state, None, is_closing), *told)
        self._lately[mo.address] = replace(lately, last_asked=asked, told=told)
        return verdict

    def _verdict(self, mo: Mo, asked: bytes, alike: Sequence[Told]) -> Verdict:
        if any(told.is_waiting or (told.asked == asked and self._is_fresh(told, mo)) for told in alike):
            return Verdict.NOTHING_NEW
        blocked = [told for told in alike if told.state is MtState.BLOCKED]
        if len(alike) - len(blocked) < MOST_ALIKE or mo.address.channel in LOOKED_AT:
            return Verdict.SEND
        return Verdict.NOTHING_NEW if blocked else Verdict.LOOP

    def _of(self, mo: Mo) -> Lately:
        return self._lately.get(mo.address, Lately())

    def _is_fresh(self, told: Told, mo: Mo) -> bool:
        """Handed over to an operator just now; in a chat, the terminal and the browser it is read at once."""
        return (
            mo.address.channel == SMS_CHANNEL
            and mo.operator not in (LOOPBACK, DESK)
            and told.state in (MtState.SENT, MtState.DELIVERED)
            and told.settled_at is not None
            and self._now - told.settled_at < FRESH
        )
