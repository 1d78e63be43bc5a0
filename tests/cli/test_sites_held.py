"""``crs sites import, held, approve, history``: what is dangerous waits for somebody, and all is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from gateway.cli.sites import sites
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import add_dates, add_person, hold, vault

JIHLAVA = "11111111-1111-4111-8111-111111111111"
HEADER = (
    "ockovaci_misto_id,ockovaci_misto_nazev,okres_nuts_kod,operacni_status,ockovaci_misto_adresa,latitude,"
    "longitude,ockovaci_misto_typ,nrpzs_kod,minimalni_kapacita,bezbarierovy_pristup\n"
)
ROW = f'{JIHLAVA},Nemocnice Jihlava,CZ0632,1,"Vrchlického 59, Jihlava",49.39,15.58,OČM,90638000,300,1\n'
FIRST = HEADER + ROW

Run: TypeAlias = Callable[..., Result]
Written: TypeAlias = Callable[..., str]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def app(database: str) -> App:
    url = database.replace("+psycopg", "")
    return KeyedApp(
        settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}})
    )


@pytest.fixture
def run(app: App) -> Run:
    return lambda *said: CliRunner().invoke(sites, said, obj=app)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str, name: str = "file.csv") -> str:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return str(path)

    return write


def lines(ran: Result) -> list[str]:
    assert ran.exit_code == 0, ran.output
    return ran.stdout.splitlines()


def test_a_tenfold_capacity_waits_and_the_rest_of_the_row_does_not(run: Run, written: Written) -> None:
    run("import", written(FIRST))
    changed = FIRST.replace(",300,1", ",7000,0")
    told = [
        f"~ Nemocnice Jihlava ({JIHLAVA}): is_barrier_free True -> False",
        "New 0, changed 1, gone 0, unchanged 0.",
        (
            f"? Nemocnice Jihlava ({JIHLAVA}), capacity: its capacity would go from 300 to 7000 people a "
            "day, more than 10 times. Ask the site for how many it has people and room"
        ),
        "To be looked at: held now 1. See `crs sites held`.",
    ]
    assert lines(run("import", written(changed), "--dry-run")) == [*told, "Nothing was changed (--dry-run)."]
    assert lines(run("held")) == ["Nothing is held."]
    assert lines(run("import", written(changed))) == told
    assert lines(run("import", written(changed))) == [
        "New 0, changed 0, gone 0, unchanged 0.",
        "To be looked at: held before 1. See `crs sites held`.",
    ]
    shown = lines(run("held"))
    assert shown[0].startswith("  1 Nemocnice Jihlava, capacity: its capacity would go from 300 to 7000")
    assert len(shown) == 3


def test_what_is_approved_is_made_and_its_history_says_by_whom(run: Run, written: Written) -> None:
    run("import", written(FIRST, "january.csv"), "--by", "Dvořák")
    run("import", written(FIRST.replace(",300,", ",7000,"), "june.csv"), "--by", "Dvořák")
    assert lines(run("approve", "1", "--by", "Svobodová"))[-1] == "Approved: 1."
    assert lines(run("held")) == ["Nothing is held."]
    assert lines(run("import", written(FIRST.replace(",300,", ",7000,")))) == [
        "New 0, changed 0, gone 0, unchanged 1."
    ]
    told = [line.split(" ", 4)[-1] for line in lines(run("history", "jihlava"))[1:]]
    assert [line.split(": its")[0] for line in told] == [
        "new (january.csv, by Dvořák)",
        "held capacity",
        "changed capacity_per_day: 300 -> 7000 (june.csv, by Svobodová)",
    ]
    assert lines(run("history", JIHLAVA)) == lines(run("history", "Nemocnice Jihlava"))


def test_what_is_rejected_is_not_asked_again_unless_it_changes(run: Run, written: Written) -> None:
    run("import", written(FIRST))
    run("import", written(FIRST.replace(",300,", ",7000,")))
    assert lines(run("approve", "1", "--reject", "--by", "Svobodová"))[-1] == "Rejected: 1."
    assert lines(run("import", written(FIRST.replace(",300,", ",7000,"))))[1:] == [
        "To be looked at: rejected before 1. See `crs sites held`."
    ]
    assert "held now 1" in lines(run("import", written(FIRST.replace(",300,", ",8000,"))))[-1]
    assert "not in question any more 1" in lines(run("import", written(FIRST)))[-1]
    assert "held now 1" in lines(run("import", written(FIRST.replace(",300,", ",7000,"))))[-1]


def test_a_file_that_is_silent_about_a_field_answers_no_question_about_it(run: Run, written: Written) -> None:
    run("import", written(FIRST.replace("OČM", "AČR")))
    assert "held now 1" in lines(run("import", written(FIRST)))[-1]
    silent = FIRST.replace(",ockovaci_misto_typ", "").replace(",OČM", "")
    assert lines(run("import", written(silent))) == ["New 0, changed 0, gone 0, unchanged 1."]
    assert len(lines(run("held"))) == 3


def test_a_site_with_people_closes_only_when_somebody_says_so(app: App, run: Run, written: Written) -> None:
    run("import", written(FIRST))
    with app.store() as store, store.begin() as work:
        (site,) = work.sites.all().values()
        add_person(work.db, 1, site_id=site.site_id)
        (first,), (second,) = add_dates(work.db, pairs=1, site_id=site.site_id)
        hold(work.db, add_person(work.db, 2, site_id=site.site_id, state="invited"), first, second)
        work.db.exec_driver_sql("UPDATE slots SET begins_at = begins_at + interval '100 years'")
    closed = lines(run("import", written(FIRST.replace("CZ0632,1", "CZ0632,0"))))
    assert closed[1].endswith(
        "closed: it would not be offered any more (is_active True -> False), and 2 wait there, 1 have dates. "
        "Ask the site; for a while only: `crs sites pause`"
    )
    other = ROW.replace(JIHLAVA, JIHLAVA.replace("1111-", "2222-", 1)).replace("Jihlava,C", "Třebíč,C")
    gone = lines(run("import", written(HEADER + other)))
    assert "it is not in the file, and 2 wait there, 1 have dates: ask who will serve them" in gone[2]
    with app.store() as store, store.begin() as work:
        assert work.sites.all()[site.site_id] == site
    assert lines(run("approve", "2", "--by", "Svobodová"))[-1] == "Approved: 1."
    with app.store() as store, store.begin() as work:
        assert site.site_id in work.sites.gone()
    assert " gone (file.csv, by Svobodová)" in lines(run("history", "nemocnice jihlava"))[-1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param(["2"], "Nothing was decided: 2 is not held", id="no such number"),
        pytest.param(["1-3"], "Nothing was decided: 2, 3 are not held", id="one of them is not there"),
        pytest.param(["first"], "neither a number nor a range", id="no number"),
        pytest.param(["3-1"], "is no range", id="backwards"),
        pytest.param(["1-9999999"], "is no range of at most 10000", id="everything"),
        pytest.param([], "Missing argument", id="nothing"),
    ],
)
def test_all_is_decided_or_nothing(run: Run, written: Written, said: list[str], words: str) -> None:
    run("import", written(FIRST))
    run("import", written(FIRST.replace(",300,", ",7000,")))
    ran = run("approve", *said, "--by", "Svobodová")
    assert ran.exit_code != 0
    assert words in ran.output
    assert lines(run("held"))[0].startswith("  1 ")


def test_nobody_decides_without_a_name(run: Run) -> None:
    ran = run("approve", "1")
    assert ran.exit_code == 2
    assert "Missing option '--by'" in ran.output


def test_what_was_changed_meanwhile_is_not_overwritten(app: App, run: Run, written: Written) -> None:
    run("import", written(FIRST))
    run("import", written(FIRST.replace(",300,", ",7000,")))
    with app.store() as store, store.begin() as work:
        work.db.exec_driver_sql("UPDATE sites SET capacity_per_day = 500")
    ran = run("approve", "1", "--by", "Svobodová")
    assert ran.exit_code == 1
    assert "the site was changed meanwhile (1 Nemocnice Jihlava). Import the newest file again" in ran.output


def test_an_import_that_breaks_off_leaves_nothing_half_done(
    app: App, run: Run, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", written(FIRST))

    class Interrupted(Exception):
        pass

    def break_off(*_: object, **__: object) -> None:
        raise Interrupted

    monkeypatch.setattr("core.store.held_changes.HeldChangeBook.hold", break_off)
    assert isinstance(run("import", written(FIRST.replace(",300,1", ",7000,0"))).exception, Interrupted)
    monkeypatch.undo()
    with app.store() as store, store.begin() as work:
        assert [site.is_barrier_free for site in work.sites.all().values()] == [True]
    assert lines(run("held")) == ["Nothing is held."]
