"""The demo's world passes the gates that a real one has to pass."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from core.calendars.calendar import Calendar
from core.calendars.lint import lint
from core.calendars.reading import numbered
from core.sites.gate import gate
from core.stock import doses_on_hand
from gateway.compose import DATA, load_world
from gateway.demo import world

WORLD = load_world()
SITES = world.sites(DATA, WORLD.postcodes).sites


@pytest.mark.parametrize("day", [date(2026, 1, 5), date(2026, 7, 31), date(2026, 11, 24), date(2026, 12, 23)])
def test_most_sites_are_open_whatever_the_day(day: date) -> None:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    drafts = world.calendars(SITES, WORLD.products, chance=random.Random(1), now=now)
    by_site: defaultdict[UUID, list[Calendar]] = defaultdict(list)
    for calendar in numbered(drafts):
        by_site[calendar.site_id].append(calendar)
    lints = {s.site_id: lint(by_site[s.site_id], WORLD.products, today=day) for s in SITES}
    opened = [s for s in SITES if gate(s, lints[s.site_id], today=day).is_open]
    assert len(opened) == len(SITES) - world.WITHOUT_CALENDAR
    assert not any(each.findings for each in lints.values())
    firsts = [s.begins_at for c in numbered(drafts) if c.round == "V1" for s in c.slots]
    assert min(firsts) > now + timedelta(hours=2)


def test_deliveries_come_to_every_site_with_a_calendar_and_a_few_are_short() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    moved = world.deliveries(SITES, WORLD.products, chance=random.Random(1), now=now)
    doses = sorted(doses_on_hand(moved, ()).values())
    assert len(doses) == len(SITES) - world.WITHOUT_CALENDAR
    assert doses[0] < 60
    assert doses[len(doses) // 2] > 200


def test_a_site_with_plenty_is_never_short() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    every = [s.site_id for s in SITES]
    moved = world.deliveries(SITES, WORLD.products, chance=random.Random(1), now=now, plenty=every)
    assert min(doses_on_hand(moved, ()).values()) >= 200
