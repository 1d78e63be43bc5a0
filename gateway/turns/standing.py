"""Where people stand: the verb of the status dialogue, and what other verbs tell of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from conversations.events import Outcome
from core.calendars.calendar import PRAGUE
from core.email_address import mask_email
from core.services import VACCINATION
from core.store.registrations import QUEUED, Registration
from core.store.work import Work
from core.world import World
from gateway.turns.person import Person

LATELY: Final = timedelta(weeks=1)  # sites deliver and open their calendars week by week


class Standing:
    """The verb of one turn."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def my_status(self, said: Mapping[str, Any]) -> Outcome:
        """All living registrations of her phone, and what she ordered besides and has not been to yet."""
        phone = self._person.phone
        living = self._work.registrations.of_phone(phone) if phone else []
        living += self._work.orders.of_phone(phone) if phone else []
        registrations = [each for each in living if not self._is_over(each)]
        if not registrations:
            return Outcome("none")
        refused = self._work.mails.refused_of_phone(phone) if phone else None
        standing = self.of(registrations, said["language"])
        return Outcome(
            "found", {"registrations": standing, "refused": mask_email(refused) if refused else None}
        )

    def of(self, registrations: Iterable[Registration], language: str | None) -> list[dict[str, Any]]:
        """How each stands, as `conversations.verbs.STANDING` names it."""
        return [self._standing(each, language or "cs") for each in registrations]

    def _standing(self, mine: Registration, language: str) -> dict[str, Any]:
        invitation = self._work.invitations.open_of(mine.registration_id) if mine.state == "invited" else None
        until = invitation.expires_at if invitation else mine.blocked_until
        is_queued = mine.state in QUEUED
        return {
            "state": mine.state,
            "service": self._service(mine, language),
            "name": mine.first_name,
            "site": site_of(self._work, mine)[0],
            "registered_on": mine.registered_at.astimezone(PRAGUE).date().isoformat(),
            "place": place_of(self._work, mine),
            "of": self._work.registrations.queue_length(mine.site_id) if is_queued else None,
            "lately": self._work.registrations.invited_since(mine.site_id, self._now - LATELY)
            if is_queued
            else None,
            "until": iso(until) if until else None,
            "because": mine.blocked_because.words if mine.blocked_because else None,
            **dates_of(self._work, mine),
        }

    def _is_over(self, mine: Registration) -> bool:
        dates = (
            None if mine.service == VACCINATION else self._work.reservations.living_of(mine.registration_id)
        )
        return dates is not None and dates.first.begins_at < self._now

    def _service(self, mine: Registration, language: str) -> str | None:
        """What an order is of; None for vaccination."""
        if mine.service == VACCINATION:
            return None
        service = self._world.services.get(mine.service)
        return service.label(language) if service else mine.service


def site_of(work: Work, registration: Registration) -> tuple[str, str]:
    """The name and the address of the site somebody registered at."""
    site = work.sites.get(registration.site_id)
    return (site.name, site.address) if site else ("", "")


def place_of(work: Work, registration: Registration) -> int | None:
    """The place in the queue, from 1; None for who does not stand in it."""
    return work.registrations.place(registration) if registration.state in QUEUED else None


def dates_of(work: Work, registration: Registration) -> dict[str, str | None]:
    """The dates somebody has, as ``first`` and ``second``; null where there are none."""
    has_dates = registration.state in ("reserved", "done")
    dates = work.reservations.living_of(registration.registration_id) if has_dates else None
    return {
        "first": iso(dates.first.begins_at) if dates else None,
        "second": iso(dates.second.begins_at) if dates and dates.second else None,
    }


def iso(moment: datetime) -> str:
    """A moment as words are made of it: in Prague."""
    return moment.astimezone(PRAGUE).isoformat(timespec="minutes")
