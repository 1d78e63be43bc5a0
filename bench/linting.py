"""Calendars of every site, a year of days: how long the linter takes, beside a plain pass over the slots.

Days as the planner and the gate read them (one slot a day), and slots as `crs calendars check` does. Pairs
are scarce on purpose: each fifth second date is missing, so that there is something to find.
"""

import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Final
from uuid import uuid4

from bench.ground import Figure
from core.calendars import Calendar, Round, Slot, inspect, lint
from gateway.compose import load_world

SITES: Final = 248
DAYS: Final = 365
SLOTS_A_DAY: Final = 20
FIRST_DAY: Final = date(2021, 2, 1)
MISSING: Final = 5  # each fifth second day
TIMES: Final = 3


def main() -> list[Figure]:
    """Measure and print processor seconds, the best of three; a plain pass over the same slots goes first."""
    products = load_world().products
    found = []
    for slots_a_day, sites in ((1, SITES), (SLOTS_A_DAY, SITES // SLOTS_A_DAY)):
        country = [_site(slots_a_day) for _ in range(sites)]
        slots = sum(len(calendar.slots) for calendars in country for calendar in calendars)
        plain = _best(country, _pass_over)
        for name, judge in (
            ("lint", lambda its: lint(its, products, today=FIRST_DAY)),
            ("inspect, hints and mendings", lambda its: inspect(its, products, today=FIRST_DAY)),
        ):
            seconds = _best(country, judge)
            found.append(
                Figure(f"{name}: slots, {slots_a_day} a day", slots / seconds, "plain pass", slots / plain)
            )
            print(f"{found[-1]}  {sites} sites {seconds:.2f} s", flush=True)
    return found


def _best(country: Sequence[Sequence[Calendar]], judge: Callable[[Sequence[Calendar]], object]) -> float:
    def once() -> float:
        gc.collect()
        begun = time.process_time()
        for calendars in country:
            judge(calendars)
        return time.process_time() - begun

    return min(once() for _ in range(TIMES))


def _pass_over(calendars: Sequence[Calendar]) -> int:
    """What any verdict costs at least: every slot is seen, with its local day and its free places."""
    by_day: dict[date, int] = {}
    for calendar in calendars:
        for slot in calendar.slots:
            day = slot.day
            by_day[day] = by_day.get(day, 0) + slot.free
    return len(by_day)


def _site(slots_a_day: int) -> list[Calendar]:
    site_id, ids = uuid4(), count(1)

    def series(calendar_id: int, round_: Round, links_to: str | None) -> Calendar:
        days = (FIRST_DAY + timedelta(days=n) for n in range(DAYS))
        slots = tuple(
            Slot(
                next(ids),
                calendar_id,
                datetime(day.year, day.month, day.day, 7, tzinfo=UTC) + timedelta(minutes=20 * n),
                4,
            )
            for at, day in enumerate(days)
            if round_ is Round.FIRST or at % MISSING
            for n in range(slots_a_day)
        )
        return Calendar(calendar_id, site_id, round_.value, round_, "comirnaty", links_to, slots)

    return [series(1, Round.FIRST, Round.SECOND.value), series(2, Round.SECOND, None)]


if __name__ == "__main__":
    main()
