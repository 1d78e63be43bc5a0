"""For whom this is: several people may register with one phone, and a dialogue is about one of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from conversations.events import Outcome
from conversations.verbs import VERBS
from core.store.registrations import QUEUED, Registration
from core.store.work import Work
from gateway.turns.pages import page_of
from gateway.turns.person import Person
from gateway.turns.standing import site_of

_DATED: Final = frozenset({"reserved"})
_TO_COME: Final = frozenset({"invited", *QUEUED}) | _DATED


class Whose:
    """The verbs of one turn; nobody is found but by the phone that she proved."""

    def __init__(self, work: Work, person: Person) -> None:
        self._work = work
        self._person = person

    def find_mine(self, said: Mapping[str, Any]) -> Outcome:
        """Those of her phone who wait, are invited or have dates."""
        return self._among(_TO_COME, said["page"], VERBS["find_mine"].most)

    def find_dated(self, said: Mapping[str, Any]) -> Outcome:
        """Those of her phone who have dates."""
        return self._among(_DATED, said["page"], VERBS["find_dated"].most)

    def _among(self, states: frozenset[str], page: object, most: int) -> Outcome:
        phone = self._person.phone
        mine = self._work.registrations.of_phone(phone) if phone else []
        to_choose = [each for each in mine if each.state in states]
        people = [
            {
                "value": str(each.registration_id),
                "name": told_apart(each, to_choose),
                "site": site_of(self._work, each)[0],
            }
            for each in to_choose
        ]
        match people:
            case []:
                return Outcome("none")
            case [one]:
                known = {"registration": one["value"], "name": one["name"], "site": one["site"]}
                return Outcome("one", known)
            case _:
                return Outcome("several", page_of(people, page, most))


def told_apart(mine: Registration, of: Sequence[Registration]) -> str:
    """A name as one asks for it among several people; with the year of birth where two have the same."""
    name = _name(mine)
    if sum(_name(each) == name for each in of) < 2:
        return name
    return f"{mine.birth_date.year} {name}"  # in front, where a long name is not cut


def _name(registration: Registration) -> str:
    return f"{registration.first_name} {registration.last_name}"
