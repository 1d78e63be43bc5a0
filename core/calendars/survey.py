"""What the linter says of calendars as they were published: no slots, no products, only places per day."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from uuid import UUID

from core.calendars.calendar import PRAGUE, Calendar, Round, Slot
from core.calendars.capacity import is_absurd, usual
from core.calendars.findings import Cause, Severity
from core.calendars.holidays import holiday
from core.calendars.mending import inspect
from core.calendars.published import Places, Published, PublishedSite
from core.products import Product, Products

MORNING = time(8)


@dataclass(frozen=True, slots=True)
class Absurd:
    """A day on which a calendar stated far more places than it usually has."""

    site: str
    round: Round
    day: date
    places: int
    usual: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """One cause over the whole file: at how many sites and days, and what it cost."""

    sites: int
    days: int
    places: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Survey:
    """The verdict on a file; absurd days are named and left out of everything else."""

    judged_until: date
    """First dates after this day have their second ones beyond the end of the file, and are not judged."""
    idle: int
    """Sites that never stated a place."""
    first_places: int
    pairs: int
    absurd: tuple[Absurd, ...]
    only_first: tuple[str, ...]
    """Sites with first doses and never a place for a second one."""
    by_cause: Mapping[Cause, Found]
    closed_holidays: Mapping[date, tuple[int, int]]
    """Per public holiday on a working day: sites with first dates that day, and that week."""


def survey(published: Published, products: Products, product: Product) -> Survey:
    """Judge what was published as if all of it were calendars of one two-dose product.

    Nobody published the product; the interval is that of ``product`` on the day of the first dose.
    """
    assert published.first is not None, "a file that was read has a day"  # noqa: S101
    assert published.last is not None  # noqa: S101
    until = _judged_until(published.first, published.last, product)
    absurd: list[Absurd] = []
    sane: dict[UUID, PublishedSite] = {}
    for site_id, site in published.sites.items():
        believed = dict(site.places)
        for round_, places in site.places.items():
            odd = list(_absurd(site, round_, places))
            absurd += odd
            if odd:
                unbelievable = {each.day for each in odd}
                believed[round_] = {day: n for day, n in places.items() if day not in unbelievable}
        sane[site_id] = replace(site, places=believed)
    sites: dict[Cause, set[UUID]] = defaultdict(set)
    days: Counter[Cause] = Counter()
    lost: Counter[Cause] = Counter()
    first_places = pairs = 0
    for site_id, site in sane.items():
        calendars = list(_calendars(site_id, site, product, until=until))
        seen = inspect(calendars, products, today=published.first)
        pairs += sum(seen.lint.pairs_by_product.values())
        first_places += sum(s.capacity for c in calendars if c.round is Round.FIRST for s in c.slots)
        for advice in seen.advice:
            if advice.cause is Cause.ABSURD_CAPACITY:  # told above, against all days of the file
                continue
            sites[advice.cause].add(site_id)
            days[advice.cause] += sum(finding.slot is not None for finding in advice.findings)
            lost[advice.cause] += sum(finding.places for finding in advice.findings)
    only_first = [s.name for s in sane.values() if s.places[Round.FIRST] and not s.places[Round.SECOND]]
    return Survey(
        judged_until=until,
        idle=sum(not any(site.places.values()) for site in published.sites.values()),
        first_places=first_places,
        pairs=pairs,
        absurd=tuple(sorted(absurd, key=lambda a: -a.places)),
        only_first=tuple(sorted(only_first)),
        by_cause={
            cause: Found(len(sites[cause]), days[cause], lost[cause], cause.severity) for cause in sites
        },
        closed_holidays=_holidays(sane, published.first, published.last),
    )


def _judged_until(first: date, last: date, product: Product) -> date:
    """The last first dose whose whole window for the second one is within the file."""
    for day in (date.fromordinal(n) for n in range(last.toordinal(), first.toordinal(), -1)):
        interval = product.interval_on(day)
        if interval and interval.window(day)[1] <= last:
            return day
    return first


def _absurd(site: PublishedSite, round_: Round, places: Places) -> Iterator[Absurd]:
    as_ever = usual(places.values())
    for day, count in places.items():
        if is_absurd(count, as_ever):
            yield Absurd(site.name, round_, day, count, as_ever)


def _calendars(site_id: UUID, site: PublishedSite, product: Product, *, until: date) -> Iterator[Calendar]:
    """One calendar a round, the first linked to the second where there is one; a day is a slot."""
    has_second = bool(site.places[Round.SECOND])
    for number, (round_, places) in enumerate(site.places.items(), start=1):
        days = sorted(day for day in places if round_ is not Round.FIRST or day <= until)
        slots = tuple(Slot(0, number, datetime.combine(day, MORNING, PRAGUE), places[day]) for day in days)
        links_to = Round.SECOND.value if round_ is Round.FIRST and has_second else None
        if slots:
            yield Calendar(number, site_id, round_.value, round_, product.key, links_to, slots)


def _holidays(sites: Mapping[UUID, PublishedSite], first: date, last: date) -> dict[date, tuple[int, int]]:
    found: dict[date, tuple[int, int]] = {}
    firsts = [site.places[Round.FIRST] for site in sites.values()]
    for day in (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)):
        if holiday(day) and day.isoweekday() <= 5:
            week = [date.fromordinal(day.toordinal() + n) for n in range(-day.weekday(), 5 - day.weekday())]
            open_that_week = [places for places in firsts if any(each in places for each in week)]
            found[day] = sum(day in places for places in open_that_week), len(open_that_week)
    return found
