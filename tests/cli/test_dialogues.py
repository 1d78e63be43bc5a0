"""`crs dialogues`: how many people went which way, and where a release leaves those who are on their way."""

import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from conversations.library import DIALOGUES, TEMPLATES, Library, load_library
from conversations.releases import moved
from conversations.session import SESSION_LASTS, Session
from core.messages import Address, Mo, NewMo
from core.store.desk_view import DeskView
from core.store.step_counts import Way
from core.store.work import Store, Work
from gateway.cli.dialogues import dialogues
from gateway.compose import App
from gateway.settings import Settings
from gateway.turns.runner import TurnRunner
from gateway.turns.tally import Tally
from tests.turns.conftest import JANA, NEIGHBOUR, NUMBER, Town
from tests.workers.town import vault
from workers.upkeep import lapse_sessions
from workers.workshop import install

Crs: TypeAlias = Callable[..., Result]
HERS = Address("sms", JANA)
LIBRARY = load_library()


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


@pytest.fixture
def run(app: App) -> Crs:
    def run(*said: str) -> Result:
        return CliRunner().invoke(dialogues, said, obj=app)

    return run


@pytest.fixture
def runner(town: Town) -> TurnRunner:
    return TurnRunner(town.store, LIBRARY, town.world)


def write(
    store: Store, runner: TurnRunner, *texts: str, address: Address = HERS, now: datetime | None = None
) -> None:
    """Say one thing after another, and have the ways counted."""
    now = now or datetime.now(UTC)
    with store.begin() as work:
        work.proven_phones.prove(address, JANA, how="PIN1", now=now)
    for text in texts:
        with store.begin() as work:
            work.inbox.add([NewMo(address, "o2", text, now)])
        runner.run_address(address, now)
    runner.write_counts()


def counts(store: Store, dialogue: str = "registration") -> dict[tuple[str, str], int]:
    with store.begin() as work:
        return work.step_counts.of(dialogue, LIBRARY.scripts[dialogue].version)


# -- Counts ------------------------------------------------------------------------------------------------


def test_every_way_is_counted_and_asking_again_too(town: Town, runner: TurnRunner) -> None:
    write(town.store, runner, "REG", NUMBER, "Jana Nováková", "111", "co?", "58601", now=town.now)
    write(town.store, runner, "REG", NUMBER, address=Address("sms", NEIGHBOUR), now=town.now)
    assert counts(town.store) == {
        ("", "number"): 2,
        ("number", "check_number"): 2,
        ("check_number", "name"): 2,
        ("name", "insurer"): 1,
        ("insurer", "psc"): 1,
        ("psc", "psc"): 1,
        ("psc", "find_sites"): 1,
        ("find_sites", "site"): 1,
    }


def test_a_way_into_another_dialogue_and_out_of_all_is_counted(town: Town, runner: TurnRunner) -> None:
    write(town.store, runner, "REG", "STAV", "KONEC", now=town.now)
    assert counts(town.store) == {
        ("", "number"): 1,
        ("number", "@status"): 1,
        ("number", ""): 1,
    }


def test_a_turn_that_is_rolled_back_counts_nothing(town: Town, runner: TurnRunner) -> None:
    class Stopped(TurnRunner):
        def _answer(self, work: Work, mos: Sequence[Mo], now: datetime) -> list[Way]:
            ways = super()._answer(work, mos, now)
            if ways:
                raise RuntimeError
            return ways

    write(town.store, Stopped(town.store, LIBRARY, town.world), "REG")
    assert counts(town.store) == {}


def test_what_cannot_be_written_is_kept_for_the_next_time(store: Store) -> None:
    way = Way("registration", 1, "sms", "number", "check_number")
    tally = Tally()
    tally.add([way, way])
    gone = Store.connect("postgresql+psycopg://nobody@127.0.0.1:1/none", vault())
    with pytest.raises(Exception, match="connection"):
        tally.write(gone)
    tally.write(store)
    tally.write(store)
    assert counts(store) == {("number", "check_number"): 2}


def test_where_people_left_is_counted_when_their_dialogue_lapses_and_once(
    town: Town, runner: TurnRunner, app: App
) -> None:
    late = datetime.now(UTC) - SESSION_LASTS
    write(town.store, runner, "REG", NUMBER, now=late)
    write(town.store, runner, "ENGLISH", "REG", address=Address("voice", NEIGHBOUR), now=late)
    write(town.store, runner, "REG", address=Address("sms", "+420603000003"))
    install(app.workshop(town.store))
    lapse_sessions()
    lapse_sessions()
    with town.store.begin() as work:
        assert work.step_counts.of("registration", 1, medium="sms")[("name", "")] == 1
        assert work.step_counts.of("registration", 1, medium="ivr")[("number", "")] == 1
        (open_one,) = work.sessions.open(since=late, at_most=9)
        kept, _ = work.sessions.find([Address("voice", NEIGHBOUR)])[Address("voice", NEIGHBOUR)]
    assert open_one.address.number == "+420603000003"
    assert Session.from_json(kept) == Session(language="en")


def test_a_drawing_says_how_many_went_each_way_and_where_they_left(
    town: Town, runner: TurnRunner, run: Crs
) -> None:
    write(town.store, runner, "REG", NUMBER, "co?", "KONEC", now=town.now)
    write(town.store, runner, "REG", "STAV", address=Address("telegram", "4711"), now=town.now)
    drawn = run("draw", "registration", "--counts").stdout
    assert '<br/>began: 2"]' in drawn
    assert "  check_number -->|valid: 1| name" in drawn
    assert "  check_number -->|impossible: 0| number_again" in drawn
    assert '<br/>asked again: 1<br/>left here: 1"]' in drawn
    assert '  number -.->|1| to_status{{"status"}}' in drawn
    assert "began: 1" in run("draw", "registration", "--counts", "--medium", "sms").stdout
    assert "began" not in run("draw", "registration").stdout


