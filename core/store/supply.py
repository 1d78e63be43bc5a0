"""What the vaccine at a site is promised to, and for how many more people it lasts."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    Connection,
    Date,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from core.calendars import Pair, Round, Slot
from core.calendars.calendar import PRAGUE
from core.products import Product
from core.states import HAS_DATES
from core.stock import Promised, uncommitted_courses
from core.store import tables as t
from core.store.pairs import PairFinder
from core.store.responses import IN_ORDER
from core.store.stock import GIVEN, USED
from core.supply import Need, runs_out_on
from core.world import World

AMPLE: Final = 1_000  # courses; so many turns are never under way at once
SUPPLY_LOCK: Final = (
    11  # namespace of the advisory locks under which the last courses of a vaccine are given away
)

_v, _r, _c, _s = t.reservations.c, t.registrations.c, t.calendars.c, t.slots.c
_m, _e = t.stock_movements.c, t.expected_deliveries.c


@dataclass(frozen=True, slots=True)
class Supply:
    """The vaccine of one product at one site; ``courses`` may still be promised under the policy."""

    on_hand: int
    coming: Mapping[date, int]
    is_reported: bool
    """Something was delivered or announced, used or wasted."""
    promised: Promised
    courses: int
    courses_here: int
    """Of those, the ones that count on nothing that is not here yet."""
    runs_out_on: date | None = None
    """The first day whose confirmed dates lack vaccine; None where it lasts for all of them."""

    @property
    def lacks(self) -> bool:
        """It is known that no more course may be promised; of what is never reported nothing is known."""
        return self.is_reported and not self.courses

    @property
    def expected(self) -> int:
        return sum(self.coming.values())


class SupplyBook:
    """Reads only."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def of_site(self, site_id: UUID, world: World, *, now: datetime) -> dict[str, Supply]:
        """The supply by product, for every product that is stocked, expected or promised at a site.

        One statement, and it does not grow with the people who have dates.
        """
        on_hand: Counter[str] = Counter()
        first: Counter[str] = Counter()
        second: Counter[str] = Counter()
        coming: defaultdict[str, Counter[date]] = defaultdict(Counter)
        facts = {"site": site_id, "today": now.astimezone(PRAGUE).date()}
        for what, written, day, doses in self._db.execute(_SUPPLY, facts):
            product = world.products.find(written)
            if product is None:
                continue
            match what:
                case "here":
                    on_hand[product.key] += int(doses)
                case "coming":
                    coming[product.key][day] += int(doses)
                case Round.SECOND:
                    second[product.key] += int(doses)
                case _:
                    first[product.key] += int(doses)
        reported = set(on_hand) | set(coming)
        return {
            key: _supply(
                world.products.by_key[key],
                world,
                max(0, on_hand[key]),
                coming[key],
                Promised(first[key], second[key]),
                is_reported=key in reported,
            )
            for key in sorted(reported | first.keys() | second.keys())
        }

    def lasts_for_one_more(self, site_id: UUID, product: Product, world: World, *, now: datetime) -> bool:
        """A whole course of a vaccine may be promised at a site; who promises the last ones does it alone.

        Where nothing is known of a product's vaccine, because the site does not report it or because it is
        none, the calendar alone decides.
        """
        supply = self.of_site(site_id, world, now=now).get(product.key)
        if supply is None or not supply.is_reported or supply.courses > AMPLE:
            return True  # not even all turns that are under way use that up
        self._db.execute(select(func.pg_advisory_xact_lock(SUPPLY_LOCK, func.hashtext(str(site_id)))))
        return not self.of_site(site_id, world, now=now)[product.key].lacks

    def lasts_for(
        self, pair: Pair, site_id: UUID, world: World, *, now: datetime, instead_of: Slot | None = None
    ) -> bool:
        """There is vaccine for a pair; that of dates which somebody has, and gives up for it, is hers."""
        finder = PairFinder(self._db, world.products)
        track = finder.track_of(pair.first.calendar_id)
        before = finder.track_of(instead_of.calendar_id) if instead_of else None
        if track is None or (before and before.product == track.product):
            return True
        return self.lasts_for_one_more(site_id, track.product, world, now=now)

    def needs(self, site_id: UUID, product: Product, world: World, *, now: datetime) -> list[Need]:
        """Who has dates for a vaccine at a site, from the highest priority down."""
        first, second = t.slots.alias("first"), t.slots.alias("second")
        today = now.astimezone(PRAGUE).date()
        rows = self._db.execute(
            select(_r.registration_id, _v.state, _c.product, first.c.begins_at, second.c.begins_at)
            .select_from(t.reservations)
            .join(t.registrations)
            .join(first, first.c.slot_id == _v.first_slot_id)
            .join(t.calendars, _c.calendar_id == first.c.calendar_id)
            .outerjoin(second, second.c.slot_id == _v.second_slot_id)
            .where(_c.site_id == site_id, _v.state.in_(HAS_DATES))
            .order_by(*IN_ORDER)
        )
        found = []
        for registration_id, state, written, *moments in rows:
            if world.products.find(written) != product:
                continue
            all_days = [moment.astimezone(PRAGUE).date() for moment in moments if moment]
            is_begun = state == "arrived" or all_days[0] < today
            days = tuple(day for day in (all_days[1:] if is_begun else all_days) if day >= today)
            if days:
                found.append(Need(registration_id, days, is_begun=is_begun))
        return found

    def with_last_days(self, site_id: UUID, world: World, *, now: datetime) -> dict[str, Supply]:
        """As ``of_site``, and how long the vaccine lasts for the dates that are given."""
        return {
            key: replace(
                supply,
                runs_out_on=runs_out_on(
                    supply.on_hand,
                    supply.coming,
                    self.needs(site_id, world.products.by_key[key], world, now=now),
                ),
            )
            for key, supply in self.of_site(site_id, world, now=now).items()
        }


