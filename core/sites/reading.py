"""Reading the registry's open data ``prehled-ockovacich-mist`` and the list it grew from."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TypeAlias
from uuid import UUID, uuid5

from core.geography import Postcodes, is_in_country
from core.open_data import BadRow, Quarantined, Row, Source, Table, UnreadableFile, read_table
from core.sites.site import MOST_PEOPLE_A_DAY, Kind, Site

REGISTRY_COLUMNS = (
    "ockovaci_misto_id",
    "ockovaci_misto_nazev",
    "okres_nuts_kod",
    "operacni_status",
    "ockovaci_misto_adresa",
    "latitude",
    "longitude",
    "nrpzs_kod",
    "minimalni_kapacita",
    "bezbarierovy_pristup",
)
EARLY_COLUMNS = ("nazev", "service_id", "mesto", "kraj")

# Identifiers for the list of January 2021, which has none of its own; never change it.
EARLY_SITES = UUID("6f2b1f0e-6f0b-5a0c-9a43-0c5c2f4f2a21")


class PlacedBy(StrEnum):
    """What a site's point on the map comes from."""

    COORDINATES = "coordinates"
    POSTCODE = "PSČ"
    TOWN = "town"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class SitesRead:
    """What a file says, and ``silent``: the fields of Site it says nothing about.

    ``set_aside`` are the ids of quarantined rows, where readable: these sites are not gone. ``placed`` counts
    the sites by what their point comes from.
    """

    sites: tuple[Site, ...]
    quarantined: tuple[Quarantined, ...]
    silent: frozenset[str]
    set_aside: frozenset[UUID]
    placed: Mapping[PlacedBy, int]
    is_sampling: bool = False

    def concerned(self, known: Mapping[UUID, Site]) -> dict[UUID, Site]:
        """Those of the known sites that this registry keeps; that it does not name others means nothing."""
        return {i: site for i, site in known.items() if (site.kind is Kind.SAMPLING) == self.is_sampling}


Placed: TypeAlias = tuple[Site, PlacedBy]


def read_sites(source: Source, postcodes: Postcodes) -> SitesRead:
    """Read a file of either schema; PSČ, town and missing coordinates come from the address.

    A row that contradicts itself or the country is quarantined. A row that merely leaves something out
    (status, kind, coordinates that no address gives) is kept: the gate says what is missing.
    Raises UnreadableFile for a wrong encoding or missing columns.
    """
    table = read_table(source)
    if "service_id" in table.columns:
        table = _with(table, EARLY_COLUMNS)
        silent = {"kind", "is_active", "nrpzs_code", "capacity_per_day", "is_barrier_free", "opens_on"}
        return read_rows(table, partial(_early_site, postcodes=postcodes), silent, id_of=_early_id)
    table = _with(table, REGISTRY_COLUMNS)
    optional = {"kind": "ockovaci_misto_typ", "opens_on": "opens_on"}
    silent = {field for field, column in optional.items() if column not in table.columns}
    read = partial(_site, postcodes=postcodes, has_kind="kind" not in silent)
    return read_rows(table, read, silent, id_of=partial(uuid_in, column="ockovaci_misto_id"))


def _with(table: Table, required: tuple[str, ...]) -> Table:
    if missing := [c for c in required if c not in table.columns]:
        raise UnreadableFile(
            f"The header lacks {', '.join(missing)}. Is it the registry's prehled-ockovacich-mist? "
            f"The columns needed are {','.join(required)}"
        )
    return table


def read_rows(
    table: Table,
    read: Callable[[Row], Placed],
    silent: set[str],
    *,
    id_of: Callable[[Row], UUID],
    is_sampling: bool = False,
) -> SitesRead:
    """Read every row; the second of two with the same id is quarantined."""
    seen: dict[UUID, int] = {}

    def read_once(row: Row) -> Placed:
        site, by = read(row)
        if (before := seen.setdefault(site.site_id, row.line_number)) != row.line_number:
            raise BadRow(f"the same id as line {before}")
        return site, by

    placed, quarantined = table.sift(read_once)
    sites = tuple(site for site, _ in placed)
    ids = {i for q in quarantined if (i := _readable(id_of, Row(q.line_number, q.row))) is not None}
    return SitesRead(
        sites,
        tuple(quarantined),
        frozenset(silent),
        frozenset(ids) - {s.site_id for s in sites},
        Counter(by for _, by in placed),
        is_sampling,
    )


def _readable(id_of: Callable[[Row], UUID], row: Row) -> UUID | None:
    try:
        return id_of(row)
    except BadRow:
        return None


def _early_id(row: Row) -> UUID:
    """Derive an id; two sites of the real list share a place_id, and half of them have no slug."""
    return uuid5(EARLY_SITES, str(row.number("service_id")))


