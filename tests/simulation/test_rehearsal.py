"""A rehearsal is the same again for the same seed, and keeps every law that the real thing keeps."""

import copy
import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pydantic import SecretStr

from gateway.compose import App
from gateway.settings import Settings
from gateway.settings.choices import Secrets
from gateway.simulation.rehearsal import Rehearsal, open_store
from gateway.simulation.report import write_report
from gateway.simulation.scenario import Scenario, load_scenario

VILLAGE = str(Path(__file__).with_name("village.toml"))


Rehearse: TypeAlias = Callable[[Scenario, str], dict[str, Any]]


@pytest.fixture(scope="module")
def rehearse(_databases: Any) -> Rehearse:
    app = App(settings=Settings(secrets=Secrets(key=SecretStr("nobody here is real"))))

    def run(scenario: Scenario, policy: str) -> dict[str, Any]:
        told: list[datetime] = []
        with _databases.fresh() as url, closing(open_store(url)) as store:
            rehearsal = Rehearsal(app, store, scenario, app.policy_named(policy), seed=2021)
            shown = rehearsal.run(progress=told.append)
        assert told == sorted(told)
        assert (told[0], told[-1]) == (scenario.begins, scenario.ends)
        return shown

    return run


@pytest.fixture(scope="module")
def village() -> Scenario:
    return load_scenario(VILLAGE)


@pytest.fixture(scope="module")
def run(rehearse: Rehearse, village: Scenario) -> dict[str, Any]:
    return rehearse(village, "chance")


def without_speed(run: dict[str, Any]) -> dict[str, Any]:
    plain = copy.deepcopy(run)
    del plain["speed"]
    return plain


def test_people_register_are_invited_and_get_dates(run: dict[str, Any]) -> None:
    summary = run["summary"]
    assert summary["registrations"] == 30
    assert 10 < summary["reservations"] < 30
    assert summary["invited"] >= summary["answered"] >= summary["reservations"]
    assert summary["asked_again"] > 0


def test_registrations_are_reservations_and_waiting_each_day(run: dict[str, Any]) -> None:
    assert run["laws"]["registrations_are_reservations_and_waiting"]
    last = run["days"][-1]
    assert last["registrations"] == last["reservations"] + last["waiting"]


def test_no_slot_is_overbooked(run: dict[str, Any]) -> None:
    assert run["laws"]["slots_miscounted"] == 0


def test_nothing_is_lost_or_doubled_by_operators_that_refuse(run: dict[str, Any]) -> None:
    laws = run["laws"]
    assert sum(operator["refused"] for operator in laws["operators"]) > 0
    assert (laws["mts_lost"], laws["parts_doubled"]) == (0, 0)
    assert set(laws["mts_by_state"]) <= {"sent", "delivered"}


def test_capacity_is_exceeded_in_no_sliding_second(run: dict[str, Any]) -> None:
    spans = [span for operator in run["laws"]["operators"] for span in operator["by_capacity"]]
    assert [span["most_in_a_second"] for span in spans] == [1, 1, 3]
    assert all(span["most_in_a_second"] <= span["allowed_in_a_second"] for span in spans)


def test_the_same_seed_gives_the_same_rehearsal(
    run: dict[str, Any], rehearse: Rehearse, village: Scenario
) -> None:
    assert without_speed(rehearse(village, "chance")) == without_speed(run)


@pytest.fixture(scope="module")
def one_site() -> Scenario:
    """The preset in small: 8 places a day for 10 days, planned three times a day."""
    preset = load_scenario("one-site", people=800)
    short = {
        "ends": preset.begins + timedelta(days=10),
        "moment": timedelta(hours=1),
        "plan_every": timedelta(hours=4),
        "upkeep_every": timedelta(days=1),
        "samples": 20,
    }
    return preset.model_copy(update=short)


@pytest.fixture(scope="module")
def policies(rehearse: Rehearse, one_site: Scenario) -> dict[str, dict[str, Any]]:
    return {name: rehearse(one_site, name) for name in one_site.policies}


def test_the_table_of_2021_comes_out_in_its_order(policies: dict[str, dict[str, Any]]) -> None:
    used = {name: run["summary"]["capacity_used"] for name, run in policies.items()}
    broken = {name: run["summary"]["broken_promises"] for name, run in policies.items()}
    assert used["2021-01-21"] < used["2021-02-10"] < used["chance"]
    assert used["2021-02-10"] < used["ignoring"]
    assert broken["2021-01-21"] == broken["2021-02-10"] == 0
    assert broken["chance"] < broken["ignoring"]


def test_the_report_compares_policies_on_one_page_without_scripts(
    policies: dict[str, dict[str, Any]], one_site: Scenario, tmp_path: Path
) -> None:
    page = write_report(one_site, list(policies.values()), tmp_path, seed=2021).read_text("utf-8")
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<svg") >= 5
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [each["policy"] for each in told["runs"]] == list(one_site.policies)
