"""The gate: a site is offered only when every precondition is green."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import Enum

from core.calendars.lint import Lint
from core.geography import is_in_country
from core.sites.pauses import Pause
from core.sites.site import MOST_PEOPLE_A_DAY, Kind, Method, Site

PUBLIC = frozenset({Kind.OCM, Kind.VOCM, Kind.DOCM, Kind.UNIVERSITY})
"""Whom vaccination is for, where nothing else is said."""


class Missing(Enum):
    """What a closed gate waits for, in words for the console."""

    ACTIVE = "the registry says that it is not active, or nothing (operacni_status)"
    PUBLIC = "it is not meant for this public, or the registry does not say for whom (ockovaci_misto_typ)"
    METHOD = "it does not take such samples (nasofaryngealni_odber, orofaryngealni_odber, antigenni_odber)"
    OPENING_DAY = "its opening day has not come"
    PAUSED = "it pauses (crs sites reopen)"
    PLACE = "nobody knows where it is: no coordinates, and no address that gives them"
    CAPACITY = "its capacity per day cannot be right (minimalni_kapacita)"
    CALENDAR = "it has no calendar of first doses"
    PRODUCT = "a calendar is for a vaccine we do not know"
    LINK = "a calendar of first doses is not properly linked to one of second doses"
    PAIR = "no first date has a second date within the vaccine's interval"


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdict on one site; ``missing`` is in the order in which to put things right."""

    missing: tuple[Missing, ...]
    pause: Pause | None = None
    """In force today."""

    @property
    def is_open(self) -> bool:
        return not self.missing

    def words(self) -> str:
        """Say in one line what is missing, or that nothing is."""
        return "; ".join(map(self._in_words, self.missing)) or "open"

    def _in_words(self, missing: Missing) -> str:
        if missing is Missing.PAUSED and self.pause is not None:
            return self.pause.words()
        return missing.value


def gate(
    site: Site,
    lint: Lint,
    *,
    today: date,
    pause: Pause | None = None,
    kinds: Collection[Kind] = PUBLIC,
    methods: Collection[Method] = (),
) -> Gate:
    """Judge whether a site may be offered today, for a service at sites of these kinds and any such method.

    ``pause`` is the one in force.

    Places already taken do not close the gate: people may still register and wait.
    """
    capacity = site.capacity_per_day
    is_sound = lint.has_first_round and not lint.has_unknown_product and not lint.has_broken_link
    met = {
        Missing.ACTIVE: site.is_active is True,
        Missing.PUBLIC: site.kind in kinds,
        Missing.METHOD: not methods or not site.methods.isdisjoint(methods),
        Missing.OPENING_DAY: site.opens_on is None or site.opens_on <= today,
        Missing.PAUSED: pause is None,
        Missing.PLACE: _has_place(site),
        Missing.CAPACITY: capacity is None or 0 < capacity <= MOST_PEOPLE_A_DAY,
        Missing.CALENDAR: lint.has_first_round,
        Missing.PRODUCT: not lint.has_unknown_product,
        Missing.LINK: not lint.has_broken_link,
        Missing.PAIR: lint.can_serve or not is_sound,
    }
    return Gate(tuple(precondition for precondition, is_met in met.items() if not is_met), pause)


def _has_place(site: Site) -> bool:
    latitude, longitude = site.latitude, site.longitude
    return latitude is not None and longitude is not None and is_in_country(latitude, longitude)
