"""January 2021: slow responses, when thousands searched for free slots at once.

Cured twice: whoever was not invited searches for nothing, and an offer is read from few rows, by a number of
statements that grows neither with the calendar nor with the people. Statements are counted, no clock decides.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from core.calendars import read_calendars
from core.store.work import Store
from tests.turns.conftest import Town
from tests.workers.town import SITE

HEADER = "site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity\n"
MOST_STATEMENTS = 16
MOST_SLOTS_READ = 200


class Counted:
    """Statements, and rows that they gave back."""

    statements = 0
    rows = 0


@contextmanager
def counting(engine: Engine) -> Iterator[Counted]:
    counted = Counted()

    def count(_connection, cursor, *_: object) -> None:
        counted.statements += 1
        counted.rows += max(0, cursor.rowcount)

    event.listen(engine, "after_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(engine, "after_cursor_execute", count)


def fill(store: Store, town: Town, *, minutes: int, capacity: int) -> None:
    """Three weeks of first dates and their second ones, a slot every so many minutes."""
    days = [(f"2021-01-{d:02}", f"2021-02-{d - 10:02}") for d in range(25, 32)]
    rows = "".join(
        f"{SITE},C1,V1,Comirnaty,C2,{first},08:00,16:00,{minutes},{capacity}\n"
        f"{SITE},C2,V2,Comirnaty,,{second},08:00,16:00,{minutes},{capacity}\n"
        for first, second in days
    )
    with store.begin() as work:
        work.calendars.merge(
            read_calendars(HEADER + rows, sites={SITE}, products=town.world.services.products).calendars
        )


def search(town: Town, registration: str) -> Counted:
    with counting(town.store.engine) as counted:
        assert town.perform("find_pairs", registration=registration).name == "found"
    return counted


@pytest.mark.parametrize("minutes", [60, 5])
def test_an_offer_is_read_from_few_rows_however_full_the_calendar_is(empty_town: Town, minutes: int) -> None:
    fill(empty_town.store, empty_town, minutes=minutes, capacity=10)
    counted = search(empty_town, empty_town.opened())
    assert counted.statements <= MOST_STATEMENTS
    assert counted.rows <= MOST_SLOTS_READ


def test_a_search_costs_the_same_when_many_have_dates(empty_town: Town) -> None:
    fill(empty_town.store, empty_town, minutes=5, capacity=10)
    hers = empty_town.opened()
    before = search(empty_town, hers)
    for n in range(20):
        phone = f"+42060300{n:04}"
        other = empty_town.opened(number=f"4052{10 + n % 18}{100 + n}", phone=phone)
        option = empty_town.perform("find_pairs", phone, registration=other).values["options"][0]["value"]
        empty_town.perform("hold_pair", phone, registration=other, picked=option)
        assert empty_town.perform("confirm", phone, registration=other).name == "confirmed"
    after = search(empty_town, hers)
    assert (after.statements, after.rows) <= (before.statements, before.rows + 20)


def test_whoever_was_not_invited_does_not_search(empty_town: Town) -> None:
    """2021: the PIN2 came with the registration, and whoever was fastest had the slot."""
    fill(empty_town.store, empty_town, minutes=5, capacity=10)
    empty_town.register()
    with empty_town.store.begin() as work:
        assert work.invitations.open_of(1) is None
    assert empty_town.perform("my_status").values["registrations"][0]["state"] == "waiting"
    assert empty_town.perform("enter_pin", pin="52856561").name == "wrong"
