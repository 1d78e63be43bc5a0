"""The day before a date: say when, where and what to bring, and how to call it off. Nothing is said twice."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.calendars.calendar import PRAGUE
from core.messages import Lane
from core.services import VACCINATION
from core.store.attendance import miss
from core.store.date_notices import MISSED, REMINDER, DateOf, Recipient
from core.store.site_days import Visit
from core.store.work import Work
from workers.telling import Notice, tell
from workers.workshop import Workshop, installed

log = structlog.get_logger()

AT_ONCE: Final = 500  # reminders in one transaction
A_DAY: Final = timedelta(days=1)
MISSED_IS_NEWS: Final = timedelta(days=3)


def remind() -> None:
    """Job: remind everybody who has a date tomorrow, in the hours of notices; each date once.

    The claim and the message are one transaction: whatever crashes, nobody is told twice or forgotten.
    """
    workshop = installed()
    now = workshop.clock()
    if not workshop.hours.is_open(Lane.NOTICE, now):
        return
    tomorrow = now.astimezone(PRAGUE).date() + A_DAY
    count, told = AT_ONCE, 0
    while count == AT_ONCE:
        with workshop.store.begin() as work:
            due = work.date_notices.to_remind(tomorrow, now=now, at_most=AT_ONCE)
            mine = work.date_notices.claim(due, REMINDER, now=now)
            people = work.date_notices.recipients([each.registration_id for each in mine])
            tell(work, workshop, REMINDER, [_about(each, people, each.begins_at) for each in mine], now=now)
        count = len(mine)
        told += count
    if told:
        log.info("reminding.reminded", count=told)


def note_missed() -> None:
    """Job: note who did not come yesterday, at the sites that noted who came."""
    workshop = installed()
    now = workshop.clock()
    yesterday = now.astimezone(PRAGUE).date() - A_DAY
    with workshop.store.begin() as work:
        sites = work.site_days.with_attendance(yesterday)
    for site_id in sites:
        with workshop.store.begin() as work:
            missed = tell_missed(work, workshop, list(miss(work, site_id, yesterday, now=now)), now=now)
        if missed:
            log.info("reminding.missed", site=str(site_id), count=missed)


def tell_missed(work: Work, workshop: Workshop, missed: Collection[Visit], *, now: datetime) -> int:
    """Tell each who did not come how to go on, once; returns how many that are.

    Who ordered a service does not wait for another date, and orders anew if she likes.
    """
    dates = [DateOf(v.reservation_id, v.registration_id, v.slot_id, v.dose, v.begins_at) for v in missed]
    mine = work.date_notices.claim(dates, MISSED, now=now)
    people = work.date_notices.recipients([each.registration_id for each in mine])
    told = [each for each in mine if people[each.registration_id].service == VACCINATION]
    tell(work, workshop, MISSED, [_about(each, people, now + MISSED_IS_NEWS) for each in told], now=now)
    return len(told)


def _about(each: DateOf, people: Mapping[int, Recipient], valid_until: datetime) -> Notice:
    whom = people[each.registration_id]
    return Notice(whom, {"first": each.begins_at, "dose": each.dose}, valid_until)
