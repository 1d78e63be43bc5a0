"""``crs codes``: batches are whole or not there, and a code is shown to nobody but whoever hands it out."""

import csv
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from core.codes import Code, new_code, read_code
from core.store.codes import CodeBook, Taken
from gateway.cli.codes import codes
from tests.cli.test_desk import app
from tests.workers.town import NOW, add_person

__all__ = ["app"]
FOR = ("--for", "ZŠ Křižíkova, Jihlava", "--by", "Eva")


@pytest.fixture
def run(app, town):
    def run(*said, typed=None):
        return CliRunner().invoke(codes, said, obj=app, input=typed)

    return run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_batch_is_issued_counted_and_taken_back(run, town, tmp_path):
    out = tmp_path / "kody.csv"
    told = run("issue", "school_staff", "3", *FOR, "--out", str(out))
    assert told.exit_code == 0, told.output
    assert told.stdout == "Batch 1: 3 codes of school_staff for ZŠ Křižíkova, Jihlava.\n"
    made = rows(out)
    assert [row["vydano_pro"] for row in made] == ["ZŠ Křižíkova, Jihlava"] * 3
    assert made[0]["skupina"] == "pracovníci škol"
    assert all(isinstance(read_code(row["kod"]), Code) for row in made)
    assert out.stat().st_mode & 0o077 == 0, "for nobody else to read"
    with town.store.begin() as work:
        mine = add_person(work.db, 1)
        taken = work.codes.take(made[0]["kod"].replace(" ", ""), "school_staff", number="400000001", now=NOW)
        assert isinstance(taken, Taken)
        work.codes.name_user(taken.code_id, mine)
    assert ", used 1 of 3.\n" in run("list").stdout
    checked = run("check", typed=f"{made[0]['kod']}\n").stdout
    assert f"by registration #{mine}. Batch 1: school_staff" in checked
    assert "Not used yet." in run("check", typed=f"{made[1]['kod']}\n").stdout
    again = run("print", "1", "--by", "Eva").stdout
    assert [row["kod"] for row in csv.DictReader(again.splitlines()[:3])] == [row["kod"] for row in made[1:]]
    taken_back = run("revoke", "1", "--by", "Petr")
    assert taken_back.stdout == "Batch 1 is taken back: 2 codes are good no more, 1 were used.\n"
    assert run("revoke", "1", "--by", "Petr").exit_code == 1
    assert run("print", "1", "--by", "Eva").exit_code == 1
    with town.store.begin() as work:
        assert [line.what for line in work.audit.latest(9)] == [
            "codes revoked: batch 1",
            "codes printed again: batch 1, 2",
            "codes issued: batch 1, 3",
        ]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        pytest.param(("issue", "teachers", "3", *FOR), "teachers is no group", id="no group"),
        pytest.param(("issue", "age_80", "3", *FOR), "age_80 is proven otherwise", id="a group by age"),
        pytest.param(("issue", "school_staff", "0", *FOR), "1<=x<=100000", id="none"),
        pytest.param(("issue", "school_staff", "100001", *FOR), "1<=x<=100000", id="too many"),
        pytest.param(("issue", "school_staff", "many", *FOR), "not a valid integer", id="no number"),
        pytest.param(("issue", "school_staff", "3", *FOR, "--for", " "), "write who it is", id="nobody"),
        pytest.param(("revoke", "7", "--by", "Eva"), "There is no batch 7", id="no such batch"),
        pytest.param(("print", "7", "--by", "Eva"), "There is no batch 7", id="nothing to print"),
    ],
)
def test_what_cannot_be_done_says_how_to_mend_it(run, said, says):
    told = run(*said)
    assert told.exit_code != 0
    assert says in told.output
    assert run("list").stdout.startswith("No codes were issued yet")


def test_a_file_is_never_replaced_and_none_is_left_half_written(run, tmp_path, monkeypatch):
    there = tmp_path / "there.csv"
    there.write_text("something of value")
    assert "is there already" in run("issue", "school_staff", "3", *FOR, "--out", str(there)).output
    assert there.read_text() == "something of value"
    nowhere = run("issue", "school_staff", "3", *FOR, "--out", str(tmp_path / "no" / "such.csv"))
    assert "cannot be written: No such file or directory" in nowhere.output
    assert run("list").stdout.startswith("No codes were issued yet")


def test_when_it_is_interrupted_there_are_neither_codes_nor_a_file(run, tmp_path, monkeypatch):
    add = CodeBook._add
    done = []

    def interrupted(self, *given):
        if done:
            raise KeyboardInterrupt
        done.append(given)
        return add(self, *given)

    monkeypatch.setattr(CodeBook, "_add", interrupted)
    told = run("issue", "school_staff", "1500", *FOR, "--out", str(tmp_path / "kody.csv"))
    assert told.exit_code == 1
    assert list(tmp_path.iterdir()) == []
    assert run("list").stdout.startswith("No codes were issued yet")


def test_a_code_of_nobody_and_a_slip_are_told_apart(run):
    assert "nobody was given it" in run("check", typed=f"{new_code(Random(1))}\n").output
    assert "a slip" in run("check", typed="4711 0922 3517\n").output
