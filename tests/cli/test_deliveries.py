"""``crs deliveries``: expect, cut, check, name whom the vaccine lacks for, and give them other dates."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import func, select

from core.open_data import UnreadableFile
from core.store import tables as t
from core.store.work import Store
from gateway.cli.deliveries import deliveries
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import NOW, SITE, add_dates, add_person, add_site, deliver, hold, vault

HEADER = "datum,ockovaci_misto_id,ockovaci_latka,pocet_ampulek,pocet_davek\n"
MONDAY = f"2021-02-15,{SITE},Comirnaty,10,60\n"
THEN = ("--now", "2021-01-22T10:00")

Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=1)
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


@pytest.fixture
def run(database: str, store: Store) -> Run:
    settings = {
        "database": {"url": database.replace("+psycopg", "")},
        "secrets": {"key": SecretStr("k" * 32)},
    }
    app = App(settings=Settings.model_validate(settings))

    def run(*said: str) -> Result:
        then = () if said[0] == "import" else THEN
        return CliRunner().invoke(deliveries, [*said, *then], obj=app)

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "expected.csv"
        path.write_text(text, "utf-8")
        return str(path)

    return write


def lines(ran: Result) -> list[str]:
    assert ran.exit_code == 0, ran.output
    return ran.stdout.splitlines()


def expected(store: Store) -> int:
    with store.begin() as work:
        return work.db.execute(select(func.coalesce(func.sum(t.expected_deliveries.c.doses), 0))).scalar_one()


def test_an_announcement_counts_is_changed_and_is_the_same_twice(run, written, store) -> None:
    file = written(HEADER + MONDAY)
    assert lines(run("expect", file, "--dry-run")) == [
        "Expected deliveries 1, new 1, changed 0.",
        "Nothing was changed (--dry-run).",
    ]
    assert expected(store) == 0
    assert lines(run("expect", file))[0] == "Expected deliveries 1, new 1, changed 0."
    assert lines(run("expect", file))[0] == "Expected deliveries 1, new 0, changed 0."
    assert lines(run("expect", written(HEADER + MONDAY.replace("10,60", "5,30"))))[:2] == [
        "Expected deliveries 1, new 0, changed 1.",
        f"  {SITE}: comirnaty on 2021-02-15: 60 -> 30 doses",
    ]
    (line,) = lines(run("check"))
    assert line.endswith(
        "0 on hand, 30 expected, promised 0 first and 0 second; for 0 more people; lasts for all dates"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(
            MONDAY, "the same site, vaccine and day as in line 2: write them in one row", id="twice"
        ),
        pytest.param(MONDAY.replace("2021-02-15", "2021-01-21"), "datum 2021-01-21 is past", id="past"),
        pytest.param(MONDAY.replace("Comirnaty", "Sputnik"), "is a vaccine we do not know", id="stranger"),
        pytest.param(MONDAY.replace("10,60", "10,-6"), "is not a whole number", id="negative"),
        pytest.param(MONDAY.replace("10,60", "10"), "the row has 4 cells", id="half a row"),
    ],
)
def test_a_row_that_cannot_be_believed_is_set_aside_with_its_line(run, written, store, row, reason) -> None:
    told = lines(run("expect", written(HEADER + MONDAY + row)))
    assert told[0] == "Expected deliveries 1, new 1, changed 0."
    assert any(line.startswith("  line 3: ") and reason in line for line in told), told
    assert expected(store) == 60


def test_vials_and_doses_that_do_not_agree_are_pointed_out(run, written, store) -> None:
    told = lines(run("expect", written(HEADER + MONDAY.replace("10,60", "10,50"))))
    assert told[1:3] == [
        "Read all the same, but look at them: 1.",
        "  line 2: 50 doses in 10 vials of Comirnaty (Pfizer/BioNTech), which hold 6 each",
    ]
    assert expected(store) == 50
    moved = (
        "datum,ockovaci_misto_id,cilove_ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek\n"
        f"2021-01-05,{SITE},,Moderna,Příjem,3,40\n"
    )
    assert any("40 doses in 3 vials" in line for line in lines(run("import", written(moved))))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"datum,ockovaci_misto_id\n", id="columns lack"),
        pytest.param((HEADER + "2021-02-15,č,Comirnaty,1,6\n").encode("cp1250"), id="another encoding"),
    ],
)
def test_a_file_of_something_else_changes_nothing(run, store, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    ran = run("expect", str(path))
    assert isinstance(ran.exception, UnreadableFile)
    assert expected(store) == 0


def test_a_cut_says_from_what_to_what_and_refuses_what_is_none(run, written, store) -> None:
    run("expect", written(HEADER + MONDAY))
    said = ("cut", "Jihlava", "Comirnaty", "--on", "2021-02-15", "--by", "matron", "--to")
    assert lines(run(*said, "24")) == [
        "Nemocnice Jihlava: comirnaty on 2021-02-15: 60 -> 24 doses.",
        f"See whose dates it does not last for: `crs deliveries affected {SITE}`.",
    ]
    ran = run(*said, "24")
    assert ran.exit_code == 2
    assert "24 doses are expected; announce more" in ran.output
    ran = run("cut", "Jihlava", "Comirnaty", "--on", "2021-02-16", "--to", "0")
    assert ran.exit_code == 2
    assert "expected are: 2021-02-15 (24)" in ran.output
    ran = run("cut", "Jihlava", "Sputnik", "--on", "2021-02-15", "--to", "0")
    assert ran.exit_code == 2
    assert "we know comirnaty" in ran.output
    assert expected(store) == 24


def test_the_way_from_a_cut_to_other_dates(run, written, store) -> None:
    with store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=2)
        deliver(work.db, 2)
        for number in (1, 2):
            person = add_person(work.db, number, state="reserved", reserved_at=NOW)
            hold(work.db, person, firsts[number - 1], seconds[number - 1], state="confirmed")
    run("expect", written(HEADER + MONDAY))
    assert lines(run("affected", "Jihlava")) == ["Nemocnice Jihlava: the vaccine lasts for all dates."]
    run("cut", "Jihlava", "Comirnaty", "--on", "2021-02-15", "--to", "1")
    told = lines(run("affected", "Jihlava", "--product", "Comirnaty"))
    assert len(told) == 2
    assert told[0].endswith("comirnaty 2021-01-25 09:05 and 2021-02-15 09:05")
    assert "Nováková" not in told[0]
    assert "lasts 24 days: doses lack on 2021-02-15" in lines(run("check"))[0]
    tried = lines(run("replan", "Jihlava", "--by", "matron", "--dry-run"))
    assert tried[-1] == "Nothing was changed (--dry-run)."
    assert lines(run("replan", "Jihlava", "--by", "matron"))[-2:] == tried[-3:-1]
    assert tried[-2] == "Nemocnice Jihlava: moved 0, at the head of the queue 1."
    assert lines(run("affected", "Jihlava")) == ["Nemocnice Jihlava: the vaccine lasts for all dates."]


def test_what_comes_is_not_expected_any_more(run, written) -> None:
    run("expect", written(HEADER + MONDAY.replace("2021-02-15", "2021-01-22")))
    came = written(
        "datum,ockovaci_misto_id,cilove_ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek\n"
        f"2021-01-21,{SITE},,Comirnaty,Příjem,9,54\n"
    )
    assert lines(run("import", came))[:2] == ["Movements 1, new 1.", "Expected deliveries that came: 1."]
    (line,) = lines(run("check"))
    assert "comirnaty 54 on hand, 0 expected" in line
