"""A rehearsal is the same again for the same seed, and keeps every law that the real thing keeps."""

import copy
import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.compose import App
from gateway.settings import Settings
from gateway.settings.choices import Secrets
from gateway.simulation.rehearsal import Rehearsal, empty_store
from gateway.simulation.report import write_report
from gateway.simulation.scenario import Scenario, load_scenario

VILLAGE = str(Path(__file__).with_name("village.toml"))
NAMES = itertools.count()


def rehearse(url: str, scenario: Scenario, policy: str, *, seed: int = 2021) -> dict[str, Any]:
    app = App(settings=Settings(secrets=Secrets(key=SecretStr("nobody here is real"))))
    store = empty_store(url, f"village_{next(NAMES)}")
    try:
        told: list[datetime] = []
        run = Rehearsal(app, store, scenario, app.policy_named(policy), seed=seed).run(progress=told.append)
    finally:
        store.close()
    assert told == sorted(told)
    assert (told[0], told[-1]) == (scenario.begins, scenario.ends)
    return run


@pytest.fixture(scope="module")
def village() -> Scenario:
    return load_scenario(VILLAGE)


@pytest.fixture(scope="module")
def run(postgres_url: str, village: Scenario) -> dict[str, Any]:
    return rehearse(postgres_url, village, "chance")


def without_speed(run: dict[str, Any]) -> dict[str, Any]:
    plain = copy.deepcopy(run)
    del plain["speed"]
    return plain


def test_people_register_are_invited_and_get_dates(run: dict[str, Any]) -> None:
    summary = run["summary"]
    assert summary["registrations"] == 50
    assert 20 < summary["reservations"] < 50
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
    run: dict[str, Any], postgres_url: str, village: Scenario
) -> None:
    assert without_speed(rehearse(postgres_url, village, "chance")) == without_speed(run)


def test_the_report_compares_policies_on_one_page_without_scripts(
    run: dict[str, Any], postgres_url: str, village: Scenario, tmp_path: Path
) -> None:
    other = rehearse(postgres_url, village, "2021-01-21")
    page = write_report(village, [run, other], tmp_path, seed=2021).read_text("utf-8")
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<svg") >= 5
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [each["policy"] for each in told["runs"]] == ["chance", "2021-01-21"]
