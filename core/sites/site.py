"""A place where people are vaccinated or tested."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """Whom the site is for, in the registry's abbreviations."""

    OCM = "OČM"
    VOCM = "VOČM"
    DOCM = "DOČM"
    SELF_PAYERS = "SMPL"
    ARMY = "AČR"
    UNIVERSITY = "UNI"
    SAMPLING = "ODBĚR"  # of the other registry, that of sampling sites, which knows no kinds


class Method(StrEnum):
    """How a sampling site takes samples."""

    NASOPHARYNGEAL = "naso"
    OROPHARYNGEAL = "oro"
    ANTIGEN = "antigen"
    DRIVE_IN = "drive_in"


# The registry's largest site of 2021 stated 7 000; 157 470 was a typing error.
MOST_PEOPLE_A_DAY = 20_000


@dataclass(frozen=True, slots=True)
class Site:
    """A site as the registry describes it; None where the registry does not say."""

    site_id: UUID
    name: str
    district: str | None
    """LAU1 code, such as CZ0632."""
    address: str
    city: str | None
    psc: str | None
    latitude: float | None
    longitude: float | None
    kind: Kind | None
    is_active: bool | None
    nrpzs_code: str | None
    """Eleven digits."""
    capacity_per_day: int | None
    """People; the registry's minimum, where it states one above 0."""
    is_barrier_free: bool
    opens_on: date | None = None
    """None: open as soon as everything else is in order."""
    methods: frozenset[Method] = frozenset()
    """Of a sampling site."""
