"""From who may book to both dates: the verbs of the reservation dialogue after PIN2."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from conversations.verbs import BUSY, VERBS
from core.calendars import Pair
from core.mails import Purpose
from core.store.registrations import Registration
from core.store.reservation_rows import Picked, Reservation
from core.store.reservations import Lapsed, PairTaken
from core.store.work import Work
from core.world import World
from gateway.turns.mailing import announce, told
from gateway.turns.standing import iso, site_of

Said: TypeAlias = Mapping[str, Any]

MAY_BOOK: Final = ("waiting", "invited", "returned")
_PICKED: Final = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


class Reserving:
    """The verbs of one turn."""

    def __init__(self, work: Work, world: World, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._now = now

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
                return Outcome("held", {**_dates(held), "until": iso(held.hold_until)})

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
                is_new = self._work.registrations.reserve(registration_id, now=self._now)
                if invitation := self._work.invitations.open_of(registration_id):
                    self._work.invitations.use(invitation.invitation_id, now=self._now)
                site, address = site_of(self._work, registration)
                mail = self._mail(dates, is_new=is_new)
                return Outcome("confirmed", {**_dates(dates), "site": site, "address": address, **mail})

    def _mail(self, dates: Reservation, *, is_new: bool) -> dict[str, str | None]:
        """The letter with the dates, once; who confirms them again is told where it went."""
        if self._world.has_mail and not is_new:
            return told(self._work.mails.mailbox(dates.registration_id))
        return announce(
            self._work,
            self._world,
            dates.registration_id,
            Purpose.CONFIRMED,
            reservation_id=dates.reservation_id,
            now=self._now,
        )

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


def _option(pair: Pair) -> dict[str, Any]:
    second = f"-{pair.second.slot_id}" if pair.second else ""
    return {
        "value": f"{pair.first.slot_id}{second}",
        "first": iso(pair.first.begins_at),
        "second": iso(pair.second.begins_at) if pair.second else None,
    }


def _dates(dates: Reservation) -> dict[str, str | None]:
    second = dates.second
    return {"first": iso(dates.first.begins_at), "second": iso(second.begins_at) if second else None}
