"""What is known for the country and for a place: the verbs of the information dialogue."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from conversations.events import Outcome
from core.calendars.calendar import PRAGUE
from core.information import Text
from core.store.todays_numbers import todays_numbers
from core.store.work import Work
from core.world import World
from gateway.turns.person import Person


class Informing:
    """The verbs of one turn."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def read_information(self, said: Mapping[str, Any]) -> Outcome:
        """The country's text and numbers; ``at_home`` where her PSČ is known already."""
        language = said["language"] or "cs"
        numbers = todays_numbers(self._work.db, now=self._now)
        told = {
            **_words(self._world.information.national(self._today), language),
            "people_registered": numbers.registrations,
            "people_waiting": numbers.waiting,
            "people_reserved": numbers.reservations,
            "doses": numbers.doses,
        }
        phone = self._person.phone
        psc = said["psc"] or (self._work.registrations.home_of(phone) if phone else None)
        return Outcome("at_home", {**told, "psc": psc}) if psc else Outcome("national", told)

    def local_information(self, said: Mapping[str, Any]) -> Outcome:
        """The nearest text that holds for a PSČ today."""
        home = self._world.postcodes.find(str(said["psc"] or ""))
        if home is None:
            return Outcome("unknown_psc")
        where = {"where": home.district_name}
        texts = self._world.information.local(home, self._today)
        if not texts:
            return Outcome("nothing", where)
        return Outcome("found", {**_words(texts[0], said["language"] or "cs"), **where})

    @property
    def _today(self) -> date:
        return self._now.astimezone(PRAGUE).date()


def _words(text: Text | None, language: str) -> dict[str, str]:
    """As they are read and heard; empty where no text holds."""
    return {
        "text": text.said(language) if text else "",
        "heard": text.spoken(language) if text else "",
    }