def _supply(
    product: Product,
    world: World,
    on_hand: int,
    coming: Mapping[date, int],
    promised: Promised,
    *,
    is_reported: bool,
) -> Supply:
    def courses(expected: int) -> int:
        return uncommitted_courses(
            on_hand,
            promised,
            doses_per_course=product.doses,
            reserve=world.policy.reserve,
            expected=expected,
            haircut=world.policy.haircut,
        )

    return Supply(on_hand, coming, is_reported, promised, courses(sum(coming.values())), courses(0))


# Built once: building a statement costs more than running it.

_SITE, _TODAY = bindparam("site", type_=Uuid()), bindparam("today", type_=Date())
_NO_DAY = cast(null(), Date)
# Doses recorded one by one count from the day after: until it is over, who is still to come that day has
# her dose among the promised ones.
_IS_COUNTED = or_(_m.kind != GIVEN, _m.moved_on < _TODAY)
_used_until = (
    select(func.max(_m.moved_on))
    .where(
        _m.site_id == _c.site_id,
        _m.product == _c.product,
        or_(_m.kind == USED, and_(_m.kind == GIVEN, _IS_COUNTED)),
    )
    .correlate(t.calendars)
    .scalar_subquery()
)
# Once a calendar, not once a slot: a site may have reported use on hundreds of days.
_CALENDARS = (
    select(
        _c.calendar_id,
        _c.round,
        _c.product,
        func.timezone(PRAGUE.key, cast(_used_until + 1, TIMESTAMP)).label("since"),
    )
    .where(_c.site_id == _SITE)
    .cte("of_site")
    .prefix_with("MATERIALIZED")
)
_HERE = (
    select(literal("here").label("what"), _m.product, _NO_DAY.label("day"), func.sum(_m.doses).label("doses"))
    .where(_m.site_id == _SITE, _m.moved_on <= _TODAY, _IS_COUNTED)
    .group_by(_m.product)
)
_MOVING = select(literal("coming"), _m.product, _m.moved_on, _m.doses).where(
    _m.site_id == _SITE, _m.moved_on > _TODAY, _m.doses > 0
)
_EXPECTED = select(literal("coming"), _e.product, _e.due_on, _e.doses).where(
    _e.site_id == _SITE, _e.due_on >= _TODAY, _e.came_on.is_(None)
)
# What was given up to the last day of reported use is off the stock already.
_taken = (
    select(func.sum(_s.taken).label("doses"))
    .where(_s.calendar_id == _CALENDARS.c.calendar_id, _s.taken > 0)
    .where(_s.begins_at >= func.coalesce(_CALENDARS.c.since, cast("-infinity", TIMESTAMP(timezone=True))))
    .lateral("taken")
)
_PROMISED = (
    select(_CALENDARS.c.round, _CALENDARS.c.product, _NO_DAY, _taken.c.doses)
    .join_from(_CALENDARS, _taken, true())
    .where(_taken.c.doses.is_not(None))
)
_SUPPLY = union_all(_HERE, _MOVING, _EXPECTED, _PROMISED)
