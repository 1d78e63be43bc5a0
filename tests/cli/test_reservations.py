"""``crs reservations``: what a site types, and what its people are told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import select, update

from core.calendars.calendar import PRAGUE
from core.store import tables as t
from core.store.work import Store
from gateway.cli.reservations import reservations
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import add_dates, add_person, add_site, hold

TODAY = datetime.now(PRAGUE).date()
SOON, LATER = TODAY + timedelta(days=5), TODAY + timedelta(days=6)
YESTERDAY = TODAY - timedelta(days=1)

Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def app(database: str) -> App:
    given = {"database": {"url": database.replace("+psycopg", "")}, "secrets": {"key": SecretStr("k" * 32)}}
    return App(settings=Settings.model_validate(given))


@pytest.fixture
def store(database: str, app: App) -> Iterator[Store]:
    """Two people have dates soon, at 8:00 and 8:05; the day after is free, and its seconds."""
    store = Store.connect(database, app.vault)
    with store.begin() as work:
        add_site(work.db)
        firsts, seconds = add_dates(work.db, pairs=4, first=_at(SOON))
        for slot_ids, days in ((firsts, 1), (seconds, 1)):
            free = update(t.slots).where(t.slots.c.slot_id.in_(slot_ids[2:]))
            work.db.execute(free.values(begins_at=t.slots.c.begins_at + timedelta(days=days)))
        for number in (0, 1):
            person = add_person(work.db, number + 1, state="reserved", reserved_at=datetime.now(UTC))
            hold(work.db, person, firsts[number], seconds[number], state="confirmed")
    yield store
    store.close()


def _at(day) -> datetime:
    return datetime.combine(day, time(8), PRAGUE).astimezone(UTC)


def _begun_yesterday(store: Store) -> None:
    with store.begin() as work:
        moved = timedelta(days=(SOON - YESTERDAY).days)
        work.db.execute(update(t.slots).values(begins_at=t.slots.c.begins_at - moved))


@pytest.fixture
def run(app: App, store: Store) -> Run:
    return lambda *said: CliRunner().invoke(reservations, [str(each) for each in said], obj=app)


def texts(store: Store) -> list[str]:
    with store.begin() as work:
        sealed = work.db.scalars(select(t.outbox.c.text_sealed).order_by(t.outbox.c.mt_id))
        return [work.vault.open(each) for each in sealed]


def test_the_day_of_a_site_is_listed(run):
    lines = run("list", "jihlava", SOON).output.splitlines()
    assert [line.split() for line in lines] == [
        ["#1", "08:00", "1", "confirmed", "Anna", "Nováková", "1"],
        ["#2", "08:05", "1", "confirmed", "Anna", "Nováková", "2"],
    ]
    assert run("list", "jihlava", TODAY).output == "Nobody is expected.\n"


def test_a_day_is_moved_and_its_people_are_told(run, store):
    moved = run("move", "jihlava", SOON, "--to", LATER)
    assert moved.output == "2 moved, 0 stay.\n"
    assert run("list", "jihlava", SOON).output == "Nobody is expected.\n"
    assert len(run("list", "jihlava", LATER).output.splitlines()) == 2
    assert all("misto meni vas termin" in text and "ZMENA" in text for text in texts(store))
    assert len(texts(store)) == 2
    assert run("move", "jihlava", SOON, "--to", LATER).output == "0 moved, 0 stay.\n"


def test_who_does_not_fit_keeps_the_dates_and_is_named(run, store):
    with store.begin() as work:
        full = work.db.scalar(select(t.slots.c.slot_id).where(t.slots.c.begins_at > _at(LATER)).limit(1))
        work.db.execute(update(t.slots).where(t.slots.c.slot_id == full).values(taken=1))
    moved = run("move", "jihlava", SOON, "--to", LATER)
    assert moved.exit_code == 1
    assert "stays: nothing that suits is free" in moved.output
    assert "1 moved, 1 stay." in moved.output
    assert len(texts(store)) == 1


def test_a_dry_run_of_a_move_changes_nothing(run, store):
    before = run("list", "jihlava", SOON).output
    assert (
        "2 moved, 0 stay. Nothing was changed"
        in run("move", "jihlava", SOON, "--to", LATER, "--dry-run").output
    )
    assert run("list", "jihlava", SOON).output == before
    assert texts(store) == []


def test_one_slot_or_one_reservation_is_moved_alone(run):
    assert run("move", "jihlava", SOON, "--to", LATER, "--at", "8:05").output == "1 moved, 0 stay.\n"
    assert run("move", "jihlava", SOON, "--to", LATER, "--reservation", 1).output == "1 moved, 0 stay.\n"


def test_arrivals_are_noted_and_the_others_missed(run, store):
    _begun_yesterday(store)
    assert run("arrived", 1).output == "#1 came to the first date.\n"
    assert run("arrived", 1).exit_code == 1  # her second date is the next one
    assert run("missed", "jihlava", YESTERDAY, "--dry-run").output.startswith(
        "1 did not come, 1 are told. Noth"
    )
    assert run("missed", "jihlava", YESTERDAY).output == "1 did not come, 1 are told.\n"
    assert run("missed", "jihlava", YESTERDAY).output == "0 did not come, 0 are told.\n"
    (text,) = texts(store)
    assert "jste neprisli" in text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(("list", "brno", SOON), "there is no site 'brno'", id="unknown site"),
        pytest.param(("list", "jihlava", "24.12."), "does not match the format", id="no day"),
        pytest.param(("missed", "jihlava", TODAY), "that day is not over yet", id="missed today"),
        pytest.param(("move", "jihlava", SOON, "--to", TODAY), "must be after today", id="moved to today"),
        pytest.param(("arrived", "99"), "#99 is no reservation.", id="unknown reservation"),
        pytest.param(("arrived", "1"), f"#1 is expected on {SOON}, not today.", id="too early"),
        pytest.param(("done", "1"), "not today.", id="done too early"),
    ],
)
def test_what_cannot_be_done_is_said(run, said, told):
    result = run(*said)
    assert result.exit_code != 0
    assert told in result.output
