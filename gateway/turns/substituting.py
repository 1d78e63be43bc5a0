"""Leftover doses of the day: who can come within the hour, and who was first to say yes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from conversations.verbs import BUSY
from core.mails import Purpose
from core.states import REGISTRATION, Registering
from core.store.registrations import Registration
from core.store.substitute_rounds import Gone, MayNotBook, Taken
from core.store.work import Work
from core.world import World
from gateway.turns.mailing import announce
from gateway.turns.person import Person
from gateway.turns.reserving import both
from gateway.turns.standing import iso, site_of

Said: TypeAlias = Mapping[str, Any]

JOINED: Final = "became a substitute"
LEFT: Final = "is a substitute no more"
TAKEN: Final = "leftover dose taken"


class Substituting:
    """The verbs of one turn; nobody answers but from the phone that she registered with."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def find_offer(self, said: Said) -> Outcome:
        """What her phone was asked; with ``idle`` she has said yes or no to it already."""
        phone, idle = self._person.phone, said["idle"]
        offer = self._work.substitute_rounds.offer_to(phone, now=self._now) if phone else None
        if offer is None:
            return Outcome("stray" if idle else "none")
        hers = {"registration": str(offer.registration_id)}
        if idle:
            return Outcome(idle, hers)
        if not offer.is_open:
            return Outcome("none")
        return Outcome("open", {**hers, "site": offer.site, "first": iso(offer.come_by)})

    def take_offer(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome(BUSY)
        registration_id = mine.registration_id
        match self._work.substitute_rounds.take(registration_id, world=self._world, now=self._now):
            case Gone():
                return Outcome("late")
            case MayNotBook():
                return Outcome("has_dates")
            case Taken(dates=dates, owes_second=owes_second):
                self._work.registrations.reserve(registration_id, now=self._now)
                self._work.invitations.void_of(registration_id, now=self._now)
                self._work.substitutes.leave(registration_id, now=self._now)
                self._note(TAKEN, mine)
                announce(
                    self._work,
                    self._world,
                    registration_id,
                    Purpose.CONFIRMED,
                    reservation_id=dates.reservation_id,
                    now=self._now,
                )
                site, address = site_of(self._work, mine)
                known = {**both(dates), "site": site, "address": address}
                return Outcome("second_later" if owes_second else "both" if dates.second else "single", known)

    def decline_offer(self, said: Said) -> Outcome:
        if mine := self._mine(said):
            self._work.substitute_rounds.decline(mine.registration_id, now=self._now)
        return Outcome("declined")

    def see_substitute(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome(BUSY)
        site = {"site": site_of(self._work, mine)[0]}
        if mine.state not in REGISTRATION.before(Registering.BOOKED):
            return Outcome("has_dates")
        if self._work.substitutes.is_one(mine.registration_id):
            return Outcome("is_one", site)
        if self._work.substitutes.day_of(mine.site_id) is None:
            return Outcome("not_here", site)
        return Outcome("may_join", site)

    def join_substitutes(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome(BUSY)
        if self._work.substitutes.join(mine.registration_id, now=self._now):
            self._note(JOINED, mine)
        return Outcome("joined", {"site": site_of(self._work, mine)[0]})

    def leave_substitutes(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine and self._work.substitutes.leave(mine.registration_id, now=self._now):
            self._note(LEFT, mine)
        return Outcome("left")

    def _note(self, what: str, mine: Registration) -> None:
        who = f"{self._person.address.channel} dialogue"
        self._work.audit.note(who, what, registration_id=mine.registration_id, now=self._now)

    def _mine(self, said: Said) -> Registration | None:
        return self._person.registration(said["registration"])
