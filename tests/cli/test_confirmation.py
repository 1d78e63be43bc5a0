"""``crs confirmation``: somebody's dates on paper, for whoever has no e-mail."""

from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from sqlalchemy import select

from core.store import tables as t
from gateway.cli.confirmation import confirmation
from gateway.compose import App
from gateway.settings import Settings
from tests.turns.conftest import NUMBER, Town
from tests.workers.town import vault


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def app(database: str) -> App:
    return KeyedApp(
        settings=Settings.model_validate(
            {"database": {"url": database.replace("+psycopg", "")}, "secrets": {"key": "k" * 32}}
        )
    )


def run(app: App, *said: object) -> Result:
    return CliRunner().invoke(confirmation, [str(each) for each in said], obj=app)


def reserve(town: Town, *, is_confirmed: bool = True) -> int:
    registration = town.opened()
    options = town.perform("find_pairs", registration=registration).values["options"]
    town.perform("hold_pair", registration=registration, picked=options[0]["value"])
    if is_confirmed:
        town.perform("confirm", registration=registration)
    with town.store.begin() as work:
        return int(work.db.execute(select(t.reservations.c.reservation_id)).scalar_one())


def test_the_dates_are_printed_on_one_page_and_the_number_is_not(
    town: Town, app: App, tmp_path: Path
) -> None:
    out = tmp_path / "jana.pdf"
    said = run(app, reserve(town), "--out", out)
    assert said.exit_code == 0, said.output
    (page,) = PdfReader(out).pages
    text = page.extract_text()
    assert "Jana Nováková" in text
    assert "1. dávka" in text
    assert "2. dávka" in text
    assert NUMBER not in text.replace(" ", "")
    assert [each.name for each in tmp_path.iterdir()] == ["jana.pdf"]


def test_it_may_be_in_another_language_and_go_to_standard_output(town: Town, app: App) -> None:
    said = run(app, reserve(town), "--out", "-", "--language", "uk")
    text = PdfReader(BytesIO(said.stdout_bytes)).pages[0].extract_text()
    assert "Підтвердження дати щеплення" in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param((99, "--out", "-"), "There is no reservation 99", id="no such reservation"),
        pytest.param((1, "--out", "-"), "is not confirmed", id="only held"),
        pytest.param((1, "--out", "-", "--language", "de"), "there are cs, en, uk", id="no such language"),
        pytest.param(("one", "--out", "-"), "not a valid integer", id="no number"),
        pytest.param((1,), "Missing option '--out'", id="nowhere to write to"),
    ],
)
def test_what_cannot_be_printed_is_said(options: tuple[object, ...], told: str, town: Town, app: App) -> None:
    reserve(town, is_confirmed=False)
    said = run(app, *options)
    assert said.exit_code
    assert told in said.output


def test_a_file_that_cannot_be_written_leaves_nothing_behind(town: Town, app: App, tmp_path: Path) -> None:
    reservation = reserve(town)
    said = run(app, reservation, "--out", tmp_path / "no such folder" / "jana.pdf")
    assert said.exit_code == 1
    assert "cannot be written: No such file or directory" in said.output
    assert not list(tmp_path.iterdir())
