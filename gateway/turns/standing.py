"""Where people stand: the verb of the status dialogue."""

from collections.abc import Mapping
from typing import Any

from conversations.events import Outcome
from core.calendars.calendar import PRAGUE
from core.messages import Address
from core.store.registrations import QUEUED, Registration
from core.store.work import Work


class Standing:
    """The verb of one turn."""

    def __init__(self, work: Work, address: Address) -> None:
        self._work = work
        self._address = address

    def my_status(self, _: Mapping[str, Any]) -> Outcome:
        """All living registrations that this address is told about."""
        registrations = self._work.registrations.of_phone(self._address.number)
        if not registrations:
            return Outcome("none")
        return Outcome("found", {"registrations": [self._standing(each) for each in registrations]})

    def _standing(self, mine: Registration) -> dict[str, Any]:
        book = self._work.registrations
        site = self._work.sites.get(mine.site_id)
        is_queued = mine.state in QUEUED
        has_dates = mine.state in ("reserved", "done")
        dates = self._work.reservations.living_of(mine.registration_id) if has_dates else None
        return {
            "state": mine.state,
            "name": mine.first_name,
            "site": site.name if site else "",
            "registered_on": mine.registered_at.astimezone(PRAGUE).date().isoformat(),
            "place": book.place(mine) if is_queued else None,
            "of": book.queue_length(mine.site_id) if is_queued else None,
            "first": dates.first.begins_at.isoformat() if dates else None,
            "second": dates.second.begins_at.isoformat() if dates and dates.second else None,
        }
