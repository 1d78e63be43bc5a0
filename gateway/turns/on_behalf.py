"""Going on for somebody: the desk says what she would, at the question where she is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from conversations.library import Library
from conversations.session import Session
from conversations.whereabouts import Whereabouts, whereabouts
from core.messages import Address, MtState, NewMo
from core.routing import DESK
from core.store.desk_view import DeskView, SaidMessage
from core.store.on_behalf import NO_DIALOGUE, note_taken_over, say_on_behalf
from core.store.work import Store
from gateway.turns.runner import TurnRunner

MOST_SHOWN: Final = 8
MOST_SEGMENTS: Final = 1_000  # nothing paces what no operator carries


@dataclass(frozen=True, slots=True)
class Seen:
    """Where she is, and what was said last."""

    where: Whereabouts
    said: tuple[SaidMessage, ...] = field(repr=False)


class OnBehalf:
    """One address, and who of the desk goes on for it. Synchronous; the caller may write at the same time."""

    def __init__(
        self,
        store: Store,
        library: Library,
        runner: TurnRunner,
        address: Address,
        *,
        by: str,
        road: str = DESK,
    ) -> None:
        """Answers go by ``road``: the desk's own, or the operator that brings them to the caller."""
        self._store = store
        self._library = library
        self._runner = runner
        self._address = address
        self._by = by
        self._road = road

    def take(self, now: datetime) -> Seen:
        """Look at where she is, and have it noted who did."""
        where = self._where(now)
        with self._store.begin() as work:
            said = DeskView(work.db, work.vault).said(self._address, MOST_SHOWN)
            note_taken_over(work, self._address, _named(where.session), by=self._by, now=now)
        return Seen(where, tuple(said))

    def say(self, text: str, seen: Whereabouts, *, operator_id: str, now: datetime) -> Seen:
        """Say something at the question that was seen, and return what came of it.

        Where she has answered that question herself meanwhile, it is not taken for an answer to another.
        """
        session = seen.session
        mo = NewMo(self._address, self._road, text, now, operator_id, session.at if session.is_open else None)
        with self._store.begin() as work:
            mo_id = say_on_behalf(work, mo, where=_named(session), by=self._by)
        self._runner.run_address(self._address, now)
        where = self._where(now)  # before the words: whoever reads them has read at least the open question
        with self._store.begin() as work:
            said = DeskView(work.db, work.vault).said_since(self._address, mo_id)
            if self._road == DESK:
                ours = work.outbox.claim(
                    DESK, max_segments=MOST_SEGMENTS, by=self._by, now=now, address=self._address
                )
                work.outbox.settle(ours, MtState.DELIVERED, now=now)
        return Seen(where, tuple(said))

    def _where(self, now: datetime) -> Whereabouts:
        with self._store.begin() as work:
            kept = work.sessions.find([self._address]).get(self._address)
        return Whereabouts(Session.new()) if kept is None else whereabouts(self._library, *kept, now=now)


def _named(session: Session) -> str:
    return f"{session.dialogue}.{session.step}" if session.is_open else NO_DIALOGUE
