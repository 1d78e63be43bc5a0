"""The turns of callers: taken like everybody's, through the inbox and the outbox, and at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from conversations.session import SESSION_LASTS, Session
from core.messages import VOICE_CHANNEL, Address, ClaimedMt, Expected, MtState, NewMo
from core.store.work import Store, Work
from gateway.turns.runner import TurnRunner

MOST_MTS: Final = 100  # far more than wait for one caller


@dataclass(frozen=True, slots=True)
class Answered:
    """What a caller is to hear; ``expects`` is None when nothing is asked."""

    text: str = field(repr=False)
    expects: Expected | None = field(repr=False)
    is_over: bool
    mts: tuple[ClaimedMt, ...] = field(repr=False)


class Turns:
    """Synchronous, and safe to use in any number of threads."""

    def __init__(self, store: Store, runner: TurnRunner, clock: Callable[[], datetime], *, by: str) -> None:
        """``by`` is who claims the MTs: this process."""
        self._store = store
        self._runner = runner
        self._clock = clock
        self._by = by

    def begin(self, address: Address) -> Session:
        """Where a caller stands; what waited for her to hear in an earlier call is dropped."""
        self.forget(address)
        with self._store.begin() as work:
            found = work.sessions.find([address]).get(address)
        if found is None:
            return Session.new()
        kept, updated_at = found
        session = Session.from_json(kept)
        return session if self._clock() - updated_at < SESSION_LASTS else session.over()

    def answer(
        self, address: Address, text: str, *, turn: str, at_step: str | None, heard: Sequence[ClaimedMt]
    ) -> Answered:
        """Keep what a caller answered, by an id of the turn, and bring what the dialogue says to it.

        ``heard`` is what she was answering.
        """
        mo = NewMo(address, VOICE_CHANNEL, text, self._clock(), turn, at_step)
        with self._store.begin() as work:
            work.inbox.add([mo])
            work.outbox.settle(heard, MtState.DELIVERED, now=mo.received_at)
        self._runner.run_address(address, self._clock())
        with self._store.begin() as work:
            mts = self._claim(work, address)
            kept = work.sessions.find([address]).get(address)
        return Answered(
            " ".join(mt.text for mt in mts),
            mts[-1].expects if mts else None,
            kept is None or not Session.from_json(kept[0]).is_open,
            tuple(mts),
        )

    def heard(self, mts: Sequence[ClaimedMt]) -> None:
        """The caller heard the last of it."""
        with self._store.begin() as work:
            work.outbox.settle(mts, MtState.DELIVERED, now=self._clock())

    def forget(self, address: Address, unheard: Sequence[ClaimedMt] = ()) -> None:
        """What was not heard is not said another time: the next call asks the open question again."""
        with self._store.begin() as work:
            waiting = self._claim(work, address)
            work.outbox.settle([*unheard, *waiting], MtState.EXPIRED, now=self._clock(), outcome="hung up")

    def recorded(self, address: Address, sound: str) -> int:
        """Note what a caller said after the tone; the number of the recording."""
        with self._store.begin() as work:
            return work.recordings.add(sound, address, now=self._clock())

    def call_back(self, phone: str, language: str) -> None:
        """Ask the desk to call, for a name that could not be recorded."""
        with self._store.begin() as work:
            work.call_backs.add(phone, language=language, reason="name", now=self._clock())

    def forget_proof(self, address: Address) -> None:
        """A call that goes on nowhere has proven no phone, whatever an earlier one from that number did."""
        with self._store.begin() as work:
            work.proven_phones.forget(address)

    def wrong_proof(self, address: Address) -> None:
        """Count one more answer that did not prove who calls."""
        with self._store.begin() as work:
            work.wrong_pins.count(address, now=self._clock())

    def is_blocked(self, address: Address) -> bool:
        """Too many wrong answers came from there."""
        with self._store.begin() as work:
            return work.wrong_pins.is_blocked(address)

    def _claim(self, work: Work, address: Address) -> list[ClaimedMt]:
        return work.outbox.claim(
            VOICE_CHANNEL, max_segments=MOST_MTS, by=self._by, now=self._clock(), address=address
        )
