"""`ockovani-rezervace`: places of each site, day and round, all and free; nothing about people.

Source: the ministry's open data "Přehled rezervačních kapacit očkovacích míst".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from core.calendars.calendar import Round
from core.exports.sheet import Cells, Sheet
from core.geography import nuts3

SHEET: Final = Sheet(
    "ockovani-rezervace.csv",
    (
        "datum",
        "ockovaci_misto_id",
        "ockovaci_misto_nazev",
        "kraj_nuts_kod",
        "kraj_nazev",
        "volna_kapacita",
        "maximalni_kapacita",
        "kalendar_ockovani",
    ),
)


@dataclass(frozen=True, slots=True)
class PlacesOfDay:
    """The places of all calendars of a round at a site on a local day."""

    day: date
    site_id: UUID
    site: str
    district: str | None
    round: Round
    free: int
    most: int


def cells(places: PlacesOfDay, regions: Mapping[str, str]) -> Cells:
    region = nuts3(places.district)
    return (
        places.day.isoformat(),
        str(places.site_id),
        places.site,
        region,
        regions.get(region, ""),
        str(places.free),
        str(places.most),
        places.round.value,
    )
