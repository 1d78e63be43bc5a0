"""``crs calendars report``: a file as it is published, whole or not."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from core.open_data import UnreadableFile
from gateway.cli.calendars import calendars
from gateway.compose import App

SITE = "8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b"
TEXT = (
    "datum,ockovaci_misto_id,ockovaci_misto_nazev,kraj_nuts_kod,kraj_nazev,volna_kapacita,maximalni_kapacita,"
    "kalendar_ockovani\n"
    f"2021-01-25,{SITE},Nemocnice Třebíč,CZ063,Kraj Vysočina,0,10,V1\n"
    f"2021-01-26,{SITE},Nemocnice Třebíč,CZ063,Kraj Vysočina,0,10,V1\n"
    f"2021-02-15,{SITE},Nemocnice Třebíč,CZ063,Kraj Vysočina,2,8,V2\n"
    f"2021-02-16,{SITE},Nemocnice Třebíč,CZ063,Kraj Vysočina,0,0,V2\n"
    f"2021-02-16,{SITE},Nemocnice Třebíč,CZ063,Kraj Vysočina,1,0,VX\n"
)

Report: TypeAlias = Callable[..., Result]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    def report(content: bytes, *options: str) -> Result:
        file = tmp_path / "ockovani-rezervace.csv.gz"
        file.write_bytes(content)
        return CliRunner().invoke(calendars, ["report", str(file), *options], obj=App())

    return report


@pytest.mark.parametrize("content", [TEXT.encode(), TEXT.encode("utf-8-sig"), gzip.compress(TEXT.encode())])
def test_a_file_is_summed_up_packed_or_not(report: Report, content: bytes) -> None:
    ran = report(content)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines() == [
        "5 rows of 1 sites, 2021-01-25 to 2021-02-16; 1 state no place.",
        "  1 rows: more places free than there are; left out",
        "    line 6: 1 of 0 places free",
        "  0 sites never state a place.",
        "Absurd capacity, left out below: 0 days.",
        (
            "First dates up to 2021-01-26, as if all were Comirnaty (Pfizer/BioNTech): places 20, "
            "with a second one within the interval 8."
        ),
        "  second calendar too short (costs slots): 1 sites, 1 days, 10 places",
        "  second calendar too small (costs slots): 1 sites, 1 days, 2 places",
        "First doses and never a second: 0 sites.",
        "Sites with first dates on public holidays, of those with any that week:",
    ]


def test_the_registry_tells_which_sites_are_strangers(report: Report) -> None:
    ran = report(TEXT.encode(), "--sites", str(Path(__file__).parents[2] / "data" / "ocm_2021-06-14.csv"))
    assert "sites are not in the registry; of " in ran.stdout


def test_json_has_the_same_figures(report: Report) -> None:
    found = json.loads(report(TEXT.encode(), "--json").stdout)
    assert (found["rows"], found["pairs"], found["first_places"]) == (5, 8, 20)
    assert found["wrong"] == {"more places free than there are": 1}
    assert found["by_cause"]["second calendar too small"]["places"] == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"a,b\n1,2\n", "lacks datum", id="another file"),
        pytest.param(TEXT.encode("cp1250"), r"not in UTF-8 \(line 2\)", id="another encoding"),
        pytest.param(gzip.compress(TEXT.encode() * 20)[:-40], "breaks off or is damaged", id="half a file"),
        pytest.param(b"\x1f\x8b" + TEXT.encode(), "breaks off or is damaged", id="not packed after all"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(report: Report, content: bytes, reason: str) -> None:
    ran = report(content)
    assert isinstance(ran.exception, UnreadableFile)
    with pytest.raises(UnreadableFile, match=reason):
        raise ran.exception


def test_a_single_dose_has_no_interval_to_judge_by(report: Report) -> None:
    ran = report(TEXT.encode(), "--product", "Janssen")
    assert ran.exit_code == 2
    assert "'Janssen' is none of Comirnaty" in ran.output
