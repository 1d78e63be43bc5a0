"""Reading the registry of sampling sites, ``odberova_mista``: where people are tested."""

from functools import partial
from typing import Final

from core.geography import Postcodes
from core.open_data import Row, Source, read_table
from core.sites.reading import (
    Placed,
    SitesRead,
    capacity,
    district,
    flag,
    located,
    point,
    read_rows,
    read_sites,
    uuid_in,
)
from core.sites.site import Kind, Method, Site

ID: Final = "odberove_misto_id"
METHODS: Final = {
    Method.NASOPHARYNGEAL: "nasofaryngealni_odber",
    Method.OROPHARYNGEAL: "orofaryngealni_odber",
    Method.ANTIGEN: "antigenni_odber",
    Method.DRIVE_IN: "drive_in",
}
COLUMNS: Final = (
    ID,
    "odberove_misto_nazev",
    "okres_nuts_kod",
    "operacni_status",
    "odberove_misto_adresa",
    "latitude",
    "longitude",
    "testovaci_kapacita",
    *METHODS.values(),
)


def read_registry(source: Source, postcodes: Postcodes) -> SitesRead:
    """Read a file of either registry, recognised by its header. Raises UnreadableFile."""
    lines = source if isinstance(source, bytes | str) else list(source)
    if ID in read_table(lines).columns:
        return read_sampling_sites(lines, postcodes)
    return read_sites(lines, postcodes)


def read_sampling_sites(source: Source, postcodes: Postcodes) -> SitesRead:
    """Read sampling sites as `read_sites` does those of vaccination, with the methods of each.

    The registry names no opening day and does not say whether one gets in without steps.
    """
    return read_rows(
        read_table(source, *COLUMNS),
        partial(_site, postcodes=postcodes),
        {"nrpzs_code", "is_barrier_free", "opens_on"},
        id_of=partial(uuid_in, column=ID),
        is_sampling=True,
    )


def _site(row: Row, *, postcodes: Postcodes) -> Placed:
    latitude, longitude = point(row)
    site = Site(
        site_id=uuid_in(row, ID),
        name=row.filled("odberove_misto_nazev"),
        district=district(row["okres_nuts_kod"], postcodes),
        address=row["odberove_misto_adresa"],
        city=None,
        psc=None,
        latitude=latitude,
        longitude=longitude,
        kind=Kind.SAMPLING,
        is_active=flag(row, "operacni_status") if row["operacni_status"] else None,
        nrpzs_code=None,
        capacity_per_day=capacity(row, "testovaci_kapacita"),
        is_barrier_free=False,
        methods=frozenset(method for method, column in METHODS.items() if flag(row, column)),
    )
    return located(site, postcodes)
