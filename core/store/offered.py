"""The sites that are offered now, judged again whenever an import changed something, and every minute."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from core.calendars.calendar import PRAGUE
from core.products import Products
from core.services import Services
from core.sites import Site
from core.store import tables as t
from core.store.calendars import CalendarBook
from core.store.pairs import PairFinder
from core.world import World

LASTS: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Judged:
    services: Services
    products: Products
    key: Hashable
    at: datetime
    sites: tuple[Site, ...]

    def is_of(self, world: World, key: Hashable, now: datetime) -> bool:
        """The very same configuration, which is held here: the id of one that is gone is used again."""
        is_same = self.services is world.services and self.products is world.products
        return is_same and self.key == key and self.at <= now < self.at + LASTS


# The gates of all sites take a second to judge, and hundreds of people ask every second. By service.
_judged: Final[WeakKeyDictionary[Engine, dict[str, _Judged]]] = WeakKeyDictionary()
_one_judges: Final = Lock()


def offered_sites(db: Connection, world: World, *, now: datetime) -> tuple[Site, ...]:
    """The sites with an open gate today, at most a minute old."""
    today = now.astimezone(PRAGUE).date()
    engine = db.engine
    with _one_judges:
        key = _key(db, today)
        by_service = _judged.setdefault(engine, {})
        kept = by_service.get(world.in_view)
        if kept is None or not kept.is_of(world, key, now):
            sites = tuple(CalendarBook(db).open_sites(world, today=today))
            kept = by_service[world.in_view] = _Judged(world.services, world.products, key, now, sites)
        return kept.sites


def is_offered(db: Connection, world: World, site_id: UUID, *, now: datetime) -> bool:
    """Say whether a site that was chosen a while ago may still be chosen."""
    return any(site.site_id == site_id for site in offered_sites(db, world, now=now))


def sites_to_choose(db: Connection, world: World, *, now: datetime) -> tuple[Site, ...]:
    """Those that somebody may choose: where nobody waits for an invitation, only those with a free slot."""
    offered = offered_sites(db, world, now=now)
    if world.service.is_invited:
        return offered
    free = PairFinder(db, world.products).sites_with_room(not_before=now + world.lead)
    return tuple(site for site in offered if site.site_id in free)


def _key(db: Connection, today: date) -> Hashable:
    s = t.sites.c
    stamp = db.execute(
        select(
            select(func.max(s.imported_at)).scalar_subquery(),
            select(func.count(s.gone_at)).select_from(t.sites).scalar_subquery(),
            select(func.max(t.site_history.c.entry_id)).scalar_subquery(),  # opened, paused, reopened
            select(func.max(t.calendars.c.calendar_id)).scalar_subquery(),
            select(func.max(t.slots.c.slot_id)).scalar_subquery(),
        )
    ).one()
    return (today, *stamp)
