"""``crs export``: our own readers read it back, it is the same twice, and nobody is in it."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from core.calendars import Round
from core.calendars.published import read_published
from core.exports import mista, registrace, rezervace
from core.sites import Kind, diff, read_sites
from core.store import tables as t
from core.store.exports import ExportView
from core.store.work import Store
from gateway.cli.export import export
from gateway.compose import App, load_world
from gateway.settings import Settings
from tests.installation import SITES
from tests.slot_publisher import check_files, check_manifest
from tests.workers.town import (
    NOW,
    OTHER_SITE,
    SITE,
    THREE_WEEKS,
    add_dates,
    add_people,
    add_person,
    add_site,
    hold,
    vault,
)

Run: TypeAlias = Callable[..., Result]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault())
    yield store
    store.close()


@pytest.fixture
def town(store: Store) -> Store:
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name='Nemocnice "U Lva", Třebíč')
        work.db.execute(t.sites.update().values(district="CZ0632"))
    return store


@pytest.fixture
def run(database: str) -> Run:
    url = database.replace("+psycopg", "")
    app = KeyedApp(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))
    return lambda *said: CliRunner().invoke(export, [str(each) for each in said], obj=app)


def lines(ran: Result) -> list[str]:
    assert ran.exit_code == 0, ran.output
    return ran.stdout.splitlines()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_real_registry_comes_back_as_it_is_kept(run: Run, store: Store, tmp_path: Path):
    postcodes = load_world().postcodes
    with store.begin() as work:
        work.sites.apply(diff({}, read_sites(SITES.read_bytes(), postcodes).sites), now=NOW)
        kept = work.sites.all()
    assert lines(run("mista", "--out", tmp_path)) == [
        f"{tmp_path / mista.SHEET.file_name}: {len(kept)} rows."
    ]
    written = (tmp_path / mista.SHEET.file_name).read_bytes()
    again = read_sites(written, postcodes)
    assert not again.quarantined
    assert {site.site_id: site for site in again.sites} == kept
    originals = SITES.read_bytes().splitlines(keepends=True)
    assert written.splitlines(keepends=True)[0] == originals[0]
    assert len(set(written.splitlines()) & {line.rstrip(b"\r\n") for line in originals}) > 200


def test_sampling_sites_and_those_that_are_gone_are_not_in_the_registry(
    run: Run, town: Store, tmp_path: Path
):
    with town.begin() as work:
        sites = work.sites.all()
        work.sites.apply(diff(sites, [replace(sites[SITE], kind=Kind.SAMPLING)]), now=NOW)
    assert lines(run("mista", "--out", tmp_path / "m.csv")) == [f"{tmp_path / 'm.csv'}: 0 rows."]
    assert (tmp_path / "m.csv").read_bytes().decode() == mista.SHEET.header


def test_places_come_back_as_the_store_has_them(run: Run, town: Store, tmp_path: Path):
    with town.begin() as work:
        first, second = add_dates(work.db, pairs=6)
        add_dates(work.db, pairs=3, site_id=OTHER_SITE, product="moderna", apart=timedelta(days=28))
        add_dates(work.db, pairs=1, product="antigen", first=NOW)
        hold(work.db, add_person(work.db, 1), first[0], second[0])
    assert lines(run("rezervace", "--out", tmp_path))[0].endswith(": 4 rows.")
    path = tmp_path / rezervace.SHEET.file_name
    with path.open(encoding="utf-8", newline="") as file:
        found = read_published(file)
    assert not found.wrong
    assert found.sites[SITE].places == {
        Round.FIRST: {date(2021, 1, 25): 6},
        Round.SECOND: {date(2021, 2, 15): 6},
        Round.SUBSTITUTE: {},
    }
    assert found.sites[OTHER_SITE].name == 'Nemocnice "U Lva", Třebíč'
    assert {
        (row["datum"], row["volna_kapacita"]) for row in read(path) if row["ockovaci_misto_id"] == str(SITE)
    } == {
        ("2021-01-25", "5"),
        ("2021-02-15", "5"),
    }
    assert {row["kraj_nazev"] for row in read(path)} == {"Kraj Vysočina"}


def test_places_from_a_day_on(run: Run, town: Store, tmp_path: Path):
    with town.begin() as work:
        add_dates(work.db, pairs=1, first=datetime(2021, 1, 25, 23, 30, tzinfo=UTC))  # the 26th in Prague
    after = (datetime(2021, 1, 26, tzinfo=UTC) + THREE_WEEKS).date()
    run("rezervace", "--out", tmp_path, "--since", "2021-01-26")
    assert [row["datum"] for row in read(tmp_path / rezervace.SHEET.file_name)] == ["2021-01-26", str(after)]
    run("rezervace", "--out", tmp_path, "--since", "2021-01-27")
    assert [row["datum"] for row in read(tmp_path / rezervace.SHEET.file_name)] == [str(after)]


def test_registrations_are_published_and_nobody_is_in_them(run: Run, town: Store, tmp_path: Path):
    with town.begin() as work:
        add_people(work.db, 12)
        for number in range(20, 24):
            add_person(work.db, number, site_id=OTHER_SITE, state="blocked", blocked_because="wrong PINs")
        add_person(work.db, 30, state="choosing", service="antigen")
    said = lines(run("registrace", "--out", tmp_path))
    path = tmp_path / registrace.SHEET.file_name
    assert said == [
        "Registrations 16; of every published row there are at least 10:",
        "  whole: 12",
        "  left out: 4",
        f"{path}: 12 rows.",
    ]
    found = read(path)
    assert tuple(found[0]) == registrace.SHEET.columns
    assert Counter(row["zavora_status"] for row in found) == {"před závorou": 12}
    text = path.read_text("utf-8")
    assert not any(word in text for word in ("Anna", "Nováková", "601000", "1940", "58601", "400000"))


def test_smaller_groups_are_told_where_that_is_chosen(run: Run, town: Store, tmp_path: Path):
    with town.begin() as work:
        add_people(work.db, 4, site_id=OTHER_SITE)
    said = lines(run("registrace", "--out", tmp_path, "--smallest-group", "4"))
    assert said[1:3] == ["  whole: 4", f"{tmp_path / registrace.SHEET.file_name}: 4 rows."]


def test_a_row_for_one_person_cannot_be_chosen(run: Run, tmp_path: Path):
    ran = run("registrace", "--out", tmp_path, "--smallest-group", "1")
    assert ran.exit_code == 2
    assert "--smallest-group" in ran.stderr


def test_registrations_from_a_day_on(run: Run, town: Store, tmp_path: Path):
    with town.begin() as work:
        for number in range(12):
            add_person(work.db, number, at=datetime(2021, 1, 15, 22, 59, tzinfo=UTC))
        for number in range(20, 31):
            add_person(work.db, number, at=datetime(2021, 1, 15, 23, 0, tzinfo=UTC))
    run("registrace", "--out", tmp_path, "--since", "2021-01-16")
    assert [row["datum"] for row in read(tmp_path / registrace.SHEET.file_name)] == ["2021-01-16"] * 11


def test_a_trial_says_what_would_be_left_out_and_writes_nothing(run: Run, town: Store, tmp_path: Path):
    with town.begin() as work:
        add_people(work.db, 3)
    assert lines(run("registrace", "--out", tmp_path, "--dry-run"))[1:] == [
        "  left out: 3",
        "Nothing was changed (--dry-run).",
    ]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["registrace", "rezervace", "mista"])
def test_twice_is_the_same(run: Run, town: Store, tmp_path: Path, what: str):
    with town.begin() as work:
        add_people(work.db, 12)
        add_people(work.db, 11, start=20, site_id=OTHER_SITE)
        add_dates(work.db, pairs=3)
    out = tmp_path / "out.csv"
    lines(run(what, "--out", out))
    before = out.read_bytes()
    lines(run(what, "--out", out))
    assert out.read_bytes() == before
    assert before.count(b"\n") > 1


@pytest.mark.parametrize("what", ["registrace", "rezervace", "mista"])
def test_an_empty_installation_has_a_header(run: Run, tmp_path: Path, what: str):
    lines(run(what, "--out", tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text("utf-8").count("\n") == 1


def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path):
    ran = run("mista", "--out", tmp_path / "none" / "out.csv")
    assert ran.exit_code == 2
    assert "cannot be written: No such file or directory" in ran.stderr


def test_ages_are_those_of_the_day_of_the_export(town: Store):
    with town.begin() as work:
        add_person(work.db, 1, born=date(1941, 1, 23))
        view = ExportView(work.db)
        groups = [next(iter(view.registrations(on=date(2021, 1, day)))).youngest for day in (22, 23)]
    assert groups == [75, 80]


def test_free_dates_are_published_in_a_folder(run: Run, town: Store, tmp_path: Path):
    soon = datetime.now(UTC).replace(hour=8, minute=0) + timedelta(days=1)
    with town.begin() as work:
        add_dates(work.db, pairs=2, product="janssen", first=soon)
    out = tmp_path / "web"
    out.mkdir()
    (out / "slots-CZ010.ndjson").write_text("of yesterday", "utf-8")
    said = lines(run("smart", "--out", out, "--base-url", "https://crs.example.cz/free/"))
    assert said[-1] == f"{out / '$bulk-publish'}: published at https://crs.example.cz/free/$bulk-publish."
    kinds = check_manifest(json.loads((out / "$bulk-publish").read_text("utf-8")))
    files = {url: (out / url.rpartition("/")[2]).read_text("utf-8") for url in kinds}
    assert Counter(name.partition("/")[0] for name in check_files(files, kinds)) == {
        "Location": 1,
        "Schedule": 1,
        "Slot": 2,
    }
    assert len(list(out.iterdir())) == 4


def test_free_dates_need_an_address(run: Run, tmp_path: Path):
    ran = run("smart", "--out", tmp_path)
    assert ran.exit_code == 2
    assert "https://crs.example.cz/smart-scheduling" in ran.stderr
