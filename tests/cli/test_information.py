"""`crs information`: what is wrong with the texts, and which are told where."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import crs
from gateway.compose import DATA

TEXT = """
[[text]]
from = 2021-01-15
cs = "Registrujte se."
en = "Register."
uk = "Реєструйтеся."
"""
LOCAL = """
[[text]]
from = 2021-02-01
until = 2021-02-28
district = "CZ0632"
cs = "Očkuje se i na náměstí."
"""


def run(folder: Path, *said: str, texts: str = "") -> Result:
    settings = '[secrets]\nkey = "a key that only the tests have.."\n'
    if texts:
        (folder / "own.toml").write_text(texts, "utf-8")
        settings += '[information]\nfile = "own.toml"\n'
    (folder / "crs.toml").write_text(settings, "utf-8")
    return CliRunner().invoke(crs, ["--config", str(folder / "crs.toml"), "information", *said])


def test_the_texts_in_use_are_checked(tmp_path: Path) -> None:
    ran = run(tmp_path, "check", "--date", "2021-02-01")
    assert (ran.exit_code, ran.output) == (0, "All is well: 1 in cs, en, uk.\n")


def test_every_doubt_is_told_of_a_file(tmp_path: Path) -> None:
    ran = run(tmp_path, "check", str(DATA / "information.toml"), "--date", "2020-12-24")
    assert ran.exit_code == 1
    assert "No text holds for the whole country today." in ran.output
    ran = run(tmp_path, "check", "--date", "2021-03-01", texts=TEXT + LOCAL)
    assert ran.output.splitlines()[:3] == [
        "Text 2: it ended on 2021-02-28; take it out.",
        "Text 2: it has no words in en; people are told them in Czech.",
        "Text 2: it has no words in uk; people are told them in Czech.",
    ]
    assert "3 to mend." in ran.output


def test_what_a_voice_would_read_wrongly_is_told(tmp_path: Path) -> None:
    ran = run(tmp_path, "check", "--date", "2021-02-01", texts=TEXT.replace("Register.", "Call 1221."))
    assert "Text 1: heard in en, it says the digits 1221; write words for it under heard." in ran.output


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param(LOCAL.encode("cp1250"), "own.toml: ", id="wrong encoding"),
        pytest.param(TEXT.encode()[:-3], "it is not TOML", id="half a file"),
        pytest.param(b"PSC;text\n", "it is not TOML", id="another file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, written: bytes, says: str) -> None:
    (tmp_path / "own.toml").write_bytes(written)
    ran = run(tmp_path, "check", str(tmp_path / "own.toml"))
    assert ran.exit_code == 1
    assert says in ran.output


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = run(tmp_path, "check", str(tmp_path / "missing.toml"))
    assert ran.exit_code == 1
    assert "missing.toml: " in ran.output


def test_what_holds_for_a_psc_is_shown(tmp_path: Path) -> None:
    ran = run(tmp_path, "show", "586 01", "--date", "2021-02-01", texts=TEXT + LOCAL)
    assert ran.output.splitlines() == [
        "The whole country, from 2021-01-15: Registrujte se.",
        "Jihlava, from 2021-02-01 until 2021-02-28: Očkuje se i na náměstí.",
    ]
    ran = run(tmp_path, "show", "39001", "--date", "2021-02-01", "--lang", "en", texts=TEXT + LOCAL)
    assert ran.output.splitlines() == ["The whole country, from 2021-01-15: Register.", "Tábor: nothing."]
    assert "there is no PSČ 999" in run(tmp_path, "show", "999").output
