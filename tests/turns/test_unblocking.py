"""Five wrong PINs, and the hotline that lifts the block."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from core.pins import new_pin2
from core.store import tables as t
from gateway.cli.desk import desk
from gateway.compose import App
from gateway.settings import Settings
from tests.turns.conftest import JANA, NEIGHBOUR, Town
from tests.workers.town import vault

Crs: TypeAlias = Callable[..., Result]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def run(database: str) -> Crs:
    app = KeyedApp(
        settings=Settings.model_validate(
            {"database": {"url": database.replace("+psycopg", "")}, "secrets": {"key": "k" * 32}}
        )
    )

    def run(*said: str) -> Result:
        return CliRunner().invoke(desk, said, obj=app)

    return run


def guess(town: Town, times: int = 5, phone: str = JANA) -> None:
    for _ in range(times):
        town.perform("enter_pin", phone, pin=new_pin2(town.random))


def state(town: Town) -> str:
    return str(town.perform("my_status").values["registrations"][0]["state"])


def test_the_hotline_lets_an_invited_person_go_on(town: Town, run: Crs) -> None:
    town.register()
    (pin,) = town.invite()
    guess(town)
    assert (town.perform("enter_pin", pin=pin).name, state(town)) == ("blocked", "blocked")
    told = run("unblock", "--phone", JANA, "--by", "Eva", "--why", "knew the last four digits")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "The phone is listened to again, with five tries.",
        "Registration #1 is unblocked: invited.",
    ]
    assert town.perform("enter_pin", pin=pin).name == "opened"
    assert town.perform("enter_pin", pin=new_pin2(town.random)).values["left"] == 4
    noted = run("audit").stdout
    assert "desk: Eva: registration unblocked: knew the last four digits, registration #1" in noted
    assert JANA not in noted
    assert pin not in noted


def test_a_registration_is_unblocked_with_its_phone(town: Town, run: Crs) -> None:
    town.register()
    (pin,) = town.invite()
    for n in range(5):
        town.perform("prove_digits", f"+42060300000{n}", pin=pin, digits="0000")
    assert state(town) == "blocked"
    assert (
        run("unblock", "--registration", "1", "--by", "Eva").stdout
        == "Registration #1 is unblocked: invited.\n"
    )
    assert town.perform("enter_pin", pin=pin).name == "opened"


def test_who_has_no_good_pin_any_more_waits_again(town: Town, run: Crs) -> None:
    town.register()
    town.invite()
    guess(town)
    with town.store.begin() as work:
        work.db.execute(update(t.invitations).values(state="expired"))
    assert run("unblock", "--registration", "1", "--by", "Eva").stdout.endswith("#1 is unblocked: waiting.\n")


def test_who_stood_at_the_head_of_the_queue_stands_there_again(town: Town, run: Crs) -> None:
    town.register()
    (pin,) = town.invite()
    with town.store.begin() as work:
        assert work.registrations.send_back(1)
    guess(town)
    assert state(town) == "blocked"
    assert run("unblock", "--registration", "1", "--by", "Eva").stdout.endswith(
        "#1 is unblocked: returned.\n"
    )
    assert town.perform("enter_pin", pin=pin).name == "opened"


def test_a_phone_without_a_registration_may_be_blocked_too(town: Town, run: Crs) -> None:
    guess(town, phone=NEIGHBOUR)
    assert run("unblock", "--phone", NEIGHBOUR, "--by", "Eva").exit_code == 0
    assert town.perform("enter_pin", NEIGHBOUR, pin=new_pin2(town.random)).values["left"] == 4


@pytest.mark.parametrize("wrong", [0, 4])
def test_what_is_not_blocked_stays_as_it_is(town: Town, run: Crs, wrong: int) -> None:
    town.register()
    town.invite()
    guess(town, wrong)
    told = run("unblock", "--phone", JANA, "--by", "Eva")
    assert (told.exit_code, told.stderr) == (1, "Error: Nothing here is blocked by wrong PINs.\n")
    assert run("audit").stdout == "Nothing was noted yet.\n"


def test_another_block_is_not_lifted_here(town: Town, run: Crs) -> None:
    town.register()
    with town.store.begin() as work:
        work.db.execute(update(t.registrations).values(state="blocked", blocked_because="on request"))
    told = run("unblock", "--registration", "1", "--by", "Eva")
    assert told.exit_code == 1
    assert "Registration #1 is blocked, and stays so: on request." in told.stderr
    with town.store.begin() as work:
        assert work.db.scalar(select(t.registrations.c.state)) == "blocked"


def test_nobody_is_unblocked_twice_or_by_mistake(town: Town, run: Crs) -> None:
    assert "no such registration" in run("unblock", "--registration", "7", "--by", "Eva").stderr
    assert "Name a --phone or a --registration." in run("unblock", "--by", "Eva").stderr
    assert "not a phone number" in run("unblock", "--phone", "12", "--by", "Eva").stderr
    town.register()
    town.invite()
    guess(town)
    town.later(timedelta(hours=1))
    assert run("unblock", "--phone", JANA, "--by", "Eva").exit_code == 0
    assert run("unblock", "--phone", JANA, "--by", "Eva").exit_code == 1
