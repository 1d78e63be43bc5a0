"""From who may book to both dates: the verbs of the reservation dialogue after PIN2."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from conversations.verbs import BUSY, VERBS
from core.calendars import Pair
from core.mails import Purpose
from core.products import Products
from core.services import VACCINATION
from core.states import ORDER
from core.store.registrations import Registration
from core.store.reservation_rows import Picked, Reservation
from core.store.reservations import Lapsed, PairTaken
from core.store.work import Work
from core.world import World
from gateway.turns.mailing import announce, told
from gateway.turns.standing import iso, site_of

Said: TypeAlias = Mapping[str, Any]

Offers: TypeAlias = Callable[..., list[dict[str, Any]]]
"""Gives at most so many options, soonest first: on a ``day``, ``since`` one, or on a ``weekday``."""

MAY_BOOK: Final = ("waiting", "invited", "returned", ORDER.begins_as)
NO_MAIL: Final = {"mail": "off", "masked": None}
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
        found = pairs_asked_for(self._work, self._view(registration), registration, said, now=self._now)
        if found.name == "none":
            self._work.registrations.send_back(registration.registration_id)
        return found

    def hold_pair(self, said: Said) -> Outcome:
        registration = self._registration(said)
        picked = pair_of(said["picked"])
        if registration is None or picked is None:
            return Outcome(BUSY)
        if registration.state not in MAY_BOOK:
            return Outcome("taken")
        match self._work.reservations.hold(
            registration.registration_id,
            picked,
            site_id=registration.site_id,
            world=self._view(registration),
            now=self._now,
        ):
            case PairTaken():
                return Outcome("taken")
            case Reservation() as held:
                return Outcome("held", {**both(held), "until": iso(held.hold_until)})

    def confirm(self, said: Said) -> Outcome:
        registration = self._registration(said)
        if registration is None:
            return Outcome(BUSY)
        if registration.state not in (*MAY_BOOK, "reserved"):
            return Outcome("lapsed")
        registration_id = registration.registration_id
        match self._work.reservations.confirm(registration_id, world=self._view(registration), now=self._now):
            case Lapsed():
                return Outcome("lapsed")
            case Reservation() as dates:
                is_new = self._book(registration)
                if invitation := self._work.invitations.open_of(registration_id):
                    self._work.invitations.use(invitation.invitation_id, now=self._now)
                site, address = site_of(self._work, registration)
                is_order = registration.service != VACCINATION  # letters are written of doses only
                mail = NO_MAIL if is_order else self._mail(dates, is_new=is_new)
                return Outcome("confirmed", {**both(dates), "site": site, "address": address, **mail})

    def _book(self, registration: Registration) -> bool:
        is_order = registration.service != VACCINATION
        book = self._work.orders.book if is_order else self._work.registrations.reserve
        return book(registration.registration_id, now=self._now)

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

    def _view(self, registration: Registration) -> World:
        """The world with her service in view; a service that is no longer configured has no slots."""
        return self._world.seen_by(registration.service) or replace(self._world, products=Products({}))

    def _registration(self, said: Said) -> Registration | None:
        named = str(said["registration"] or "")
        found = self._work.registrations.get(int(named)) if named.isdecimal() else None
        return None if found is None or found.ended_at else found


def pairs_asked_for(
    work: Work,
    world: World,
    registration: Registration,
    said: Said,
    *,
    now: datetime,
    instead_of: Reservation | None = None,
) -> Outcome:
    """A page of the pairs of dates that somebody asked for, or of those nearest to them."""

    def pairs(at_most: int, **which: Any) -> list[dict[str, Any]]:
        offered = work.reservations.offers(
            registration.site_id, world, now=now, at_most=at_most, instead_of=instead_of, **which
        )
        return [_option(pair) for pair in offered]

    return dates_asked_for(pairs, said, most=VERBS["find_pairs"].most)


def dates_asked_for(offers: Offers, said: Said, *, most: int) -> Outcome:
    """A page of what is offered on the day or weekday that was asked for, else of the nearest."""
    page = said["page"] if isinstance(said["page"], int) and said["page"] > 0 else 0
    day = date.fromisoformat(said["after"]) if said["after"] else None
    weekday = int(said["weekday"]) if said["weekday"] else None

    def on(**which: Any) -> dict[str, Any]:
        """After the last page comes the first again; empty when there is nothing."""
        found = offers((page + 1) * most + 1, **which)
        begin = page * most if page * most < len(found) else 0
        options = found[begin : begin + most]
        return {"options": options, "more": begin + most < len(found)} if options else {}

    if (day or weekday) and (fitting := on(day=day, weekday=None if day else weekday)):
        return Outcome("found", fitting)
    if nearest := on(since=day) or on():
        return Outcome("none_then" if day or weekday else "found", nearest)
    return Outcome("none")


def pair_of(picked: object) -> Picked | None:
    """The pair that an option stands for."""
    ids = _PICKED.fullmatch(str(picked))
    return Picked(int(ids[1]), int(ids[2]) if ids[2] else None) if ids else None


def _option(pair: Pair) -> dict[str, Any]:
    second = f"-{pair.second.slot_id}" if pair.second else ""
    return {
        "value": f"{pair.first.slot_id}{second}",
        "first": iso(pair.first.begins_at),
        "second": iso(pair.second.begins_at) if pair.second else None,
    }


def both(dates: Reservation) -> dict[str, str | None]:
    """Its dates as words are made of them."""
    second = dates.second
    return {"first": iso(dates.first.begins_at), "second": iso(second.begins_at) if second else None}
