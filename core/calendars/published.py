"""Reading `ockovani-rezervace`: what sites published of their calendars, day by day, a row at a time.

Hundreds of thousands of rows, most of them of days without any place: what is kept are the others.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Final, TypeAlias
from uuid import UUID

from core.calendars.calendar import Round
from core.open_data import Quarantined, UnreadableFile, read_table

COLUMNS: Final = (
    "datum",
    "ockovaci_misto_id",
    "ockovaci_misto_nazev",
    "volna_kapacita",
    "maximalni_kapacita",
    "kalendar_ockovani",
)
MOST_SET_ASIDE: Final = 1_000  # rows kept with their reason; all are counted

Places: TypeAlias = dict[date, int]
"""Maximal capacity per day, above 0."""


class Wrong(Enum):
    """What one row says that cannot be."""

    UNREADABLE = "cannot be read"
    NEGATIVE = "a capacity below 0"
    MORE_FREE_THAN_ALL = "more places free than there are"
    REPEATED = "the day of a calendar said again"
    CONTRADICTED = "the day of a calendar said again, otherwise"


@dataclass(slots=True)
class PublishedSite:
    """One site's calendars as published, per round."""

    name: str
    places: dict[Round, Places] = field(default_factory=lambda: {each: {} for each in Round})


@dataclass(slots=True)
class Published:
    """A whole file; rows that cannot be are counted by what is wrong, and left out."""

    rows: int = 0
    empty: int = 0
    first: date | None = None
    last: date | None = None
    sites: dict[UUID, PublishedSite] = field(default_factory=dict)
    wrong: Counter[Wrong] = field(default_factory=Counter)
    set_aside: list[Quarantined] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    day: date
    site_id: UUID
    name: str
    round: Round
    free: int
    most: int


class _Unbelievable(Exception):
    """One row cannot be; ``wrong`` says of which kind."""

    def __init__(self, wrong: Wrong, reason: str) -> None:
        super().__init__(reason)
        self.wrong = wrong


def read_published(lines: Iterable[str]) -> Published:
    """Read the file line by line; raises UnreadableFile when a column is missing or nothing can be read."""
    source = iter(lines)
    header = next(source, "")
    columns = read_table(header, *COLUMNS).columns
    separator = max(",;\t", key=header.count)
    found = Published()
    seen: dict[tuple[UUID, Round], dict[date, tuple[int, int]]] = defaultdict(dict)
    rows = csv.reader(source, delimiter=separator)
    ids: dict[str, UUID] = {}
    days: dict[str, date] = {}
    for cells in rows:
        if not cells:
            continue
        found.rows += 1
        try:
            row = _parse(cells, columns, ids, days)
            _keep(found, row, seen[row.site_id, row.round])
        except _Unbelievable as why:
            found.wrong[why.wrong] += 1
            if len(found.set_aside) < MOST_SET_ASIDE:
                named = dict(zip(columns, cells, strict=False))
                found.set_aside.append(Quarantined(rows.line_num + 1, named, str(why)))
    if not found.sites:
        raise UnreadableFile("The file has a header and no row that can be read.")
    return found


def _parse(cells: list[str], columns: tuple[str, ...], ids: dict[str, UUID], days: dict[str, date]) -> _Row:
    if len(cells) != len(columns):
        reason = f"the row has {len(cells)} cells where the header has {len(columns)}"
        raise _Unbelievable(Wrong.UNREADABLE, reason)
    row = dict(zip(columns, cells, strict=True))
    # A file has few ids and days, and says each of them hundreds of times.
    site, day = row["ockovaci_misto_id"], row["datum"]
    try:
        site_id = ids.get(site) or ids.setdefault(site, UUID(site))
        on = days.get(day) or days.setdefault(day, date.fromisoformat(day))
        round_ = Round(row["kalendar_ockovani"])
        free, most = int(row["volna_kapacita"]), int(row["maximalni_kapacita"])
    except ValueError as why:
        raise _Unbelievable(Wrong.UNREADABLE, str(why)) from why
    if free < 0 or most < 0:
        raise _Unbelievable(Wrong.NEGATIVE, f"{free} of {most} places free")
    if free > most:
        raise _Unbelievable(Wrong.MORE_FREE_THAN_ALL, f"{free} of {most} places free")
    return _Row(on, site_id, row["ockovaci_misto_nazev"], round_, free, most)


def _keep(found: Published, row: _Row, seen: dict[date, tuple[int, int]]) -> None:
    said = (row.free, row.most)
    if (before := seen.get(row.day)) is not None:
        is_same = before == said
        wrong = Wrong.REPEATED if is_same else Wrong.CONTRADICTED
        raise _Unbelievable(wrong, f"{row.day} {row.round} of {row.name} was said before: {before[1]} places")
    seen[row.day] = said
    found.first = min(found.first or row.day, row.day)
    found.last = max(found.last or row.day, row.day)
    site = found.sites.get(row.site_id) or found.sites.setdefault(row.site_id, PublishedSite(row.name))
    if row.most:
        site.places[row.round][row.day] = row.most
    else:
        found.empty += 1
