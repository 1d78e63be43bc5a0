"""Letters by e-mail: the verbs of the dialogue about the address, and what other verbs say of a letter."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from conversations.events import Outcome
from core.email_address import is_email_address, mask_email
from core.mails import Mailbox, NoAddress, Purpose, Reached, Refused
from core.store.registrations import Registration
from core.store.work import Work
from core.world import World
from gateway.turns.person import Person

Said: TypeAlias = Mapping[str, Any]


class Mailing:
    """The verbs of one turn; nobody's address is changed but from the phone that she registered with."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def set_email(self, said: Said) -> Outcome:
        mine, address = self._mine(said), str(said["email"] or "").strip()
        if mine is None:
            return Outcome("none")
        if not is_email_address(address):
            return Outcome("not_an_address")
        self._work.mails.choose_address(mine.registration_id, address)
        masked = {"masked": mask_email(address)}
        if not self._world.has_mail:
            return Outcome("kept", masked)
        dates = self._work.rebooking.dates_of(mine.registration_id)
        if dates is None:
            return Outcome("set", masked)
        self._work.mails.announce(
            mine.registration_id, Purpose.CONFIRMED, reservation_id=dates.reservation_id, now=self._now
        )
        return Outcome("sent", masked)

    def remove_email(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome("none")
        self._work.mails.choose_address(mine.registration_id, None)
        return Outcome("removed")

    def _mine(self, said: Said) -> Registration | None:
        named, phone = str(said["registration"] or ""), self._person.phone
        theirs = self._work.registrations.of_phone(phone) if phone else []
        return next((each for each in theirs if str(each.registration_id) == named), None)


def announce(
    work: Work,
    world: World,
    registration_id: int,
    purpose: Purpose,
    *,
    reservation_id: int | None = None,
    now: datetime,
) -> dict[str, str | None]:
    """Queue a letter in this turn, where letters are sent, and give what the dialogue may say of it."""
    if not world.has_mail:
        return {"mail": "off", "masked": None}
    return told(work.mails.announce(registration_id, purpose, reservation_id=reservation_id, now=now))


def told(mailbox: Mailbox) -> dict[str, str | None]:
    """Where letters go, as ``mail`` and ``masked`` of `conversations.verbs`."""
    match mailbox:
        case NoAddress():
            return {"mail": "none", "masked": None}
        case Refused(address=address):
            return {"mail": "refused", "masked": mask_email(address)}
        case Reached(address=address):
            return {"mail": "sent", "masked": mask_email(address)}
