"""``crs registers check``: what can be used, and how to mend what cannot."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.registers import registers
from gateway.compose import App
from gateway.settings import Settings

HEADER = "cislo_pojistence,jmeno,prijmeni\n"


def check(file: Path) -> Result:
    settings = {
        "secrets": {"key": "k" * 32},
        "registers": {
            "nrzp": {"kind": "file", "file": str(file)},
            "population": {"kind": "http", "url": "https://population.example.cz/people"},
        },
    }
    return CliRunner().invoke(registers, ["check"], obj=App(settings=Settings.model_validate(settings)))


def test_what_can_be_read_is_counted_and_the_rest_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "nrzp.csv"
    file.write_text(f"{HEADER}405123123,Jana,Nováková\n12,Eva,Malá\n", "utf-8")
    told = check(file)
    assert told.exit_code == 3
    assert told.stdout.splitlines() == [
        "population: https://population.example.cz/people",
        f"nrzp: 1 people in {file}",
        "  line 3: cislo_pojistence is not 9 or 10 digits",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("Nováková".encode("cp1250"), "not in UTF-8", id="wrong encoding"),
        pytest.param(b"jmeno,prijmeni\n", "lacks cislo_pojistence", id="missing column"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(None, "cannot be read", id="not there"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "nrzp.csv"
    if content is not None:
        file.write_bytes(content)
    told = check(file)
    assert told.exit_code == 1
    assert "nrzp: " in told.stderr
    assert problem in told.stderr
