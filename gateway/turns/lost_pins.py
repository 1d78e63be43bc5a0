"""A lost PIN2: the same PIN again, to the phone that it was sent to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from conversations.events import Outcome
from conversations.verbs import MOST_PINS
from core.blocking import Reason
from core.store.open_pins import OpenPin
from core.store.work import Work
from core.world import World
from gateway.turns.person import Person
from gateway.turns.standing import Standing, iso

TOLD_AGAIN: Final = "PIN2 told again"
MOST_TOLD: Final = 2
"""Of one PIN in a day: once may be deleted by mistake, more often somebody only costs capacity."""
DAY: Final = timedelta(days=1)


class LostPins:
    """The verb of one turn."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def tell_pin_again(self, _: Mapping[str, Any]) -> Outcome:
        """The PINs of all open invitations of this phone; the answer goes to it and nowhere else."""
        phone = self._person.phone
        mine = self._work.registrations.of_phone(phone) if phone else []
        if phone is None or not mine:
            return Outcome("none")
        open_ones = self._work.open_pins.of_phone(phone)
        is_blocked = any(registration.blocked_because is Reason.WRONG_PINS for registration in mine)
        is_here_blocked = self._work.wrong_pins.is_blocked(self._person.address)
        if (is_blocked and not open_ones) or (open_ones and is_here_blocked):
            return Outcome("blocked")
        # An SMS that has not left brings the PIN itself, or is taken back with it.
        sent = [each for each in open_ones if not each.on_its_way]
        if not sent:
            standing = Standing(self._work, self._world, self._person, now=self._now)
            return Outcome("not_invited", {"registrations": standing.of(mine, None)})
        # Whoever was told least comes first, so that asking again reaches everybody of a large house.
        to_tell = sorted(sent, key=self._times_told)
        told = [each for each in to_tell[:MOST_PINS] if self._may_be_told(each)]
        if not told:
            return Outcome("too_often")
        pins = [{"name": each.name, "pin": each.pin} for each in told]
        until = min((each.expires_at for each in told if each.expires_at), default=None)
        others = len(to_tell[MOST_PINS:])
        return Outcome("told", {"pins": pins, "others": others, "until": iso(until) if until else None})

    def _times_told(self, hers: OpenPin) -> int:
        return self._work.audit.count(TOLD_AGAIN, registration_id=hers.registration_id, since=self._now - DAY)

    def _may_be_told(self, hers: OpenPin) -> bool:
        return self._work.audit.note_at_most(
            MOST_TOLD,
            f"{self._person.address.channel} dialogue",
            TOLD_AGAIN,
            registration_id=hers.registration_id,
            since=self._now - DAY,
            now=self._now,
        )
