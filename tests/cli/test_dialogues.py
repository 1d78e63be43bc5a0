"""`crs dialogues`: how many people went which way, and where a release leaves those who are on their way."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from conversations.library import load_library
from conversations.session import SESSION_LASTS, Session
from core.messages import Address, Mo, NewMo
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
