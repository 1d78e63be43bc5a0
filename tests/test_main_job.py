"""The main job by the commands a newcomer types: register, be invited, reply with PIN2, get two dates."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.vault import new_key
from gateway.cli import crs
from tests.installation import SITES, calendars, deliveries

PHONE = "+420601000001"
REGISTER = "REG\n405123123\nJana Nováková\nVZP\n58601\n1\nANO\n"
Crs = Callable[..., str]


@pytest.fixture
def here(database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crs:
    """An installation of its own: runs a command and returns what it printed."""
    monkeypatch.setenv("CRS_DATABASE_URL", database)
    monkeypatch.setenv("CRS_REDIS_URL", redis_url)
    monkeypatch.setenv("CRS_SECRETS_KEY", new_key())
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str = "") -> str:
        result = CliRunner().invoke(crs, list(arguments), input=typed, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def supplied(here: Crs, tmp_path: Path) -> Crs:
    """Every site near Jihlava has two mornings of pairs and forty doses."""
    here("sites", "import", str(SITES))
    first = "Prvni,V1,Comirnaty,Druha,2021-01-25,08:00,10:00,20,1"
    second = "Druha,V2,Comirnaty,,2021-02-15,08:00,10:00,20,1"
    (tmp_path / "calendars.csv").write_text(calendars([first, second]), "utf-8")
    (tmp_path / "deliveries.csv").write_text(deliveries("Comirnaty", 42, date(2021, 1, 20)), "utf-8")
    here("calendars", "import", "calendars.csv")
    here("deliveries", "import", "deliveries.csv")
    return here


def talk(crs_: Crs, typed: str, at: str = "2021-01-22T09:00", phone: str = PHONE) -> list[str]:
    output = crs_("talk", "--from", phone, "--now", at, typed=typed)
    return [line.removeprefix("< ") for line in output.splitlines() if line.startswith("< ")]


def pin_of(invitation: str) -> str:
    found = re.search(r"\b\d{4} ?\d{4}\b", invitation)
    assert found, invitation
    return found.group()


def test_a_person_registers_is_invited_and_holds_two_dates(supplied):
    registered = talk(supplied, REGISTER)[-1]
    assert registered.startswith("Registrace prijata")

    supplied("invite", "run", "--now", "2021-01-22T09:05")
    supplied("invite", "run", "--now", "2021-01-22T09:06")
    invitations = talk(supplied, "", at="2021-01-22T09:10")
    assert len(invitations) == 1, "one-off"

    offers, held, confirmed = talk(supplied, f"{pin_of(invitations[0])}\n1\nANO\n", at="2021-01-22T09:15")
    assert "po 25.1. 8:00" in offers
    assert "po 15.2." in held
    assert "po 25.1. 8:00" in confirmed
    assert "po 15.2." in confirmed

    day = json.loads(supplied("stats", "--date", "2021-01-22", "--json"))
    assert (day["registrations"], day["reservations"], day["waiting"]) == (1, 1, 0)
    seen = supplied("show", "--phone", PHONE, "--json")
    assert "405123123" not in seen
    assert pin_of(invitations[0]) not in seen


def test_without_vaccine_or_pairs_nobody_is_invited(here, tmp_path):
    here("sites", "import", str(SITES))
    here("invite", "run", "--now", "2021-01-22T09:05")
    assert talk(here, "STAV\n")


def test_the_pin_works_from_another_phone_only_with_the_last_four_digits(supplied):
    talk(supplied, REGISTER)
    supplied("invite", "run", "--now", "2021-01-22T09:05")
    pin = pin_of(talk(supplied, "", at="2021-01-22T09:10")[0])
    asked, refused, offers = talk(
        supplied, f"{pin}\n9999\n3123\n", at="2021-01-22T09:15", phone="+420601000002"
    )
    assert "posledni 4" in asked
    assert "Volno" not in refused
    assert "Volno" in offers
