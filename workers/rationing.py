"""Vaccine lacks for dates that were given: the last in order move, or wait at the head of the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import structlog

from core.calendars import Pair
from core.calendars.calendar import PRAGUE
from core.messages import Lane
from core.products import Product
from core.sites.site import Site
from core.store.anew import anew
from core.store.date_notices import Recipient
from core.store.rebooking import Changed
from core.store.reservation_rows import Reservation
from core.store.work import Work
from core.supply import Coming, Need, runs_out_on, who_loses
from workers.telling import Notice, tell
from workers.workshop import Workshop

log = structlog.get_logger()

MOST_PAIRS: Final = 10_000  # looked at for other dates; more than a site has free at a time


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose dates at a site lack vaccine; ``pair`` is what she gets instead, None: nothing yet."""

    registration_id: int
    product: str
    dates: Reservation
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class _Stock:
    """What a site has and expects of one product, and for whom."""

    product: Product
    on_hand: int
    coming: Coming
    needs: Sequence[Need]


def affected(workshop: Workshop, site: Site, product: Product | None = None) -> list[Affected]:
    """Whose dates the vaccine does not last for, the lowest priority first; nothing is changed."""
    now = workshop.clock()
    with workshop.store.begin() as work:
        work.invitations.see_one_moment()
        return [
            Affected(loser.registration_id, stock.product.key, dates)
            for stock in _stocks(work, workshop, site.site_id, product, now=now)
            for loser in who_loses(stock.on_hand, stock.coming, stock.needs)
            if (dates := work.reservations.living_of(loser.registration_id))
        ]


def replan(
    workshop: Workshop, site: Site, product: Product | None = None, *, who: str, dry_run: bool = False
) -> list[Affected]:
    """Give everybody affected other dates or the head of the queue, and tell them: all or nothing.

    Whoever stands higher chooses among the other dates first. Doing it again affects nobody.
    """
    return anew(lambda: _replan(workshop, site, product, who=who, dry_run=dry_run))


def _replan(
    workshop: Workshop, site: Site, product: Product | None, *, who: str, dry_run: bool
) -> list[Affected]:
    now = workshop.clock()
    done: list[Affected] = []
    with workshop.store.begin() as work:
        work.invitations.begin_planning(site.site_id)
        for stock in _stocks(work, workshop, site.site_id, product, now=now):
            done += _replan_product(work, workshop, site, stock, now=now)
        _tell(work, workshop, done, now=now)
        for each in done:
            work.date_notices.call_off(each.registration_id, now=now)
            what = "dates moved, vaccine lacks" if each.pair else "dates taken away, vaccine lacks"
            work.audit.note(who, what, registration_id=each.registration_id, now=now)
        if dry_run:
            work.db.rollback()
    if done and not dry_run:
        moved = sum(each.pair is not None for each in done)
        log.info("rationing.replanned", site_id=str(site.site_id), moved=moved, at_the_head=len(done) - moved)
    return done


def _stocks(
    work: Work, workshop: Workshop, site_id: UUID, product: Product | None, *, now: datetime
) -> list[_Stock]:
    world = workshop.world
    return [
        _Stock(known, supply.on_hand, supply.coming, work.supply.needs(site_id, known, world, now=now))
        for key, supply in work.supply.of_site(site_id, world, now=now).items()
        if (known := world.products.by_key[key]) == (product or known)
    ]


def _replan_product(
    work: Work, workshop: Workshop, site: Site, stock: _Stock, *, now: datetime
) -> list[Affected]:
    losers = who_loses(stock.on_hand, stock.coming, stock.needs)
    if not losers:
        return []
    lost = {each.registration_id for each in losers}
    kept = [need for need in stock.needs if need.registration_id not in lost]
    readable = workshop.hours.next_opening(Lane.NOTICE, now)
    free = work.rationing.free_pairs(
        site.site_id,
        stock.product,
        workshop.world,
        not_before=readable + workshop.world.lead + workshop.world.policy.notice,
        at_most=MOST_PAIRS,
    )
    done = []
    for loser in reversed(losers):
        dates = work.rationing.lock_dates(loser.registration_id)
        if dates is None:
            continue
        pair = _other_dates(work, stock, kept, free, dates)
        if pair is None:
            work.rationing.take_away(dates)
        else:
            kept.append(Need(loser.registration_id, _days(pair)))
        done.append(Affected(loser.registration_id, stock.product.key, dates, pair))
    return done


def _other_dates(
    work: Work, stock: _Stock, kept: Sequence[Need], free: list[Pair], dates: Reservation
) -> Pair | None:
    """Take the soonest pair that vaccine lasts for; what is too early for her is so for those after her."""
    before = runs_out_on(stock.on_hand, stock.coming, kept)
    too_early: set[tuple[date, ...]] = set()
    while free:
        pair, days = free[0], _days(free[0])
        if days not in too_early:
            with_her = [*kept, Need(dates.registration_id, days)]
            if runs_out_on(stock.on_hand, stock.coming, with_her) != before:
                too_early.add(days)
            elif isinstance(work.rebooking.change_to(dates, pair), Changed):
                return pair
        free.pop(0)
    return None


def _days(pair: Pair) -> tuple[date, ...]:
    return (pair.first.day,) if pair.second is None else (pair.first.day, pair.second.day)


# -- Words ------------------------------------------------------------------------------------------------


def _tell(work: Work, workshop: Workshop, done: Sequence[Affected], *, now: datetime) -> None:
    whom = work.date_notices.recipients([each.registration_id for each in done])
    moved = [each for each in done if each.pair]
    lost = [each for each in done if not each.pair]
    for purpose, some in (("dates_moved", moved), ("dates_lost", lost)):
        notices = [_notice(whom[each.registration_id], each.pair, workshop) for each in some]
        tell(work, workshop, purpose, notices, now=now)


def _notice(whom: Recipient, pair: Pair | None, workshop: Workshop) -> Notice:
    first, second = (pair.first, pair.second) if pair else (None, None)
    said = {
        "first": first.begins_at.astimezone(PRAGUE).isoformat() if first else None,
        "second": second.begins_at.astimezone(PRAGUE).isoformat() if second else None,
        "hotline": workshop.world.hotline,
    }
    return Notice(whom, said, valid_until=first.begins_at if first else None)
