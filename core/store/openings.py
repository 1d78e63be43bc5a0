"""What can be booked at the sites that are offered: their calendars of first doses, slot by slot."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, union

from core.calendars import Slot
from core.calendars.calendar import PRAGUE
from core.exports.smart import Opening
from core.store import tables as t
from core.store.offered import offered_sites
from core.store.pairs import PairFinder
from core.store.reservation_rows import SLOT
from core.store.supply import SupplyBook
from core.world import World

_s, _c = t.slots.c, t.calendars.c
AT_ONCE: Final = 5_000


class OpeningView:
    """Reads only, and by the rules by which people are offered dates."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of_all_sites(self, world: World, *, now: datetime, until: datetime) -> list[Opening]:
        """Every calendar that can be booked in principle, with its slots from now on, also the full ones.

        A slot is bookable where a place is free, a second date may follow and vaccine is in sight.
        """
        sites = {site.site_id: site for site in offered_sites(self._db, world, now=now)}
        lacking = self._lacking(world, now=now)
        last_day = until.astimezone(PRAGUE).date()
        not_before = now + world.lead
        tracks = PairFinder(self._db, world.products).bookable_days(
            list(sites), not_before=not_before, is_wanted=lambda day: day <= last_day
        )
        of_site = self._sites_of(tracks)
        slots = self._slots(tracks, not_before, until)
        found = []
        for calendar_id, (track, days) in tracks.items():
            site_id = of_site[calendar_id]
            has_vaccine = track.product.key not in lacking.get(site_id, ())
            mine = slots[calendar_id]
            bookable = (slot.slot_id for slot in mine if has_vaccine and slot.free and slot.day in days)
            found.append(
                Opening(calendar_id, sites[site_id], track.product, tuple(mine), frozenset(bookable))
            )
        return found

    def _lacking(self, world: World, *, now: datetime) -> dict[UUID, set[str]]:
        """By site, the products of which no more courses may be promised; only what is reported can lack."""
        book = SupplyBook(self._db)
        reported = union(select(t.stock_movements.c.site_id), select(t.expected_deliveries.c.site_id))
        return {
            site_id: {key for key, supply in book.of_site(site_id, world, now=now).items() if supply.lacks}
            for site_id in self._db.execute(reported).scalars().all()
        }

    def _sites_of(self, calendar_ids: Mapping[int, object]) -> dict[int, UUID]:
        rows = self._db.execute(
            select(_c.calendar_id, _c.site_id).where(_c.calendar_id.in_(list(calendar_ids)))
        )
        return {row.calendar_id: row.site_id for row in rows}

    def _slots(
        self, calendar_ids: Mapping[int, object], since: datetime, until: datetime
    ) -> dict[int, list[Slot]]:
        rows = self._db.execute(
            select(*SLOT)
            .where(_s.calendar_id.in_(list(calendar_ids)), _s.begins_at >= since, _s.begins_at < until)
            .order_by(_s.calendar_id, _s.begins_at)
            .execution_options(yield_per=AT_ONCE)
        )
        found: defaultdict[int, list[Slot]] = defaultdict(list)
        with rows:
            for row in rows:
                found[row.calendar_id].append(Slot(*row))
        return found
