"""Where people live and sites stand: PSČ, towns, distances."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import Protocol, TypeVar

from core.open_data import Source, fold, read_table

EARTH_RADIUS_KM = 6371.0088
# The country lies within; a little is added for rounding.
SOUTH, NORTH, WEST, EAST = 48.5, 51.1, 12.0, 18.9

_PSC_IN_TEXT = re.compile(r"(?<![\d/])([1-7]\d\d) ?(\d\d)(?![\d/])")
_SMALL_WORDS = {"nad", "pod", "u", "v", "ve", "na", "a", "při"}


@dataclass(frozen=True, slots=True)
class Postcode:
    """A PSČ with the point that stands for it; ``city`` is one of the municipalities it serves."""

    psc: str
    city: str
    district: str
    district_name: str
    region: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality with the middle of its postcodes."""

    name: str
    district: str
    region: str
    latitude: float
    longitude: float


class Located(Protocol):
    """Whatever may stand on a map; degrees WGS 84, or nothing known."""

    @property
    def latitude(self) -> float | None: ...
    @property
    def longitude(self) -> float | None: ...


L = TypeVar("L", bound=Located)


@dataclass(frozen=True, slots=True)
class Postcodes:
    """The table of PSČ, and the towns found in it."""

    by_psc: Mapping[str, Postcode]
    towns: Mapping[str, tuple[Town, ...]]
    districts: Mapping[str, str]
    """Names by LAU1 code."""

    def find(self, psc: str) -> Postcode | None:
        """Look a PSČ up, written 58601 or 586 01."""
        return self.by_psc.get("".join(psc.split()))

    def find_town(self, name: str, *, district: str = "", region: str = "") -> Town | None:
        """Look a town up by name, in any case and accents; an ambiguous name needs its district or region."""
        found = [
            t
            for t in self.towns.get(fold(name), ())
            if district in ("", t.district) and region_key(region) in ("", region_key(t.region))
        ]
        return found[0] if len(found) == 1 else None

    def psc_in(self, address: str) -> str | None:
        """Read the PSČ from an address; the last known one counts, house numbers come before it."""
        written = [a + b for a, b in _PSC_IN_TEXT.findall(address.replace("\xa0", " "))]
        return next((psc for psc in reversed(written) if psc in self.by_psc), None)

    def town_in(self, address: str, *, district: str = "") -> Town | None:
        """Read the town from an address such as "Horní 9, 750 02 Přerov I-Město"; the last known counts."""
        for part in reversed(re.split(r"[,;\n]", _PSC_IN_TEXT.sub(",", address.replace("\xa0", " ")))):
            words = re.sub(r"\bPSČ\b", " ", part).strip(" -")
            tries = [
                words,
                re.split(r" - | – |- ", words)[0],
                re.sub(r"\s+(čp\.?\s*)?\d.*$|\s+[IVX]+\b.*$", "", words),
            ]
            tail = re.sub(r"^.*\d\S*\s+", "", words)  # "Alšova 462 Neratovice"
            for name in (*tries, tail):
                if name and (town := self.find_town(name, district=district)):
                    return town
        return self._town_of(district)

    def _town_of(self, district: str) -> Town | None:
        """Give the town where the district is one: Praha, Brno-město."""
        name = self.districts.get(district, "")
        is_town = name == "Praha" or name.endswith("-město")
        return self.find_town(name.removesuffix("-město"), district=district) if is_town else None


def load_postcodes(table: Source, towns: Source = ()) -> Postcodes:
    """Load ``psc_geo.csv``, and ``towns.csv`` with towns whose PSČ are filed under a neighbour's name."""
    rows = read_table(table, "psc", "obec", "kod_obce", "okres_lau", "okres", "kraj", "lat", "lon").rows
    by_psc = {r["psc"]: _postcode(r.cells) for r in rows}
    together: dict[str, list[Postcode]] = defaultdict(list)
    for row in rows:
        together[row["kod_obce"]].append(by_psc[row["psc"]])
    known = [_town(codes) for codes in together.values()]
    regions = {code.district: code.region for code in by_psc.values()}
    filed = {(fold(t.name), t.district) for t in known}
    if towns != ():
        known += [
            Town(r["town"], r["district"], regions[r["district"]], float(r["lat"]), float(r["lon"]))
            for r in read_table(towns, "town", "district", "lat", "lon").rows
            if (fold(r["town"]), r["district"]) not in filed
        ]
    named: dict[str, list[Town]] = defaultdict(list)
    for town in known:
        named[fold(town.name)].append(town)
    return Postcodes(
        MappingProxyType(by_psc),
        MappingProxyType({name: tuple(same) for name, same in named.items()}),
        MappingProxyType({code.district: code.district_name for code in by_psc.values()}),
    )


def distance_km(a_latitude: float, a_longitude: float, b_latitude: float, b_longitude: float) -> float:
    """Measure along the great circle (haversine)."""
    phi_a, phi_b = math.radians(a_latitude), math.radians(b_latitude)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = math.radians(b_longitude - a_longitude) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def nearest(sites: Iterable[L], home: Postcode) -> list[tuple[L, float]]:
    """Order sites by distance from a PSČ, in km; those whose place is not known are left out."""
    far = [
        (site, distance_km(home.latitude, home.longitude, site.latitude, site.longitude))
        for site in sites
        if site.latitude is not None and site.longitude is not None
    ]
    return sorted(far, key=lambda pair: pair[1])


def is_in_country(latitude: float, longitude: float) -> bool:
    """Say whether a point can be in Czechia (its bounding box)."""
    return SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST


def nuts3(district: str | None) -> str:
    """The code of a district's region: CZ063 of CZ0632; empty where the district is not known."""
    return (district or "")[:5]


def region_names(postcodes: Postcodes) -> dict[str, str]:
    """The regions by their NUTS 3 code."""
    return {nuts3(code.district): code.region for code in postcodes.by_psc.values()}


def region_key(name: str) -> str:
    """Compare regions written "Vysočina" and "Kraj Vysočina", "Praha" and "Hlavní město Praha"."""
    return " ".join(w for w in fold(name).split() if w not in {"kraj", "hlavni", "mesto"})


def _postcode(cells: Mapping[str, str]) -> Postcode:
    return Postcode(
        psc=cells["psc"],
        city=_spelled(cells["obec"]),
        district=cells["okres_lau"],
        district_name=cells["okres"],
        region=cells["kraj"],
        latitude=float(cells["lat"]),
        longitude=float(cells["lon"]),
    )


def _town(codes: list[Postcode]) -> Town:
    return Town(
        codes[0].city,
        codes[0].district,
        codes[0].region,
        round(median(c.latitude for c in codes), 6),
        round(median(c.longitude for c in codes), 6),
    )


def _spelled(name: str) -> str:
    """Write ÚSTÍ NAD LABEM as Ústí nad Labem."""
    if not name.isupper():
        return name
    words = name.lower().split(" ")
    return " ".join(w if i and w in _SMALL_WORDS else w.title() for i, w in enumerate(words))
