"""``crs sites``, ``crs calendars``, ``crs deliveries``: what the console types and reads."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from core.open_data import UnreadableFile
from gateway.cli import crs
from gateway.cli import main as crs_main
from gateway.cli.calendars import calendars
from gateway.cli.deliveries import deliveries
from gateway.cli.sites import sites
from gateway.compose import App
from gateway.settings import Settings

DATA = Path(__file__).parents[2] / "data"
JIHLAVA = "11111111-1111-4111-8111-111111111111"
TREBIC = "22222222-2222-4222-8222-222222222222"
STRANGER = "33333333-3333-4333-8333-333333333333"

REGISTRY = (
    "ockovaci_misto_id,ockovaci_misto_nazev,okres_nuts_kod,operacni_status,ockovaci_misto_adresa,latitude,"
    "longitude,ockovaci_misto_typ,nrpzs_kod,minimalni_kapacita,bezbarierovy_pristup\n"
)
AT_JIHLAVA = (
    f'{JIHLAVA},Nemocnice Jihlava,CZ0632,1,"Vrchlického 59, Jihlava",49.39,15.58,OČM,90638000,300,1\n'
)
AT_TREBIC = (
    f'{TREBIC},Nemocnice Třebíč,CZ0634,0,"Purkyňovo náměstí, Třebíč",49.21,15.87,OČM,839396000,200,1\n'
)
CALENDARS = "site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity\n"
FIRST = f"{JIHLAVA},Comirnaty 1,V1,Comirnaty,Comirnaty 2,2021-01-25,08:00,09:00,30,2\n"
LATE = f"{JIHLAVA},Comirnaty 1,V1,Comirnaty,Comirnaty 2,2021-01-26,08:00,11:00,30,2\n"
SECOND = f"{JIHLAVA},Comirnaty 2,V2,Comirnaty,,2021-02-15,08:00,09:00,30,2\n"
DELIVERIES = (
    "datum,ockovaci_misto_id,cilove_ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek\n"
)
THEN = ("--now", "2021-01-22")

Run: TypeAlias = Callable[..., Result]
Written: TypeAlias = Callable[[str], str]


@pytest.fixture
def run(database: str) -> Run:
    app = App(
        settings=Settings.model_validate(
            {"database": {"url": database.replace("+psycopg", "")}, "secrets": {"key": SecretStr("k" * 32)}}
        )
    )
    groups = {"sites": sites, "calendars": calendars, "deliveries": deliveries}

    def run(group: str, *said: str) -> Result:
        return CliRunner().invoke(groups[group], said, obj=app)

    return run


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> str:
        path = tmp_path / "file.csv"
        path.write_text(text, "utf-8")
        return str(path)

    return write


def lines(ran: Result) -> list[str]:
    assert ran.exit_code == 0, ran.output
    return ran.stdout.splitlines()


def test_an_import_of_sites_shows_what_is_new_changed_and_gone(run: Run, written: Written) -> None:
    assert lines(run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_TREBIC))) == [
        f"+ Nemocnice Jihlava ({JIHLAVA})",
        f"+ Nemocnice Třebíč ({TREBIC})",
        "New 2, changed 0, gone 0, unchanged 0.",
    ]
    again = written(REGISTRY + AT_JIHLAVA.replace(",300,", ",600,"))
    shown = [
        f"~ Nemocnice Jihlava ({JIHLAVA}): capacity_per_day 300 -> 600",
        f"- Nemocnice Třebíč ({TREBIC})",
        "New 0, changed 1, gone 1, unchanged 0.",
    ]
    assert lines(run("sites", "import", again, "--dry-run")) == [
        *shown,
        "Nothing was changed (--dry-run).",
    ]
    assert lines(run("sites", "import", again)) == shown
    assert lines(run("sites", "import", again)) == ["New 0, changed 0, gone 0, unchanged 1."]


def test_a_bad_row_is_set_aside_and_its_site_is_not_gone(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_TREBIC))
    swapped = AT_TREBIC.replace("49.21,15.87", "15.87,49.21")
    assert lines(run("sites", "import", written(REGISTRY + AT_JIHLAVA + swapped))) == [
        "New 0, changed 0, gone 0, unchanged 2.",
        "Set aside: 1. Mend these rows and import the file again:",
        "  line 3: coordinates 15.87, 49.21 are outside Czechia (they seem to be swapped)",
    ]


@pytest.mark.parametrize(("file", "count"), [("ocm_2021-01-21.csv", 78), ("ocm_2021-06-14.csv", 248)])
def test_the_real_registries_are_imported_and_twice_changes_nothing(run: Run, file: str, count: int) -> None:
    new = lines(run("sites", "import", str(DATA / file)))
    aside = sum(line.startswith("  line ") for line in new)
    assert f"New {count - aside}, changed 0, gone 0, unchanged 0." in new
    assert f"New 0, changed 0, gone 0, unchanged {count - aside}." in lines(
        run("sites", "import", str(DATA / file))
    )


def test_a_file_without_any_site_closes_none(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA))
    ran = run("sites", "import", written(REGISTRY))
    assert ran.exit_code == 1
    assert "Nothing was changed." in ran.output
    assert "1 sites" in lines(run("sites", "check"))[-1]


def test_checks_say_per_site_what_is_missing(run: Run, written: Written) -> None:
    assert lines(run("sites", "check")) == ["There are no sites yet. Bring them in: `crs sites import FILE`."]
    run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_TREBIC))
    run("calendars", "import", written(CALENDARS + FIRST + SECOND))
    shown = lines(run("sites", "check", *THEN))
    assert shown[0] == f"Nemocnice Jihlava ({JIHLAVA}): open"
    assert shown[1].startswith(f"Nemocnice Třebíč ({TREBIC}): the registry says that it is not active")
    assert shown[2:] == ["1 of 2 sites may be offered."]
    as_json = json.loads(run("sites", "check", "--json", *THEN).stdout)
    assert [(site["name"], site["open"], len(site["missing"])) for site in as_json] == [
        ("Nemocnice Jihlava", True, 0),
        ("Nemocnice Třebíč", False, 2),
    ]


def test_an_import_of_calendars_counts_what_it_did(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA))
    file = written(CALENDARS + FIRST + SECOND + FIRST.replace(JIHLAVA, STRANGER))
    aside = [
        "Set aside: 1. Mend these rows and import the file again:",
        f"  line 4: there is no site {STRANGER}; import the sites first",
    ]
    done = ["Calendars new 2, changed 0; slots new 4, changed 0.", *aside]
    assert lines(run("calendars", "import", file, "--dry-run")) == [*done, "Nothing was changed (--dry-run)."]
    assert lines(run("calendars", "import", file)) == [
        *done,
        "See what can be booked: `crs calendars check`.",
    ]
    assert lines(run("calendars", "import", file))[0] == "Calendars new 0, changed 0; slots new 0, changed 0."


def test_a_check_names_the_slots_that_cannot_be_paired_by_calendar_and_cause(
    run: Run, written: Written
) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_TREBIC))
    broken = FIRST.replace(JIHLAVA, TREBIC)
    run("calendars", "import", written(CALENDARS + FIRST + LATE + SECOND + broken))
    five = ", ".join(f"26.01.2021 {at}" for at in ("08:00", "08:30", "09:00", "09:30", "10:00"))
    assert lines(run("calendars", "check", *THEN)) == [
        f"Nemocnice Jihlava ({JIHLAVA}): bookable pairs: comirnaty 4",
        f"  Comirnaty 1, second calendar too short: {five} and 1 more (--json names all)",
        "    2 free places have no second date: it would be 2021-02-16, and Comirnaty 2 ends on 2021-02-15",
        "    costs slots; to mend: import second dates up to the days named",
        f"Nemocnice Třebíč ({TREBIC}): bookable pairs: comirnaty 0",
        "  Comirnaty 1, links to another site: 25.01.2021 08:00, 25.01.2021 08:30",
        "    Comirnaty 1 is linked to Comirnaty 2, a calendar of another site",
        "    closes gate; to mend: import a calendar of second doses (V2) for comirnaty first",
    ]
    (trebic,) = json.loads(run("calendars", "check", "--json", "--site", TREBIC, *THEN).stdout)
    assert trebic["pairs"] == {"comirnaty": 0}
    assert [(f["calendar"], f["slot"], f["cause"]) for f in trebic["findings"]] == [
        ("Comirnaty 1", "2021-01-25T08:00:00+01:00", "links to another site"),
        ("Comirnaty 1", "2021-01-25T08:30:00+01:00", "links to another site"),
    ]


def test_a_check_without_calendars_says_how_to_bring_them_in(run: Run) -> None:
    assert lines(run("calendars", "check")) == [
        "There are no calendars yet. Bring them in: `crs calendars import FILE`."
    ]
    ran = run("calendars", "check", "--site", STRANGER)
    assert ran.exit_code == 1
    assert f"There is no site {STRANGER}." in ran.output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--fix"], "say who does it with --by"),
        (["--dry-run"], "--dry-run goes with --fix"),
        (["--fix", "--json", "--by", "jana"], "--json is for reading"),
    ],
)
def test_mending_needs_a_name_or_a_dry_run(run: Run, options: list[str], reason: str) -> None:
    ran = run("calendars", "check", *options)
    assert ran.exit_code == 2
    assert reason in ran.output


def test_a_day_is_closed_by_name(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_TREBIC))
    run("calendars", "import", written(CALENDARS + FIRST + SECOND))
    close = ("calendars", "close", "jihlava", "comirnaty 1", "2021-01-25", "--by", "jana")
    told = "Nemocnice Jihlava, Comirnaty 1, 2021-01-25: {} free places are taken away."
    assert lines(run(*close, "--dry-run")) == [told.format(4), "Nothing was changed (--dry-run)."]
    assert lines(run(*close)) == [told.format(4)]
    assert lines(run(*close)) == [told.format(0)]
    assert lines(run("calendars", "check", *THEN))[0].endswith("bookable pairs: comirnaty 0")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (("Jihlava", "Moderna 1", "2021-01-25"), "Its calendars are: Comirnaty 1, Comirnaty 2."),
        (("Jihlava", "Comirnaty 1", "2021-01-24"), "has no slot on 2021-01-24"),
        (("Jihlava", "Comirnaty 1", "zítra"), "does not match the format"),
        (("Praha", "Comirnaty 1", "2021-01-25"), "there is no site 'Praha'"),
        (("Nemocnice", "Comirnaty 1", "2021-01-25"), "may be any of 2 sites"),
    ],
)
def test_what_cannot_be_closed_says_why(
    run: Run, written: Written, said: tuple[str, ...], reason: str
) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_TREBIC))
    run("calendars", "import", written(CALENDARS + FIRST + SECOND))
    ran = run("calendars", "close", *said, "--by", "jana")
    assert ran.exit_code in {1, 2}
    assert reason in ran.output


def test_a_change_from_a_day_on_is_told_with_the_new_names(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA))
    run("calendars", "import", written(CALENDARS + FIRST + LATE + SECOND))
    moderna = written((CALENDARS + FIRST + LATE + SECOND).replace(",Comirnaty,", ",Moderna,", 9))
    told = [
        "Calendars new 2, changed 0; slots new 8, changed 0.",
        "  Nemocnice Jihlava, Comirnaty 1: followed by Comirnaty 1 (2021-01-26)",
        "  Nemocnice Jihlava, Comirnaty 2: followed by Comirnaty 2 (2021-01-26)",
        "Free places of the old ones taken away: 12.",
    ]
    begin = ("calendars", "import", moderna, "--from", "2021-01-26")
    assert lines(run(*begin, "--dry-run")) == [*told, "Nothing was changed (--dry-run)."]
    assert lines(run(*begin)) == [*told, "See what can be booked: `crs calendars check`."]


def test_deliveries_to_sites_we_do_not_know_are_kept_and_reported(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA))
    file = written(
        DELIVERIES
        + f"2021-01-05,{JIHLAVA},,Comirnaty,Příjem,100,600\n"
        + f"2021-01-06,{JIHLAVA},{STRANGER},Comirnaty,Výdej,20,120\n"
        + f"2021-01-06,{JIHLAVA},,Sputnik,Příjem,20,120\n"
    )
    told = [
        "Sites that are not in the registry: 1. Their doses are kept all the same:",
        f"  {STRANGER}: rows 1",
        "Set aside: 1. Mend these rows and import the file again:",
        "  line 4: ockovaci_latka 'Sputnik' is a vaccine we do not know",
    ]
    assert lines(run("deliveries", "import", file, "--dry-run")) == [
        "Movements 2, new 2.",
        *told,
        "Nothing was changed (--dry-run).",
    ]
    for new in (2, 0):
        assert lines(run("deliveries", "import", file)) == [
            f"Movements 2, new {new}.",
            *told,
            "See what is left: `crs deliveries check`.",
        ]
    (line,) = lines(run("deliveries", "check"))
    assert line == (
        f"Nemocnice Jihlava ({JIHLAVA}): comirnaty 480 on hand, 0 expected, "
        "promised 0 first and 0 second; for 240 more people; lasts for all dates"
    )
    (found,) = json.loads(run("deliveries", "check", "--json", "--site", JIHLAVA).stdout)
    assert found == {
        "name": "Nemocnice Jihlava",
        "site_id": JIHLAVA,
        "product": "comirnaty",
        "doses": 480,
        "expected": 0,
        "promised_first": 0,
        "promised_second": 0,
        "courses": 240,
        "days_of_cover": None,
        "runs_out_on": None,
    }
    run("sites", "import", written(REGISTRY + AT_JIHLAVA + AT_JIHLAVA.replace(JIHLAVA, STRANGER)))
    assert any(
        line.startswith(f"Nemocnice Jihlava ({STRANGER}): comirnaty 120 on hand")
        for line in lines(run("deliveries", "check"))
    )


def test_doses_used_are_taken_off_the_stock_once(run: Run, written: Written) -> None:
    run("sites", "import", written(REGISTRY + AT_JIHLAVA))
    run("deliveries", "import", written(DELIVERIES + f"2021-01-05,{JIHLAVA},,Comirnaty,Příjem,10,60\n"))
    used = written(
        "datum,ockovaci_misto_id,ockovaci_latka,pouzite_davky,znehodnocene_davky\n"
        f"2021-01-08,{JIHLAVA},Comirnaty,17,1\n"
    )
    told = lines(run("deliveries", "import", used, "--dry-run"))
    assert told == ["Doses used: rows 1, days new or corrected 1.", "Nothing was changed (--dry-run)."]
    for new in (1, 0):
        assert (
            lines(run("deliveries", "import", used))[0] == f"Doses used: rows 1, days new or corrected {new}."
        )
        (line,) = lines(run("deliveries", "check"))
        assert line.startswith(f"Nemocnice Jihlava ({JIHLAVA}): comirnaty 42 on hand")


@pytest.mark.parametrize("group", ["sites", "calendars", "deliveries"])
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n"])
def test_a_file_of_something_else_is_refused(run: Run, group: str, content: bytes, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(content)
    ran = run(group, "import", str(other))
    assert ran.exit_code == 1
    assert isinstance(ran.exception, UnreadableFile)


@pytest.mark.parametrize("group", ["sites", "calendars", "deliveries"])
def test_a_file_that_cannot_be_read_changes_nothing(run: Run, group: str, tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("název;město\nTřebíč;Třebíč\n".encode("cp1250"))
    ran = run(group, "import", str(latin))
    assert ran.exit_code == 1
    assert isinstance(ran.exception, UnreadableFile)
    assert "UTF-8" in str(ran.exception)


def test_the_command_says_in_words_why_a_file_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    monkeypatch.setenv("CRS_SECRETS_KEY", "k" * 32)
    monkeypatch.setattr(sys, "argv", ["crs", "sites", "import", str(other)])
    with pytest.raises(SystemExit, match="1"):
        crs_main()
    assert capsys.readouterr().err.startswith("crs: The header lacks ockovaci_misto_id")


@pytest.mark.parametrize("group", ["sites", "calendars", "deliveries"])
def test_the_command_knows_every_import(group: str) -> None:
    ran = CliRunner().invoke(crs, [group, "--help"])
    assert {"check", "import"} <= set(ran.stdout.split())
