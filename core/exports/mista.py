"""`prehled-ockovacich-mist`: the registry of sites, written as it is read (`core/sites/reading.py`)."""

from typing import Final

from core.exports.sheet import Cells, Sheet
from core.sites.site import Kind, Site

SHEET: Final = Sheet(
    "prehled-ockovacich-mist.csv",
    (
        "ockovaci_misto_id",
        "ockovaci_misto_nazev",
        "okres_nuts_kod",
        "operacni_status",
        "ockovaci_misto_adresa",
        "latitude",
        "longitude",
        "ockovaci_misto_typ",
        "nrpzs_kod",
        "minimalni_kapacita",
        "bezbarierovy_pristup",
    ),
    quoted=frozenset({"ockovaci_misto_nazev", "ockovaci_misto_adresa"}),
    line_end="\r\n",
)


def is_listed(site: Site) -> bool:
    """Sampling sites have a registry of their own."""
    return site.kind is not Kind.SAMPLING


def cells(site: Site) -> Cells:
    return (
        str(site.site_id),
        site.name,
        site.district or "",
        _flag(site.is_active),
        site.address,
        _degrees(site.latitude),
        _degrees(site.longitude),
        site.kind or "",
        (site.nrpzs_code or "").lstrip("0"),
        "" if site.capacity_per_day is None else str(site.capacity_per_day),
        _flag(site.is_barrier_free or None),
    )


def _flag(value: bool | None) -> str:
    """The registry leaves empty what does not hold."""
    return "" if value is None else str(int(value))


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.7f}"
