"""The demo's sites, calendars and deliveries, written as the files that real ones come in."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from core.calendars.calendar import PRAGUE
from core.calendars.reading import COLUMNS as CALENDAR_COLUMNS
from core.calendars.reading import CalendarDraft, read_calendars
from core.geography import Postcodes, nearest
from core.products import Product, Products
from core.sites import read_registry
from core.sites.difference import diff
from core.sites.reading import SitesRead, read_sites
from core.sites.site import Site
from core.stock import DELIVERY_COLUMNS, Movement, read_deliveries
from core.store.work import Work
from core.world import World

SITES_FILE: Final = "ocm_2021-01-21.csv"
SAMPLING_FILE: Final = "odberova_mista_2021-06-14.csv"
SAMPLING_SITES: Final = 8
WEEKS: Final = 3
WITHOUT_CALENDAR: Final = 4  # sites that have sent none yet: their gate is closed
WITH_OTHER_PRODUCT: Final = 8
USUAL, OTHER = "comirnaty", "spikevax"

# Vials at once; most sites have enough for everybody of theirs, every eighth can invite only some.
VIALS: Final = (40, 120)
FEW_VIALS: Final = (2, 5)
EVERY_SHORT: Final = 8

# Where whoever opens the start page is said to live, and the sites they are offered.
HOME: Final = "58601"
PLENTY: Final = frozenset({"Jihlava", "Třebíč", "Havlíčkův Brod", "Nové Město na Moravě"})

# Month and day; Easter is left to whoever shows the demo in spring.
HOLIDAYS: Final = frozenset(
    {(1, 1), (5, 1), (5, 8), (7, 5), (7, 6), (9, 28), (10, 28), (11, 17), (12, 24), (12, 25), (12, 26)}
)


def populate(work: Work, world: World, *, folder: Path, seed: int, now: datetime) -> None:
    """Import sites, calendars and one delivery, each as a file would be; again, it only adds new days."""
    read = sites(folder, world.postcodes)
    changes = diff(read.concerned(work.sites.all()), read.sites, silent=read.silent, set_aside=read.set_aside)
    work.sites.apply(changes, now=now)
    work.calendars.merge(calendars(read.sites, world.products, chance=_chance(seed), now=now))
    tested = sampling_sites(folder, world.postcodes)
    changes = diff(tested.concerned(work.sites.all()), tested.sites, silent=tested.silent)
    work.sites.apply(changes, now=now)
    work.calendars.merge(sampling_calendars(tested.sites, world, now=now))
    if not any(work.stock.on_hand(site.site_id) for site in read.sites):
        plenty = [site.site_id for site in read.sites if site.city in PLENTY]
        moved = deliveries(read.sites, world.products, chance=_chance(seed), now=now, plenty=plenty)
        work.stock.add(moved)


def sites(folder: Path, postcodes: Postcodes) -> SitesRead:
    """The sites that were open on 21 January 2021."""
    return read_sites((folder / SITES_FILE).read_bytes(), postcodes)


def sampling_sites(folder: Path, postcodes: Postcodes) -> SitesRead:
    """Those near the home of whoever opens the page, of the registry of 14 June 2021."""
    read = read_registry((folder / SAMPLING_FILE).read_bytes(), postcodes)
    home = postcodes.find(HOME)
    located = [site for site in read.sites if site.latitude is not None and site.is_active]
    near = nearest(located, home)[:SAMPLING_SITES] if home else []
    return replace(read, sites=tuple(site for site, _ in near), quarantined=())


def sampling_calendars(places: Sequence[Site], world: World, *, now: datetime) -> Sequence[CalendarDraft]:
    """Every coming workday in the morning, for each service that a site takes samples for."""
    today = now.astimezone(PRAGUE).date()
    rows = [",".join(CALENDAR_COLUMNS)]
    for site in places:
        for service in world.services.at_once:
            if site.kind in service.kinds and not site.methods.isdisjoint(service.methods):
                rows += [
                    f"{site.site_id},{product.name},V1,{product.name},,{day},08:00,12:00,20,3"
                    for product in service.products
                    for day in _workdays(today)
                ]
    sites = [site.site_id for site in places]
    return read_calendars("\n".join(rows), sites=sites, products=world.services.products).calendars


def calendars(
    places: Sequence[Site], products: Products, *, chance: random.Random, now: datetime
) -> Sequence[CalendarDraft]:
    """First doses on the coming workdays of some weeks, second doses as far on as the vaccine asks today."""
    today = now.astimezone(PRAGUE).date()
    rows = [",".join(CALENDAR_COLUMNS)]
    for site, product in _equipped(places, products):
        places_in_slot = chance.randint(2, 4)
        closes = time(chance.choice((12, 13, 14)))
        interval = product.interval_on(today)
        if interval is None:
            continue
        # In whole weeks where the vaccine allows it: the same weekday is easiest to remember.
        weeks = -(-interval.days_min // 7) * 7
        apart = timedelta(days=weeks if weeks <= interval.days_max else interval.days_min)
        pairs = [d for d in _workdays(today) if _is_open(d) and _is_open(d + apart)]
        first, second = (f"{product.key.title()} {dose}. dávka" for dose in (1, 2))
        hours = f"08:00,{closes:%H:%M},30,{places_in_slot}"
        rows += [f"{site.site_id},{first},V1,{product.name},{second},{d},{hours}" for d in pairs]
        rows += [f"{site.site_id},{second},V2,{product.name},,{d + apart},{hours}" for d in pairs]
    read = read_calendars("\n".join(rows), sites=[s.site_id for s in places], products=products)
    return read.calendars


def deliveries(
    places: Sequence[Site],
    products: Products,
    *,
    chance: random.Random,
    now: datetime,
    plenty: Iterable[UUID] = (),
) -> Sequence[Movement]:
    """One delivery to every site that has a calendar, yesterday; ``plenty`` are never short."""
    yesterday = now.astimezone(PRAGUE).date() - timedelta(days=1)
    never_short = set(plenty)
    rows = [",".join(DELIVERY_COLUMNS)]
    for n, (site, product) in enumerate(_equipped(places, products)):
        is_short = n % EVERY_SHORT == 0 and site.site_id not in never_short
        vials = chance.randint(*(FEW_VIALS if is_short else VIALS))
        doses = vials * product.doses_per_vial
        rows.append(f"{yesterday},{site.site_id},,{product.name.replace(',', ' ')},Příjem,{vials},{doses}")
    return read_deliveries("\n".join(rows), products).movements


def _equipped(places: Sequence[Site], products: Products) -> Iterator[tuple[Site, Product]]:
    """The sites that vaccinate, with their vaccine, always the same ones."""
    draw = random.Random(3)  # noqa: S311 - which site has what is no secret
    order = sorted((s for s in places if s.latitude is not None), key=lambda s: s.name)
    draw.shuffle(order)
    for n, site in enumerate(order[WITHOUT_CALENDAR:]):
        yield site, products.by_key[OTHER if n < WITH_OTHER_PRODUCT and OTHER in products.by_key else USUAL]


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a demo is to be the same again


def _workdays(today: date) -> Iterator[date]:
    """From tomorrow on."""
    days = (today + timedelta(days=n) for n in range(1, 1 + WEEKS * 7))
    return (d for d in days if d.weekday() < 5)


def _is_open(day: date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS
