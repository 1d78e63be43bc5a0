"""A scenario that cannot be rehearsed says in words what is wrong and where."""

from pathlib import Path

import pytest

from gateway.simulation.scenario import ScenarioError, load_scenario, presets

VILLAGE = Path(__file__).with_name("village.toml").read_text("utf-8")


@pytest.mark.parametrize("name", ["launch-day", "one-site", "six-days", "spring"])
def test_every_preset_can_be_read(name: str) -> None:
    assert name in presets()
    assert load_scenario(name).title


def test_with_other_people_capacities_shrink_alike() -> None:
    usual, small = load_scenario("one-site"), load_scenario("one-site", people=150)
    assert small.scale == usual.scale / 10
    assert small.arrivals.registered_before == usual.arrivals.registered_before // 10


@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        pytest.param("patience", "pacience", "pacience is not known. Did you mean patience?", id="key"),
        pytest.param('moment = "1 min"', 'moment = "1"', 'moment must be a time such as "90 s"', id="unit"),
        pytest.param("people = 30", "people = 0", "people = 0 is wrong", id="nobody"),
        pytest.param("response = 0.8", "response = 80", "[citizens] response = 80 is wrong", id="share"),
        pytest.param("= 0.02 }", "= -1 }", "2 [capacity] 1 segments_per_second = -1", id="capacity"),
        pytest.param("2021-01-21T18", "2021-01-20T18", "it ends before it begins.", id="backwards"),
        pytest.param("registered_before = 12", "registered_before = 60", "more people", id="before"),
        pytest.param('name = "two"', 'name = "one"', "it has two operators of one name.", id="namesakes"),
        pytest.param("daily = 12", "", "[sites] needs releases or daily", id="no places"),
        pytest.param('title = "A village"', "", "title is missing.", id="missing"),
        pytest.param("people = 30", "people 30", "is not TOML", id="no TOML"),
    ],
)
def test_what_is_wrong_is_said_in_words(written: str, instead: str, words: str, tmp_path: Path) -> None:
    assert written in VILLAGE
    file = tmp_path / "bad.toml"
    file.write_text(VILLAGE.replace(written, instead), "utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(str(file))
    assert words in str(refused.value)
    assert "bad.toml" in str(refused.value)


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ScenarioError, match="launch-day"):
        load_scenario("lunch-day")
