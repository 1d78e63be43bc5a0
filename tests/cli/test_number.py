"""``crs number`` and ``crs secrets``: what the desk and its scripts read."""

import json

import pytest
from click.testing import CliRunner

from core.insurance_number import Kind, Reason
from core.vault import Vault
from gateway.cli.number import KINDS, REASONS, number
from gateway.cli.secrets import secrets

TODAY = ("--today", "2021-01-22")


def test_json_has_an_object_a_number_in_their_order() -> None:
    typed = ["405123/123", "710319 2746", "410229123", "4051", "400171700"]
    ran = CliRunner().invoke(number, [*typed, "--json", *TODAY])
    assert ran.exit_code == 0
    assert json.loads(ran.stdout) == [
        {
            "number": "405123/123",
            "verdict": "valid",
            "kind": "birth_number",
            "birth_date": "1940-01-23",
            "sex": "female",
            "reason": None,
            "digits": [],
        },
        {
            "number": "710319 2746",
            "verdict": "suspicious",
            "kind": "birth_number",
            "birth_date": "1971-03-19",
            "sex": "male",
            "reason": REASONS[Reason.CHECK_DIGIT],
            "digits": [*range(1, 11)],
        },
        {
            "number": "410229123",
            "verdict": "suspicious",
            "kind": "birth_number",
            "birth_date": None,
            "sex": "male",
            "reason": REASONS[Reason.NO_SUCH_DATE].format(doubted="29.2."),
            "digits": [1, 2, 3, 4, 5, 6],
        },
        {
            "number": "4051",
            "verdict": "impossible",
            "kind": None,
            "birth_date": None,
            "sex": None,
            "reason": "Digits: 4; there must be 10, or 9 for people born before 1954.",
            "digits": [],
        },
        {
            "number": "400171700",
            "verdict": "valid",
            "kind": "ecp",
            "birth_date": "1940-01-31",
            "sex": "male",
            "reason": None,
            "digits": [],
        },
    ]


def test_people_read_a_line_a_number() -> None:
    ran = CliRunner().invoke(number, ["405123/123", "410229123", "9055811232", "530101/1232", "4O\n", *TODAY])
    assert ran.exit_code == 0
    future = REASONS[Reason.FUTURE].format(doubted="53")
    no_such_date = REASONS[Reason.NO_SUCH_DATE].format(doubted="29.2.")
    assert ran.stdout.splitlines() == [
        "405123/123: valid, birth number, female, born 1940-01-23.",
        f"410229123: suspicious, birth number, male. {no_such_date}",
        f"9055811232: suspicious, foreigner's number, female, born 1990-05-31. {REASONS[Reason.CHECK_DIGIT]}",
        f"530101/1232: impossible. {future}",
        f"4O: impossible. {REASONS[Reason.NOT_DIGITS]}",
    ]


def test_without_a_day_it_is_judged_today() -> None:
    ran = CliRunner().invoke(number, ["405123/123", "--json"])
    assert json.loads(ran.stdout)[0]["verdict"] == "valid"


@pytest.mark.parametrize("said", [[], ["405123123", "--today", "yesterday"], ["--json"]])
def test_what_cannot_be_judged_is_a_wrong_use(said: list[str]) -> None:
    assert CliRunner().invoke(number, said).exit_code == 2


def test_every_reason_and_kind_has_its_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(KINDS) == set(Kind)


def test_a_new_key_opens_what_it_sealed() -> None:
    ran = CliRunner().invoke(secrets, ["new"])
    vault = Vault.from_text(ran.stdout)
    assert vault.open(vault.seal("405123123")) == "405123123"
    assert CliRunner().invoke(secrets, ["new"]).stdout != ran.stdout
