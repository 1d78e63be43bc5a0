"""Takes turns: MOs in, answers into the outbox, one transaction for as many addresses as wait."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

import structlog

from conversations.converse import converse
from conversations.library import Library
from conversations.media import SMS, medium_of
from conversations.session import DEFAULT_LANGUAGE, Session
from conversations.session import SESSION_LASTS as SESSION_LASTS  # noqa: PLC0414 - for callers, too
from conversations.words import one_message
from core.messages import Address, Mo
from core.routing import OperatorChoice
from core.store.step_counts import Way
from core.store.work import Store, Work
from core.world import World
from gateway.turns.answering import Answers
from gateway.turns.backlog import Backlog
from gateway.turns.desk import Desk
from gateway.turns.proving import Post
from gateway.turns.tally import Tally

log = structlog.get_logger()

MOST_FAILURES = 3  # then the person is told, and the MO is left for the desk


class TurnRunner:
    """Synchronous and safe to run in any number of threads and processes at once."""

    def __init__(
        self,
        store: Store,
        library: Library,
        world: World,
        *,
        backlog: Backlog | None = None,
        operators: Callable[[], Sequence[OperatorChoice]] = tuple,
        batch: int = 100,
        random: Random | None = None,
    ) -> None:
        """Without a `backlog` nobody waits, and nothing is said of it; `operators` as they are now.

        PINs are made of `random`, or of what the system has.
        """
        self._store = store
        self._library = library
        self._world = world
        self._backlog = backlog or Backlog({})
        self._operators = operators
        self._batch = batch
        self._random = random or secrets.SystemRandom()
        self._tally = Tally()

    def run_batch(self, now: datetime) -> int:
        """Answer the MOs that have waited longest, and return how many were answered.

        All in one transaction; when that fails, address by address, so that one bad turn harms no other.
        """
        mos: list[Mo] = []
        try:
            with self._store.begin() as work:
                mos = work.inbox.claim(self._batch)
                ways = self._answer(work, mos, now)
        except Exception as error:  # noqa: BLE001  any turn may fail in any way; each is tried again alone
            log.warning("turns.batch_failed", size=len(mos), error=type(error).__name__)
            return sum(self.run_address(address, now) for address in dict.fromkeys(mo.address for mo in mos))
        self._tally.add(ways)
        return len(mos)

    def run_address(self, address: Address, now: datetime) -> int:
        """Answer all waiting MOs of one address, each in its own transaction.

        One that fails is tried again, and given up with an apology when it fails too often.
        """
        answered = 0
        while self._run_next(address, now):
            answered += 1
        return answered

    def _run_next(self, address: Address, now: datetime) -> bool:
        mos: list[Mo] = []
        try:
            with self._store.begin() as work:
                mos = work.inbox.claim_address(address)[:1]
                ways = self._answer(work, mos, now)
        except Exception as error:  # a bug in one turn must not stop the others
            if not mos:
                raise
            log.exception("turns.failed", mo_id=mos[0].mo_id, error=type(error).__name__)
            self._count_failure(mos[0], now)
        else:
            self._tally.add(ways)
        return bool(mos)

    def write_counts(self) -> None:
        """Write down which ways the people of the committed turns went; to be done now and then."""
        self._tally.write(self._store)

    def _count_failure(self, mo: Mo, now: datetime) -> None:
        with self._store.begin() as work:
            work.inbox.claim_address(mo.address)  # nobody else answers it meanwhile
            if work.inbox.count_failure(mo.mo_id) < MOST_FAILURES:
                return
            medium = medium_of(mo.address.channel)
            apology = self._library.words.render_notice(
                "failed", DEFAULT_LANGUAGE, medium, hotline=self._world.hotline
            )
            text = one_message((apology,), fold=medium == SMS)
            answers = self._answers(work, [mo], now)
            answers.add(mo, text, language=DEFAULT_LANGUAGE, is_closing=False)
            answers.queue()
            work.inbox.settle([mo.mo_id], now=now)

    def _answer(self, work: Work, mos: Sequence[Mo], now: datetime) -> list[Way]:
        """Take the turns of the MOs, and return which ways they went."""
        ways: list[Way] = []
        if not mos:
            return ways
        addresses = list(dict.fromkeys(mo.address for mo in mos))
        sessions = {
            address: Session.resume(kept, moved_at, now=now)
            for address, (kept, moved_at) in work.sessions.find(addresses).items()
        }
        answers = self._answers(work, mos, now)
        post = Post(self._library.words, self._operators(), self._backlog, self._random)
        for mo in mos:
            session = sessions.get(mo.address) or Session.new()
            if answers.asking.is_repeat(mo):
                continue
            desk = Desk(work, self._world, mo.address, post, now=now)
            medium = medium_of(mo.address.channel)
            reply = converse(
                self._library,
                session,
                mo.text,
                now=now,
                perform=desk.perform,
                medium=medium,
                at_step=mo.at_step,
                has_phone=desk.has_phone,
            )
            sessions[mo.address] = reply.session
            ways += (Way(edge.dialogue, edge.version, medium, edge.step, edge.target) for edge in reply.edges)
            answers.add(
                mo,
                reply.text,
                language=reply.session.language,
                is_closing=not reply.session.is_open,
                expects=reply.expects,
            )
        work.sessions.keep({address: session.to_json() for address, session in sessions.items()}, now=now)
        answers.queue()
        work.inbox.settle([mo.mo_id for mo in mos], now=now)
        return ways

    def _answers(self, work: Work, mos: Sequence[Mo], now: datetime) -> Answers:
        return Answers(
            work,
            mos,
            words=self._library.words,
            backlog=self._backlog,
            operators=self._operators(),
            now=now,
        )
