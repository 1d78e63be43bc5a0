"""A real spring: the calendars of one region's sites in 2021 and the vaccine that came there."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from functools import cached_property
from typing import Final
from uuid import UUID

from core.calendars.calendar import PRAGUE
from core.geography import Postcodes
from core.sites.reading import read_sites
from core.sites.site import Site
from gateway.compose import DATA
from gateway.simulation.publications import Publication, shared
from gateway.simulation.scenario import SCENARIOS, Scenario

REGISTRY: Final = "ocm_2021-06-14.csv"
MORNING: Final = time(7)
MOST_A_DAY: Final = 2_000  # one site of the region stated 5 823 second doses for one day, beside dozens


class RealCalendars:
    """Reads the excerpt in `data/scenarios`."""

    def sites(self, postcodes: Postcodes) -> Sequence[Site]:
        """The sites of the excerpt, as the registry describes them."""
        known = {site.site_id: site for site in read_sites((DATA / REGISTRY).read_bytes(), postcodes).sites}
        return [known[site_id] for site_id in dict.fromkeys(site_id for site_id, _ in self._firsts)]

    def publications(self, scenario: Scenario) -> list[Publication]:
        """Each day of each calendar, ``ahead``; vaccine on the day it came, where there is most to do."""
        ahead, begins = scenario.sites.ahead, scenario.begins
        last = scenario.ends.astimezone(PRAGUE).date() + ahead
        published: dict[datetime, tuple[Counter[tuple[UUID, date]], Counter[tuple[UUID, date]]]] = {}
        # Second doses are due up to some weeks after the first: their calendars reach as far from the start.
        for into, places in enumerate((self._firsts, self._seconds)):
            for (site_id, day), count in places.items():
                at = max(begins, _morning(day) - ahead) if into == 0 else begins
                scaled = round(count * scenario.scale)
                if scaled and day >= begins.astimezone(PRAGUE).date() and (into == 1 or day <= last):
                    published.setdefault(at, (Counter(), Counter()))[into][site_id, day] += scaled
        days = [Publication(at, firsts, {}, seconds) for at, (firsts, seconds) in published.items()]
        return sorted([*days, *self._deliveries(scenario)], key=lambda publication: publication.at)

    def _deliveries(self, scenario: Scenario) -> Iterator[Publication]:
        busy = Counter[UUID]()
        for (site_id, day), count in self._firsts.items():
            if day <= scenario.ends.astimezone(PRAGUE).date():
                busy[site_id] += count
        for row in _rows("spring_deliveries.csv"):
            at = _morning(date.fromisoformat(row["date"]))
            if at <= scenario.ends:
                doses = round(int(row["doses"]) * scenario.scale)
                yield Publication(at, {}, {s: n for s, n in shared(doses, dict(busy)).items() if n})

    @cached_property
    def _firsts(self) -> dict[tuple[UUID, date], int]:
        return _places("V1")

    @cached_property
    def _seconds(self) -> dict[tuple[UUID, date], int]:
        return _places("V2")


def _places(round_: str) -> dict[tuple[UUID, date], int]:
    return {
        (UUID(site_id), date.fromisoformat(row["date"])): int(count)
        for row in _rows("spring_calendars.csv")
        if row["round"] == round_
        for site_id, count in row.items()
        if site_id not in ("date", "round") and 0 < int(count) <= MOST_A_DAY
    }


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (SCENARIOS / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _morning(day: date) -> datetime:
    return datetime.combine(day, MORNING, PRAGUE)
