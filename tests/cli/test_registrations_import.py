"""``crs registrations import``: once, wholly, in order, and without a secret in what it prints."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, update

from core.moving_in import Fresh, KeepsNewer
from core.registrations_file import OldRegistration, read_registrations
from core.sites import Site
from core.store import tables as t
from core.store.moving_in import MovingIn
from core.store.registrations import NUMBER
from core.store.work import Store, Work
from gateway.cli import registrations as command
from gateway.cli.registrations import registrations
from gateway.compose import App, load_world
from gateway.settings import Settings
from tests.workers.town import OTHER_SITE, SITE, add_person, add_site, vault

HEADER = (
    "jmeno,prijmeni,cislo_pojistence,pojistovna,psc,telefon,email,ockovaci_misto_id,skupina,"
    "datum_registrace,stary_pin\n"
)
JANA = f"Jana,Nováková,405123123,111,58601,601000001,,{SITE},age_80,2021-01-15 08:03:11,47110922\n"
KAREL = f"Karel,Novák,385123124,207,58601,601000001,,{SITE},age_80,2021-01-15 08:02,12345678\n"
SECRETS = ("Nov", "405123123", "385123124", "601000001", "47110922", "12345678")

Import: TypeAlias = Callable[..., Result]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
    yield store
    store.close()


@pytest.fixture
def run(database: str, store: Store, tmp_path: Path) -> Import:
    url = database.replace("+psycopg", "")
    app = KeyedApp(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))

    def run(rows: str, *said: str) -> Result:
        file = tmp_path / "people.csv"
        file.write_text(HEADER + rows, "utf-8")
        return CliRunner().invoke(registrations, ["import", str(file), *said], obj=app)

    return run


def rows(store: Store) -> list[tuple[object, ...]]:
    """Everybody here, in the order of invitations."""
    r = t.registrations.c
    with store.begin() as work:
        found = work.db.execute(
            select(r.first_name, r.state, r.registered_at, r.imported_from, r.ended_at.is_(None)).order_by(
                r.score.desc(), r.birth_date, r.registered_at, r.registration_id
            )
        )
        return [tuple(row) for row in found]


def dump(store: Store) -> list[tuple[object, ...]]:
    """Every row of the tables that an import writes."""
    with store.begin() as work:
        return [
            tuple(row)
            for table in (t.registrations, t.dead_pins)
            for row in work.db.execute(select(table).order_by(*table.primary_key.columns))
        ]


def test_people_keep_their_time_and_wait_in_the_programmes_order(run: Import, store: Store) -> None:
    ran = run(JANA + KAREL, "--from", "CRS 1")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout == "People 2: imported 2, already here 0, not needed 0.\n"
    assert rows(store) == [
        ("Karel", "waiting", datetime(2021, 1, 15, 7, 2, tzinfo=UTC), "CRS 1", True),
        ("Jana", "waiting", datetime(2021, 1, 15, 7, 3, 11, tzinfo=UTC), "CRS 1", True),
    ]


def test_the_old_pin_is_known_as_dead_and_kept_as_a_digest_only(run: Import, store: Store) -> None:
    run(JANA)
    with store.begin() as work:
        mine = work.registrations.living("405123123")
        assert mine is not None
        assert work.dead_pins.owner("47110922") == mine.registration_id
        assert work.dead_pins.owner("47110923") is None
    assert not any(b"47110922" in bytes(cell) for row in dump(store) for cell in row if type(cell) is bytes)


def test_importing_twice_changes_nothing(run: Import, store: Store) -> None:
    run(JANA + KAREL)
    before = dump(store)
    ran = run(JANA + KAREL)
    assert ran.stdout == "People 2: imported 0, already here 2, not needed 0.\n"
    assert dump(store) == before


def test_who_ended_since_does_not_come_back_by_importing_again(run: Import, store: Store) -> None:
    run(JANA)
    with store.begin() as work:
        work.db.execute(
            update(t.registrations).values(state="blocked", blocked_because="on request", ended_at=func.now())
        )
    before = dump(store)
    assert "imported 0, already here 1" in run(JANA).stdout
    assert dump(store) == before


def test_a_trial_changes_nothing(run: Import, store: Store) -> None:
    ran = run(JANA, "--dry-run")
    assert ran.stdout.splitlines() == [
        "People 1: imported 1, already here 0, not needed 0.",
        "Nothing was changed (--dry-run).",
    ]
    assert dump(store) == []


def test_what_is_set_aside_is_told_by_line_and_by_the_exit_code(run: Import) -> None:
    ran = run(JANA + KAREL.replace("207", "999") + JANA.replace("2021-01-15", "2021-01-16"))
    assert ran.exit_code == 3
    assert ran.stdout.splitlines() == [
        "People 1: imported 1, already here 0, not needed 0.",
        "Twice in the file: 1. The newer registration holds:",
        "  line 2: line 4 is the same person, later",
        "Set aside: 1. Mend these rows and import the file again:",
        "  line 3: pojistovna is none of 111, 201, 205, 207, 209, 211, 213",
    ]
    assert not any(secret in ran.output for secret in SECRETS)


@pytest.mark.parametrize(
    ("here", "told", "first_is_living"),
    [
        pytest.param(
            {"registered_at": datetime(2021, 1, 15, 7, 0, tzinfo=UTC)},
            "Replaced: 1 who had registered here earlier, and have no dates.",
            False,
            id="earlier and without dates",
        ),
        pytest.param(
            {"registered_at": datetime(2021, 1, 15, 9, 0, tzinfo=UTC)},
            "Not needed: 1 who registered here later; that holds.",
            True,
            id="later",
        ),
        pytest.param(
            {
                "registered_at": datetime(2021, 1, 15, 7, 0, tzinfo=UTC),
                "state": "reserved",
                "reserved_at": datetime(2021, 1, 20, tzinfo=UTC),
            },
            "Not needed: 1 who have dates here; those hold.",
            True,
            id="with dates",
        ),
    ],
)
def test_a_newer_registration_replaces_one_without_dates(
    run: Import, store: Store, here: dict[str, object], told: str, first_is_living: bool
) -> None:
    with store.begin() as work:
        earlier = add_person(
            work.db,
            1,
            number_sealed=vault().seal("405123123"),
            number_digest=vault().digest("405123123", purpose=NUMBER),
            **here,
        )
    assert told in run(JANA).stdout.splitlines()
    with store.begin() as work:
        living = work.registrations.living("405123123")
        assert living is not None
        assert (living.registration_id == earlier) is first_is_living
        assert work.dead_pins.owner("47110922") == living.registration_id


def test_an_import_that_is_killed_leaves_nobody_half_done_and_goes_on(
    run: Import, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = "".join(
        f"Anna,Malá,41512{n:04},111,58601,601{n:06},,{SITE},age_70,2021-01-15 08:00,{10_000_000 + n}\n"
        for n in range(100, 112)
    )
    monkeypatch.setattr(command, "AT_ONCE", 5)
    whole = MovingIn.take
    calls = iter(range(100))

    def take(self: MovingIn, *some: object, **said: object) -> object:
        moved = whole(self, *some, **said)  # type: ignore[arg-type]
        if next(calls) == 1:
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(MovingIn, "take", take)
    assert run(people).exit_code == 1
    assert len(dump(store)) == 10, (
        "five people with their PINs: the first transaction, and nothing of the second"
    )
    monkeypatch.setattr(MovingIn, "take", whole)
    assert run(people).stdout == "People 12: imported 7, already here 5, not needed 0.\n"
    assert len(dump(store)) == 24


class Outrun(MovingIn):
    """Somebody else commits between the look and the write."""

    def __init__(self, work: Work, other: Store) -> None:
        super().__init__(work)
        self._other = other

    def _add(self, people: Sequence[OldRegistration], *, source: str) -> dict[str, int]:
        with self._other.begin() as theirs:
            add_person(theirs.db, 1, number_digest=vault().digest("405123123", purpose=NUMBER))
        return super()._add(people, source=source)


def test_who_registers_here_at_the_same_moment_is_not_taken_twice(store: Store) -> None:
    read = read_registrations(
        HEADER + JANA + KAREL,
        sites=[site(store)],
        programme=load_world().programme,
        country="CZ",
        now=datetime.now(UTC),
    )
    with store.begin() as work:
        moved = Outrun(work, store).take(read.people, source="old", now=datetime.now(UTC))
    assert moved[Fresh] == 1, "Jana was fresh when we looked"
    assert moved[KeepsNewer] == 1
    assert sorted(first_name for first_name, *_ in rows(store)) == ["Anna", "Karel"]


def site(store: Store) -> Site:
    with store.begin() as work:
        return work.sites.all()[SITE]
