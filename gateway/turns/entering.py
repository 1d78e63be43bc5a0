"""From PIN2 to the person it was given to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from core.pins import Pin2, read_pin2
from core.store.invitations import Invitation
from core.store.registrations import Registration
from core.store.work import Work
from core.store.wrong_pins import MOST_WRONG
from gateway.turns.late_pins import OLD_SYSTEM, Fate, fate
from gateway.turns.person import Person
from gateway.turns.standing import dates_of, place_of, site_of

Said: TypeAlias = Mapping[str, Any]

PROVING_DIGITS: Final = 4


class Entering:
    """The verbs of one turn."""

    def __init__(self, work: Work, person: Person, *, now: datetime) -> None:
        self._work = work
        self._person = person
        self._now = now

    def enter_pin(self, said: Said) -> Outcome:
        if self._work.wrong_pins.is_blocked(self._person.address):
            return Outcome("blocked")
        typed = str(said["pin"] or "")
        reading = read_pin2(typed)
        if not isinstance(reading, Pin2):
            return self._of_old_system(typed) or Outcome("mistyped")
        known = self._known(reading)
        if known is None:
            phone = self._person.phone
            mine = self._work.registrations.of_phone(phone) if phone else []
            invited = [r.registration_id for r in mine if r.state in ("invited", "returned")]
            return self._of_old_system(reading.digits) or self._wrong(invited)
        registration, invitation = known
        if late := self._late(registration, invitation.state):
            return late
        is_hers = registration.phone == self._person.phone
        return self._opened(registration, invitation) if is_hers else Outcome("prove")

    def prove_digits(self, said: Said) -> Outcome:
        if self._work.wrong_pins.is_blocked(self._person.address):
            return Outcome("blocked")
        reading = read_pin2(str(said["pin"] or ""))
        known = self._known(reading) if isinstance(reading, Pin2) else None
        if known is None:
            return self._wrong([])
        registration, invitation = known
        if self._late(registration, invitation.state):
            return Outcome("stale")
        digits = "".join(c for c in str(said["digits"] or "") if c in "0123456789")
        is_hers = len(digits) == PROVING_DIGITS and self._work.registrations.ends_with(
            registration.registration_id, digits
        )
        return (
            self._opened(registration, invitation) if is_hers else self._wrong([registration.registration_id])
        )

    def _known(self, pin: Pin2) -> tuple[Registration, Invitation] | None:
        """Whom a PIN2 was given to, whatever has become of either."""
        invitation = self._work.invitations.find_by_pin(pin.digits)
        registration = invitation and self._work.registrations.get(invitation.registration_id)
        return (registration, invitation) if registration and invitation else None

    def _of_old_system(self, typed: str) -> Outcome | None:
        """The truth about a PIN of the old system, which need not look like ours; None if it is none."""
        digits = "".join(c for c in typed if c in "0123456789")
        registration_id = self._work.dead_pins.owner(digits)
        registration = registration_id and self._work.registrations.get(registration_id)
        return self._late(registration, OLD_SYSTEM) if registration else None

    def _late(self, registration: Registration, invitation: str) -> Outcome | None:
        """What to say of a PIN that is good no more; None while it is."""
        is_open = invitation == "open"
        has_other = not is_open and self._work.invitations.open_of(registration.registration_id) is not None
        match fate(registration, invitation, has_open_one=has_other):
            case Fate.GOOD:
                return None
            case Fate.USED:
                site, _ = site_of(self._work, registration)
                return Outcome("used", {"site": site, **dates_of(self._work, registration)})
            case Fate.RAN_OUT | Fate.OLD_SYSTEM as known:
                site, _ = site_of(self._work, registration)
                return Outcome(known, {"site": site, "place": place_of(self._work, registration)})
            case known:
                return Outcome(known)

    def _wrong(self, registration_ids: list[int]) -> Outcome:
        """Count a guess against the address and the registrations it may have been meant for."""
        here = self._work.wrong_pins.count(self._person.address, now=self._now)
        left = MOST_WRONG - max(here, self._work.registrations.count_wrong_pins(registration_ids))
        return Outcome("wrong", {"left": left}) if left > 0 else Outcome("blocked")

    def _opened(self, registration: Registration, invitation: Invitation) -> Outcome:
        self._work.invitations.note_answer(invitation.invitation_id, now=self._now)
        site, address = site_of(self._work, registration)
        return Outcome(
            "opened",
            {
                "registration": str(registration.registration_id),
                "site": site,
                "address": address,
                "name": registration.first_name,
            },
        )
