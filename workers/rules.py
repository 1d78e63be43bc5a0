"""One policy gives way to another: tell everybody whom it concerns, each exactly once."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from conversations.events import Say
from conversations.library import Library
from conversations.words import RULES, one_message
from core.invitations import Policy
from core.messages import Lane, NewMt
from core.routing import OperatorChoice
from core.rule_changes import (
    NothingToHear,
    OldPinIsDead,
    PinStays,
    PinUntil,
    PinWillExpire,
    Purpose,
    Word,
    purpose_of,
    word_for,
)
from core.sending_hours import SendingHours
from core.store.anew import anew
from core.store.rule_changes import Concerned, RuleChange
from core.store.work import OUTBOX_CHANNEL, Store, Work
from workers.notices import operators_of, written

AT_ONCE: Final = 1_000  # people in one transaction


@dataclass(frozen=True, slots=True)
class Met:
    """People of one site who stand alike hear the same; None: nothing."""

    site_id: UUID
    site: str
    state: str
    purpose: Purpose | None


class SomebodyElseIsAtIt(Exception):
    """The rules are being changed by another process right now."""


class RuleChanging:
    """A change from one policy to another, as it would be and as it is made."""

    def __init__(
        self,
        store: Store,
        library: Library,
        operators: Sequence[OperatorChoice],
        hours: SendingHours,
        *,
        old: Policy,
        new: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._library = library
        self._operators = operators
        self._hours = hours
        self._old = old
        self._new = new
        self._clock = clock

    def survey(self) -> Iterator[Counter[Met]]:
        """Count who would hear what, some people at a time; changes nothing."""
        after = 0
        while True:
            with self._store.begin() as work:
                people = work.rule_changes.look(self._new.name, after=after, at_most=AT_ONCE)
            if not people:
                return
            yield Counter(_met(who, word) for who, word in self._words(people))
            after = people[-1].registration_id

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from changing rules meanwhile; raises SomebodyElseIsAtIt."""
        with self._store.begin() as guard:
            if not guard.rule_changes.is_ours():
                raise SomebodyElseIsAtIt
            yield

    def begin(self, *, approved_by: str) -> RuleChange:
        """The change that is not finished yet, or a new one."""
        with self._store.begin() as work:
            last = work.rule_changes.last()
            if last is not None and last.finished_at is None:
                return last
            now = self._clock()
            change_id = work.rule_changes.begin(
                self._old.name, self._new.name, approved_by=approved_by, now=now
            )
            work.audit.note(approved_by, f"rules change {change_id} begun", now=now)
            return RuleChange(change_id, self._old.name, self._new.name, now, approved_by, None)

    def tell(self, change: RuleChange) -> Iterator[Counter[Met]]:
        """Tell everybody who was not told yet, some people in one transaction, and finish the change."""
        after = 0
        while True:
            people, told = anew(partial(self._tell_next, change, after))
            if not people:
                break
            yield told
            after = people[-1].registration_id
        with self._store.begin() as work:
            now = self._clock()
            if work.rule_changes.finish(change.change_id, now=now):
                work.audit.note(change.approved_by, f"rules change {change.change_id} finished", now=now)

    def _tell_next(self, change: RuleChange, after: int) -> tuple[Sequence[Concerned], Counter[Met]]:
        with self._store.begin() as work:
            people = work.rule_changes.take(change, after=after, at_most=AT_ONCE)
            return people, self._tell(work, change, people)

    def sample(self, purpose: Purpose, language: str, *, name: str, site: str) -> str:
        """The words of a purpose, to somebody invented."""
        words: dict[Purpose, Word] = {
            Purpose.PIN_UNTIL: PinUntil(self._readable_at() + (self._new.validity or timedelta())),
            Purpose.PIN_STAYS: PinStays(),
            Purpose.PIN_WILL_EXPIRE: PinWillExpire(self._new.validity or timedelta()),
            Purpose.OLD_PIN_IS_DEAD: OldPinIsDead(),
        }
        say = self._say(purpose, words[purpose], language, name=name, site=site)
        return one_message((self._library.words.render(say),), fold=True)

    def _readable_at(self) -> datetime:
        return self._hours.next_opening(Lane.NOTICE, self._clock())

    def _words(self, people: Sequence[Concerned]) -> list[tuple[Concerned, Word]]:
        readable_at = self._readable_at()
        return [
            (who, word_for(who.standing, old=self._old, new=self._new, readable_at=readable_at))
            for who in people
        ]

    def _tell(self, work: Work, change: RuleChange, people: Sequence[Concerned]) -> Counter[Met]:
        words = self._words(people)
        gone = self._set_expiries(work, words)
        spoken = [
            (who, word, purpose)
            for who, word in words
            if (purpose := purpose_of(word)) and who.registration_id not in gone
        ]
        fresh = work.rule_changes.note(
            change.change_id, [(who.registration_id, purpose) for who, _, purpose in spoken]
        )
        operator_of = operators_of(work, [who.address for who, _, _ in spoken], self._operators)
        messages = [
            self._message(who, word, purpose, operator=operator_of(who.address))
            for who, word, purpose in spoken
            if who.registration_id in fresh
        ]
        work.outbox.add(messages)
        if messages:
            work.wake(OUTBOX_CHANNEL)
        return Counter(_met(who, word) for who, word in words if who.registration_id not in gone)

    def _set_expiries(self, work: Work, words: Sequence[tuple[Concerned, Word]]) -> set[int]:
        """Let PINs hold as their owners will be told; gives those whose PIN was used or ran out meanwhile."""
        owners: dict[datetime | None, dict[int, int]] = {}
        for who, word in words:
            if (pin := who.standing.pin) is not None and isinstance(word, PinUntil | PinStays):
                until = word.expires_at if isinstance(word, PinUntil) else None
                owners.setdefault(until, {})[pin.invitation_id] = who.registration_id
        gone: set[int] = set()
        for until, by_invitation in owners.items():
            open_still = work.rule_changes.expire_at(by_invitation, until)
            gone |= {
                owner for invitation_id, owner in by_invitation.items() if invitation_id not in open_still
            }
        return gone

    def _message(self, who: Concerned, word: Word, purpose: Purpose, *, operator: str) -> NewMt:
        say = self._say(purpose, word, who.language, name=who.name, site=who.site)
        text, segments = written(lambda medium: self._library.words.render(say, medium), who.address)
        return NewMt(
            address=who.address,
            operator=operator,
            lane=Lane.NOTICE,
            purpose=RULES,
            text=text,
            segments=segments,
            created_at=self._clock(),
            registration_id=who.registration_id,
            valid_until=word.expires_at if isinstance(word, PinUntil) else None,
        )

    def _say(self, purpose: Purpose, word: Word, language: str, *, name: str, site: str) -> Say:
        return Say(RULES, purpose.value, language, {"name": name, "site": site, **_told(word)})


def _told(word: Word) -> dict[str, Any]:
    match word:
        case PinUntil(expires_at=expires_at):
            return {"until": expires_at}
        case PinWillExpire(validity=validity):
            return {"hours": round(validity / timedelta(hours=1))}
        case PinStays() | OldPinIsDead() | NothingToHear():
            return {}


def _met(who: Concerned, word: Word) -> Met:
    return Met(who.site_id, who.site, who.standing.state, purpose_of(word))
