"""`ockovani-registrace`: one row per registration for vaccination, and nobody to be told apart in it.

Source: the ministry's open data "Přehled registrací podle očkovacích míst ČR" (columns, states of the gate,
reasons of a block). What we do not know, such as the country somebody is from, is empty.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from types import MappingProxyType
from typing import Final
from uuid import UUID

from core.blocking import Reason, reason_now
from core.exports.anonymity import Crowd, Many, Step, Tally
from core.exports.sheet import Cells, Sheet
from core.geography import nuts3
from core.programme import Programme

SHEET: Final = Sheet(
    "ockovani-registrace.csv",
    (
        "datum",
        "ockovaci_misto_id",
        "ockovaci_misto_nazev",
        "kraj_nuts_kod",
        "kraj_nazev",
        "vekova_skupina",
        "povolani",
        "stat",
        "rezervace",
        "datum_rezervace",
        "zavora_status",
        "prioritni_skupina",
        "zablokovano",
        "duvod_blokace",
    ),
)

YOUNGEST: Final = (0, 12, 16, 18, *range(25, 81, 5))
"""The age groups of the ministry's data, by the youngest in each."""

BY_AGE: Final = "Na základě dosaženého věku"
_BLOCKED: Final = "zablokován"
_GATE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waiting": "před závorou",
        "invited": "za závorou",
        "returned": "vrácen před závoru",
        "reserved": _BLOCKED,
        "done": _BLOCKED,
        "blocked": _BLOCKED,
    }
)
STATES: Final = tuple(_GATE)
REASONS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.REPLACED: "Vytvoření novější registrace",
        Reason.HAS_DATES_ALREADY: "Existence předchozí registrace s rezervací",
        Reason.WRONG_PINS: "5x špatně zadané PIN2",
        Reason.RESERVED: "Již existuje rezervace",
        Reason.UNANSWERED: "Vyřazení ze hry",
        Reason.NOT_IDENTIFIED: "Registrace nebyla ztotožněna",
        Reason.VACCINATED: "Ztotožněn, ale již vakcinován",
        Reason.ON_REQUEST: "Na žádost",
        Reason.POSITIVE_PCR: "Nalezení pozitivního PCR testu na COVID-19",
        # Of our own: groups that a register proves.
        Reason.UNPROVEN: "Příslušnost ke skupině dosud neověřena",
        Reason.NOT_IN_GROUP: "Příslušnost ke skupině nepotvrzena",
    }
)


def _step(told: str, *columns: str) -> Step:
    return Step(told, frozenset(map(SHEET.columns.index, columns)))


WHOLE: Final = "whole"
AT_SITE: Final = (
    Step(WHOLE),
    _step("without the day of the reservation", "datum_rezervace"),
    _step("and the group", "datum_rezervace", "povolani", "prioritni_skupina"),
    _step("and the day", "datum_rezervace", "povolani", "prioritni_skupina", "datum"),
    _step("and the age", "datum_rezervace", "povolani", "prioritni_skupina", "datum", "vekova_skupina"),
    _step(
        "and the reason of a block",
        *("datum_rezervace", "povolani", "prioritni_skupina", "datum", "vekova_skupina", "duvod_blokace"),
    ),
)
"""What a row loses, one after the other, until enough others are like it."""
IN_REGION: Final = (_step("and the site", "ockovaci_misto_id", "ockovaci_misto_nazev"),)
IN_COUNTRY: Final = (
    _step("and the region", "kraj_nuts_kod", "kraj_nazev"),
    Step("everything", frozenset(range(len(SHEET.columns)))),
)
STEPS: Final = (*AT_SITE, *IN_REGION, *IN_COUNTRY)


@dataclass(frozen=True, slots=True)
class Alike:
    """So many registrations with the same facts, of those that a row tells."""

    site_id: UUID
    site: str
    district: str | None
    registered_on: date
    youngest: int
    """Of the age group."""
    group_key: str
    state: str
    blocked_because: str | None
    reserved_on: date | None
    count: int


def born_by(on: date, years: int) -> date:
    """The last day of birth of those who are so many full years old on that day."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:  # 29 February, in a year that has none
        return date(on.year - years, 2, 28)


def age_group(youngest: int) -> str:
    """Name an age group as the ministry does: 0-11, 25-29, 80+."""
    if youngest == YOUNGEST[-1]:
        return f"{youngest}+"
    return f"{youngest}-{YOUNGEST[YOUNGEST.index(youngest) + 1] - 1}"


def published(
    alike: Iterable[Alike], programme: Programme, regions: Mapping[str, str], *, k: int, tally: Tally
) -> Iterator[Many]:
    """Rows that may be published, each with how many times; ``tally`` is filled while they are taken.

    ``alike`` come sorted by region, then site: no more than one site's rows are in memory, and the few that
    are rare there.
    """
    country = Crowd(IN_COUNTRY, k, tally)
    for _, of_region in groupby(alike, lambda each: nuts3(each.district)):
        region = Crowd(IN_REGION, k, tally)
        for _, of_site in groupby(of_region, lambda each: each.site_id):
            site = Crowd(AT_SITE, k, tally)
            site.add((_cells(each, programme, regions), each.count) for each in of_site)
            yield from site.large_enough()
            region.add(site.rest())
        yield from region.large_enough()
        country.add(region.rest())
    yield from country.large_enough()
    tally.left_out = sum(count for _, count in country.rest())


def _cells(each: Alike, programme: Programme, regions: Mapping[str, str]) -> Cells:
    region = nuts3(each.district)
    group = programme.group(each.group_key)
    label = group.label("cs") if group else ""
    reason = _reason(each)
    return (
        each.registered_on.isoformat(),
        str(each.site_id),
        each.site,
        region,
        regions.get(region, ""),
        age_group(each.youngest),
        BY_AGE if group and group.ages else label,
        "",
        "1" if each.reserved_on else "",
        each.reserved_on.isoformat() if each.reserved_on else "",
        _GATE[each.state],
        label,
        "1" if reason else "",
        REASONS[reason] if reason else "",
    )


def _reason(each: Alike) -> Reason | None:
    if each.state == "done":
        return Reason.VACCINATED
    return reason_now(each.state, Reason(each.blocked_because) if each.blocked_because else None)