def _site(row: Row, *, postcodes: Postcodes, has_kind: bool) -> Placed:
    latitude, longitude = point(row)
    site = Site(
        site_id=uuid_in(row, "ockovaci_misto_id"),
        name=row.filled("ockovaci_misto_nazev"),
        district=district(row["okres_nuts_kod"], postcodes),
        address=row["ockovaci_misto_adresa"],
        city=None,
        psc=None,
        latitude=latitude,
        longitude=longitude,
        kind=_kind(row["ockovaci_misto_typ"]) if has_kind else Kind.OCM,
        is_active=flag(row, "operacni_status") if row["operacni_status"] else None,
        nrpzs_code=_nrpzs(row["nrpzs_kod"]),
        capacity_per_day=capacity(row, "minimalni_kapacita"),
        is_barrier_free=flag(row, "bezbarierovy_pristup"),
        opens_on=row.day("opens_on") if row["opens_on"] else None,
    )
    return located(site, postcodes)


def _early_site(row: Row, *, postcodes: Postcodes) -> Placed:
    town = postcodes.find_town(row.filled("mesto"), region=row["kraj"])
    site = Site(
        site_id=_early_id(row),
        name=row.filled("nazev"),
        district=town.district if town else None,
        address=row["mesto"],
        city=row["mesto"],
        psc=None,
        latitude=town.latitude if town else None,
        longitude=town.longitude if town else None,
        kind=Kind.OCM,
        is_active=True,  # the list names open sites only
        nrpzs_code=None,
        capacity_per_day=None,
        is_barrier_free=False,
    )
    return site, PlacedBy.TOWN if town else PlacedBy.NOTHING


def located(site: Site, postcodes: Postcodes) -> Placed:
    """Add town, PSČ and district from the address, and coordinates where the registry gives none."""
    psc = postcodes.psc_in(site.address)
    code = postcodes.find(psc) if psc else None
    town = postcodes.town_in(site.address, district=site.district or "")
    place = code or town
    has_point = site.latitude is not None
    by = PlacedBy.POSTCODE if code else PlacedBy.TOWN if town else PlacedBy.NOTHING
    found = replace(
        site,
        psc=psc,
        city=town.name if town else code.city if code else None,
        district=site.district or (place.district if place else None),
        latitude=site.latitude if has_point else place.latitude if place else None,
        longitude=site.longitude if has_point else place.longitude if place else None,
    )
    return found, PlacedBy.COORDINATES if has_point else by


def uuid_in(row: Row, column: str) -> UUID:
    try:
        return UUID(row.filled(column))
    except ValueError:
        raise BadRow(f"{column} {row[column]!r} is not a UUID") from None


def point(row: Row) -> tuple[float | None, float | None]:
    """Read coordinates; half a pair is none."""
    if not row["latitude"] or not row["longitude"]:
        return None, None
    try:
        latitude, longitude = (float(row[c].replace(",", ".")) for c in ("latitude", "longitude"))
    except ValueError:
        raise BadRow(f"coordinates {row['latitude']!r}, {row['longitude']!r} are not numbers") from None
    if is_in_country(latitude, longitude):
        return latitude, longitude
    swapped = " (they seem to be swapped)" if is_in_country(longitude, latitude) else ""
    raise BadRow(f"coordinates {latitude}, {longitude} are outside Czechia{swapped}")


def district(code: str, postcodes: Postcodes) -> str | None:
    if code and code not in postcodes.districts:
        raise BadRow(f"okres_nuts_kod {code!r} is not a Czech district")
    return code or None


def _kind(text: str) -> Kind | None:
    if not text:
        return None
    known = [kind for kind in Kind if kind is not Kind.SAMPLING]
    if text.upper() not in known:
        raise BadRow(f"ockovaci_misto_typ {text!r} is none of {', '.join(known)}")
    return Kind(text.upper())


def flag(row: Row, column: str) -> bool:
    if row[column] not in {"", "0", "1"}:
        raise BadRow(f"{column} {row[column]!r} is neither 1 nor 0")
    return row[column] == "1"


def _nrpzs(text: str) -> str | None:
    if not text.strip("0"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise BadRow(f"nrpzs_kod {text!r} is not a number of at most 11 digits")
    return text.zfill(11)


def capacity(row: Row, column: str) -> int | None:
    """Read people a day; the registry writes 0 for sites that have not stated it."""
    if not row[column]:
        return None
    people = row.number(column)
    if people > MOST_PEOPLE_A_DAY:
        raise BadRow(f"{column} {people} a day cannot be right (at most {MOST_PEOPLE_A_DAY})")
    return people or None
