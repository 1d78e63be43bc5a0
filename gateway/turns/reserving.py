"""From PIN2 to both dates: the verbs of the reservation dialogue."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from conversations.verbs import BUSY, VERBS
from core.calendars import Pair
from core.calendars.calendar import PRAGUE
from core.messages import Address
from core.pins import Pin2, read_pin2
from core.store.registrations import Registration
from core.store.reservations import Lapsed, PairTaken, Picked, Reservation
from core.store.work import Work
from core.store.wrong_pins import MOST_WRONG
from core.world import World

Said: TypeAlias = Mapping[str, Any]

PROVING_DIGITS: Final = 4
MAY_BOOK: Final = ("waiting", "invited", "returned")
_PICKED: Final = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


class Reserving:
    """The verbs of one turn."""

    def __init__(self, work: Work, world: World, address: Address, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._address = address
        self._now = now

    # -- PIN2 ----------------------------------------------------------------------------------------------

    def enter_pin(self, said: Said) -> Outcome:
        if self._work.wrong_pins.is_blocked(self._address):
            return Outcome("blocked")
        reading = read_pin2(str(said["pin"] or ""))
        if not isinstance(reading, Pin2):
            return Outcome("mistyped")
        found = self._known(reading)
        if found is None:
            invited = [r.registration_id for r in self._mine() if r.state in ("invited", "returned")]
            return self._wrong(invited)
        if found.state not in MAY_BOOK:
            return self._spent(found)
        return self._opened(found) if found.phone == self._address.number else Outcome("prove")

    def _spent(self, registration: Registration) -> Outcome:
        dates = self._work.reservations.living_of(registration.registration_id)
        if registration.state == "blocked" or dates is None:
            return Outcome("blocked")
        return Outcome("used", {"site": self._site(registration)[0], **_dates(dates)})

    def prove_digits(self, said: Said) -> Outcome:
        if self._work.wrong_pins.is_blocked(self._address):
            return Outcome("blocked")
        reading = read_pin2(str(said["pin"] or ""))
        found = self._known(reading) if isinstance(reading, Pin2) else None
        if found is None:
            return self._wrong([])
        if found.state not in MAY_BOOK:
            return Outcome("blocked")
        digits = "".join(c for c in str(said["digits"] or "") if c in "0123456789")
        is_hers = len(digits) == PROVING_DIGITS and self._work.registrations.ends_with(
            found.registration_id, digits
        )
        return self._opened(found) if is_hers else self._wrong([found.registration_id])

    def _known(self, pin: Pin2) -> Registration | None:
        """The living registration that a PIN2 was given to."""
        invitation = self._work.invitations.find_by_pin(pin.digits)
        if invitation is None or invitation.state == "void":
            return None
        registration = self._work.registrations.get(invitation.registration_id)
        return None if registration is None or registration.ended_at else registration

    def _mine(self) -> list[Registration]:
        return self._work.registrations.of_phone(self._address.number)

    def _wrong(self, registration_ids: list[int]) -> Outcome:
        """Count a guess against the address and the registrations it may have been meant for."""
        here = self._work.wrong_pins.count(self._address, now=self._now)
        left = MOST_WRONG - max(here, self._work.registrations.count_wrong_pins(registration_ids))
        return Outcome("wrong", {"left": left}) if left > 0 else Outcome("blocked")

    def _opened(self, registration: Registration) -> Outcome:
        site, address = self._site(registration)
        return Outcome(
            "opened",
            {
                "registration": str(registration.registration_id),
                "site": site,
                "address": address,
                "name": registration.first_name,
            },
        )

    # -- Dates ---------------------------------------------------------------------------------------------

    def find_pairs(self, said: Said) -> Outcome:
        registration = self._registration(said)
        if registration is None:
            return Outcome(BUSY)
        if registration.state not in MAY_BOOK:
            return Outcome("none")
        # Who asks for other dates does not want those she holds.
        self._work.reservations.let_go(registration.registration_id)
        page = said["page"] if isinstance(said["page"], int) and said["page"] > 0 else 0
        day = date.fromisoformat(said["after"]) if said["after"] else None
        weekday = int(said["weekday"]) if said["weekday"] else None
        if (day or weekday) and (
            fitting := self._pairs(registration, page, day=day, weekday=None if day else weekday)
        ):
            return Outcome("found", fitting)
        nearest = self._pairs(registration, page, since=day) or self._pairs(registration, page)
        if nearest:
            return Outcome("none_then" if day or weekday else "found", nearest)
        self._work.registrations.send_back(registration.registration_id)
        return Outcome("none")

    def _pairs(self, registration: Registration, page: int, **which: Any) -> dict[str, Any]:
        """A page of pairs; after the last one comes the first again. Empty when there are none."""
        most = VERBS["find_pairs"].most
        pairs = self._work.reservations.offers(
            registration.site_id, self._world, now=self._now, at_most=(page + 1) * most + 1, **which
        )
        begin = page * most if page * most < len(pairs) else 0
        options = [_option(pair) for pair in pairs[begin : begin + most]]
        return {"options": options, "more": begin + most < len(pairs)} if options else {}

    def hold_pair(self, said: Said) -> Outcome:
        registration = self._registration(said)
        picked = _PICKED.fullmatch(str(said["picked"]))
        if registration is None or picked is None:
            return Outcome(BUSY)
        if registration.state not in MAY_BOOK:
            return Outcome("taken")
        first_id, second_id = int(picked[1]), int(picked[2]) if picked[2] else None
        match self._work.reservations.hold(
            registration.registration_id,
            Picked(first_id, second_id),
            site_id=registration.site_id,
            world=self._world,
            now=self._now,
        ):
            case PairTaken():
                return Outcome("taken")
            case Reservation() as held:
                return Outcome("held", {**_dates(held), "until": _iso(held.hold_until)})

    def confirm(self, said: Said) -> Outcome:
        registration = self._registration(said)
        if registration is None:
            return Outcome(BUSY)
        if registration.state not in (*MAY_BOOK, "reserved"):
            return Outcome("lapsed")
        registration_id = registration.registration_id
        match self._work.reservations.confirm(registration_id, world=self._world, now=self._now):
            case Lapsed():
                return Outcome("lapsed")
            case Reservation() as dates:
                self._work.registrations.reserve(registration_id, now=self._now)
                if invitation := self._work.invitations.open_of(registration_id):
                    self._work.invitations.use(invitation.invitation_id, now=self._now)
                site, address = self._site(registration)
                return Outcome("confirmed", {**_dates(dates), "site": site, "address": address})

    def let_go(self, said: Said) -> Outcome:
        registration = self._registration(said)
        if registration is None:
            return Outcome(BUSY)
        self._work.reservations.let_go(registration.registration_id)
        return Outcome("gone")

    def _registration(self, said: Said) -> Registration | None:
        named = str(said["registration"] or "")
        found = self._work.registrations.get(int(named)) if named.isdecimal() else None
        return None if found is None or found.ended_at else found

    def _site(self, registration: Registration) -> tuple[str, str]:
        site = self._work.sites.get(registration.site_id)
        return (site.name, site.address) if site else ("", "")


def _option(pair: Pair) -> dict[str, Any]:
    second = f"-{pair.second.slot_id}" if pair.second else ""
    return {
        "value": f"{pair.first.slot_id}{second}",
        "first": _iso(pair.first.begins_at),
        "second": _iso(pair.second.begins_at) if pair.second else None,
    }


def _dates(dates: Reservation) -> dict[str, str | None]:
    second = dates.second
    return {"first": _iso(dates.first.begins_at), "second": _iso(second.begins_at) if second else None}


def _iso(moment: datetime) -> str:
    return moment.astimezone(PRAGUE).isoformat(timespec="minutes")