# -- Releases ----------------------------------------------------------------------------------------------


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """The dialogues of a release that calls the PSČ another name and asks for no insurer; STAV is gone."""
    folder = tmp_path / "dialogues"
    shutil.copytree(DIALOGUES, folder)
    (folder / "status.toml").unlink()
    signpost = (folder / "signpost.toml").read_text("utf-8").replace('"@status"', '"@registration"')
    (folder / "signpost.toml").write_text(signpost, "utf-8")
    text = (folder / "registration.toml").read_text("utf-8")
    text = re.sub(r"version +=.*", 'version = 2\nrenamed = { psc = "home" }', text)
    text = text.replace("[step.psc]", "[step.home]").replace('next = "psc"', 'next = "home"')
    text = text.replace("[step.insurer]", "[step.cash]")
    text = text.replace('next = "insurer"', 'next = "cash"')
    (folder / "registration.toml").write_text(text, "utf-8")
    words = tmp_path / "templates"
    shutil.copytree(TEMPLATES, words)
    for template in words.glob("*/*/registration.j2"):
        renamed = re.sub(r"block (again_|help_|)psc ", r"block \1home ", template.read_text("utf-8"))
        template.write_text(re.sub(r"block (again_|help_|)insurer ", r"block \1cash ", renamed), "utf-8")
    return folder


def installed(folder: Path) -> Library:
    return load_library(folder, folder.parent / "templates")


@pytest.fixture
def waiting(town: Town, runner: TurnRunner) -> dict[str, Address]:
    """Somebody at each of four questions."""
    people = {name: Address("sms", f"+42060300000{n}") for n, name in enumerate(["psc", "insurer", "name"])}
    write(town.store, runner, "REG", NUMBER, "Jana Nováková", "111", address=people["psc"])
    write(town.store, runner, "REG", NUMBER, "Petr Novák", address=people["insurer"])
    write(town.store, runner, "REG", NUMBER, address=people["name"])
    return people


FIELDS = LIBRARY.scripts["registration"].fields
TOLD = [
    f"registration.insurer, version 1: 1 start over, keeping what they told of {', '.join(FIELDS)}",
    "registration.psc, version 1: 1 go on at home",
]


def test_another_release_is_looked_at_before_it_is_installed(
    waiting: dict[str, Address], next_release: Path, town: Town, run: Crs
) -> None:
    told = run("migrate", "--dry-run", "--dialogues", str(next_release))
    assert told.stdout.splitlines() == [*TOLD, "1 stay where they are. Nothing was changed."]
    assert run("migrate", "--dry-run").stdout == "3 stay where they are. Nothing was changed.\n"
    assert run("migrate", "--dialogues", str(next_release)).exit_code == 2


def test_everybody_goes_on_in_the_next_release(
    waiting: dict[str, Address], next_release: Path, town: Town, app: App
) -> None:
    app.library = installed(next_release)
    told = CliRunner().invoke(dialogues, ["migrate"], obj=app)
    assert told.stdout.splitlines() == [*TOLD, "1 stay where they are."]
    again = CliRunner().invoke(dialogues, ["migrate"], obj=app)
    assert again.stdout == "3 stay where they are.\n"
    new = TurnRunner(town.store, app.library, town.world)
    assert "PSC" in answer(town.store, new, "co?", waiting["psc"])
    over = answer(town.store, new, "111", waiting["insurer"])
    assert "pojistovn" in over.lower()
    assert "jmeno" not in over.lower()  # it is known
    assert "pojistovn" in answer(town.store, new, "Eva Nová", waiting["name"]).lower()


def test_a_session_that_nobody_migrated_goes_on_all_the_same(
    waiting: dict[str, Address], next_release: Path, town: Town
) -> None:
    new = TurnRunner(town.store, installed(next_release), town.world)
    assert "PSC" in answer(town.store, new, "co?", waiting["psc"])
    assert "pojistovn" in answer(town.store, new, "111", waiting["insurer"]).lower()


def test_a_step_that_is_gone_is_not_taken_for_one_of_a_later_release(
    waiting: dict[str, Address], next_release: Path, town: Town, app: App
) -> None:
    app.library = installed(next_release)
    CliRunner().invoke(dialogues, ["migrate"], obj=app)
    later = TurnRunner(town.store, LIBRARY, town.world)  # has a step of that name again
    with town.store.begin() as work:
        kept, _ = work.sessions.find([waiting["insurer"]])[waiting["insurer"]]
    assert Session.from_json(kept).step == ""
    assert answer(town.store, later, "111", waiting["insurer"]).startswith("Omlouvame se")


def test_whoever_was_in_a_dialogue_that_is_gone_meets_the_menu(
    town: Town, runner: TurnRunner, next_release: Path
) -> None:
    library = installed(next_release)
    gone = Session(language="en", dialogue="status", version=1, step="question", answers={"pin": "47110922"})
    assert moved(library, gone) == Session(language="en", dialogue="status", version=1)
    with town.store.begin() as work:
        work.sessions.keep({HERS: moved(library, gone).to_json()}, now=datetime.now(UTC))
    assert "1 register" in answer(town.store, TurnRunner(town.store, library, town.world), "1", HERS)


def answer(store: Store, runner: TurnRunner, text: str, address: Address) -> str:
    """What the newest answer says."""
    write(store, runner, text, address=address)
    with store.begin() as work:
        said = DeskView(work.db, work.vault).said(address, 1)
    return said[0].text
