"""Whether somebody belongs to a group: nobody gets ahead of others by their word alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from conversations.events import Outcome
from core.codes import Code, read_code
from core.programme import Group, Proof
from core.store import codes
from core.store.work import Work
from core.world import World
from gateway.turns.person import Person


@dataclass(frozen=True, slots=True)
class Belongs:
    """She does; ``code_id`` is the code that shows it, if one does."""

    code_id: int | None = None


@dataclass(frozen=True, slots=True)
class NotShown:
    """She may belong to it, and has not shown it."""


@dataclass(frozen=True, slots=True)
class RegisterIsAsked:
    """A register will say, after the turn: asking takes longer than a turn may."""


Showing: TypeAlias = Belongs | NotShown | RegisterIsAsked


class Belonging:
    """What shows it, in one turn; a code is used up by whoever shows it."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._programme = world.programme
        self._has_nrzp = world.has_nrzp
        self._person = person
        self._now = now

    def needs_code(self, group: Group, number: str) -> bool:
        """Say whether a code has to be asked for: not if she has used one of the group already."""
        return group.proof is Proof.CODE and self._earlier_code(group, number) is None

    def show(self, group: Group, number: str, typed: str) -> Showing:
        """Let a person into a group, using her code up."""
        match group.proof:
            case Proof.NONE:
                return Belongs()
            case Proof.CODE:
                return self._by_code(group, number, typed)
            case Proof.NRZP:
                return RegisterIsAsked() if self._has_nrzp else NotShown()

    def check_code(self, group: Group, number: str, typed: str, language: str) -> Outcome:
        """What would become of a code, told before everything else is asked; a guess is counted."""
        phone = self._person.phone
        if phone is None or self._work.codes.is_blocked(phone, now=self._now):
            return Outcome("blocked")
        reading = read_code(typed)
        if not isinstance(reading, Code):
            return Outcome("mistyped")
        found = self._work.codes.look(reading.digits, group.key, number=number)
        match found:
            case codes.Good() | codes.Used() | codes.Revoked():
                return Outcome(type(found).__name__.lower())
            case codes.Unknown():
                left = self._work.codes.count_wrong(phone, now=self._now)
                return Outcome("wrong", {"left": left}) if left else Outcome("blocked")
            case codes.OtherGroup(group_key=key):
                other = self._programme.group(key)
                return Outcome("other_group", {"label": other.label(language) if other else ""})

    def _by_code(self, group: Group, number: str, typed: str) -> Showing:
        phone = self._person.phone
        reading = read_code(typed)
        if not isinstance(reading, Code):
            earlier = self._earlier_code(group, number)
            return NotShown() if earlier is None else Belongs(earlier)
        if phone is None or self._work.codes.is_blocked(phone, now=self._now):
            return NotShown()
        match self._work.codes.take(reading.digits, group.key, number=number, now=self._now):
            case codes.Taken(code_id=code_id):
                return Belongs(code_id)
            case codes.Unknown():
                self._work.codes.count_wrong(phone, now=self._now)
                return NotShown()
            case codes.Used() | codes.Revoked() | codes.OtherGroup():
                return NotShown()

    def _earlier_code(self, group: Group, number: str) -> int | None:
        """The code of her living registration, told to nobody but the phone that it was made with.

        To others it would say what the person of a number does, or suffers from.
        """
        earlier = self._work.registrations.living(number)
        if earlier is None or earlier.phone != self._person.phone:
            return None
        return self._work.codes.of_registration(earlier.registration_id, group.key)
