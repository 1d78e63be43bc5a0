"""The sites of a rehearsal, and how their calendars and vaccine come in as the days go by."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from core.calendars.calendar import PRAGUE, Round
from core.calendars.reading import CalendarDraft, SlotDraft
from core.geography import nearest
from core.products import Product
from core.sites.difference import diff
from core.sites.site import Site
from core.stock import Action, Movement
from core.store.work import Work
from core.world import World
from gateway.compose import DATA
from gateway.demo import world as demo
from gateway.demo.people import Person
from gateway.simulation.publications import Publication, invented
from gateway.simulation.real_calendars import RealCalendars
from gateway.simulation.scenario import Scenario

OPENS: Final = time(8)
SLOT: Final = timedelta(minutes=30)
MOST_SLOTS: Final = 16
FIRST, SECOND = "1. dávka", "2. dávka"


class Places:
    """Writes what sites publish, as an import would."""

    def __init__(self, scenario: Scenario, world: World, people: Sequence[Person]) -> None:
        self._world = world
        self._product = world.products.by_key[demo.USUAL]
        self._published: Counter[tuple[Round, UUID, date]] = Counter()
        self._deliveries = 0
        sites: Sequence[Site] = [s for s in demo.sites(DATA, world.postcodes).sites if s.latitude is not None]
        real = RealCalendars() if scenario.sites.source == "spring" else None
        if real is not None:
            sites = real.sites(world.postcodes)
        if scenario.sites.source == "one":
            sites = sites[:1]
        self.sites = sites
        self.nearest_of = _nearest(people, sites, world)
        weights = Counter(self.nearest_of.values())
        self.publications = (
            real.publications(scenario) if real is not None else invented(scenario, sites, weights)
        )

    def open(self, work: Work, now: datetime) -> None:
        """Import the sites."""
        work.sites.apply(diff({}, self.sites), now=now)

    def publish(self, work: Work, publication: Publication, now: datetime) -> None:
        """Import calendars and deliveries."""
        work.calendars.merge(self._drafts(publication))
        today = now.astimezone(PRAGUE).date()
        work.stock.add(
            [self._movement(site_id, doses, today) for site_id, doses in publication.doses.items()]
        )

    def _drafts(self, publication: Publication) -> Sequence[CalendarDraft]:
        seconds = publication.seconds
        if seconds is None:
            seconds = {
                (site_id, day + apart): count
                for (site_id, day), count in publication.firsts.items()
                if (apart := _apart(self._product, day))
            }
        drafts = []
        for round_, places in ((Round.SECOND, seconds), (Round.FIRST, publication.firsts)):
            days_of: dict[UUID, list[date]] = {}
            for site_id, day in places:
                days_of.setdefault(site_id, []).append(day)
                self._published[round_, site_id, day] += places[site_id, day]
            for site_id, days in days_of.items():
                slots = [
                    s for day in sorted(days) for s in _slots(day, self._published[round_, site_id, day])
                ]
                name, link = (FIRST, SECOND) if round_ is Round.FIRST else (SECOND, None)
                written = self._product.name
                drafts.append(CalendarDraft(site_id, name, round_, written, link, tuple(slots)))
        return drafts

    def _movement(self, site_id: UUID, doses: int, today: date) -> Movement:
        self._deliveries += 1
        vials = -(-doses // self._product.doses_per_vial)
        key = f"rehearsal {self._deliveries}"
        return Movement(key, today, site_id, Action.RECEIVED, None, self._product.key, vials, doses)


def _nearest(people: Iterable[Person], sites: Sequence[Site], world: World) -> dict[str, UUID]:
    """The site that each phone's owner would choose first."""
    by_psc: dict[str, UUID] = {}
    chosen = {}
    for person in people:
        if person.psc not in by_psc:
            home = world.postcodes.find(person.psc)
            found = nearest(sites, home) if home else []
            by_psc[person.psc] = found[0][0].site_id if found else sites[0].site_id
        chosen[person.phone] = by_psc[person.psc]
    return chosen


def _slots(day: date, count: int) -> list[SlotDraft]:
    """Half hours from eight on, the earlier ones with one place more."""
    number = min(count, MOST_SLOTS)
    opens = datetime.combine(day, OPENS, PRAGUE).astimezone(UTC)
    return [SlotDraft(opens + n * SLOT, count // number + (n < count % number)) for n in range(number)]


def _apart(product: Product, first: date) -> timedelta | None:
    """From the first dose to the second: in whole weeks where the vaccine allows it."""
    interval = product.interval_on(first)
    if interval is None:
        return None
    weeks = -(-interval.days_min // 7) * 7
    return timedelta(days=weeks if weeks <= interval.days_max else interval.days_min)
