"""Blocks: what the hotline may set and lift, and what it may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, update

from core.blocking import KEPT, RULES, Lifter, Reason
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
    assert (told.exit_code, told.stderr) == (1, "Error: Nothing here is blocked that you may lift.\n")
    assert run("audit").stdout == "Nothing was noted yet.\n"


def set_block(town: Town, reason: Reason, **more: object) -> None:
    blocked = {"state": "blocked", "blocked_because": reason.value, **more}
    with town.store.begin() as work:
        work.db.execute(update(t.registrations).values(blocked))


@pytest.mark.parametrize("reason", [reason for reason in KEPT if reason is not Reason.REPLACED])
def test_the_hotline_lifts_what_is_its_to_lift_and_nothing_else(town: Town, run: Crs, reason: Reason) -> None:
    town.register()
    set_block(town, reason)
    told = run("unblock", "--registration", "1", "--by", "Eva")
    may = RULES[reason].lifted_by is Lifter.HOTLINE
    assert (told.exit_code, state(town)) == ((0, "waiting") if may else (1, "blocked"))
    if not may:
        assert f"Registration #1: {reason.value}; {RULES[reason].mend}." in told.stderr


def test_of_two_people_of_a_phone_only_the_one_is_unblocked_who_may_be(town: Town, run: Crs) -> None:
    town.register()
    set_block(town, Reason.VACCINATED)
    town.register("395123120", name="Josef Novák")
    with town.store.begin() as work:
        work.db.execute(
            update(t.registrations)
            .where(t.registrations.c.registration_id == 2)
            .values(state="blocked", blocked_because=Reason.UNANSWERED.value)
        )
    told = run("unblock", "--phone", JANA, "--by", "Eva")
    assert told.stdout == "Registration #2 is unblocked: waiting.\n"
    assert state(town) == "blocked"


def test_who_has_dates_is_told_what_unblocks_her(town: Town, run: Crs) -> None:
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    assert town.perform("confirm", registration=registration).name == "confirmed"
    told = run("unblock", "--registration", "1", "--by", "Eva").stderr
    assert "Registration #1: reservation exists; cancelling the dates lifts it." in told
    assert "She has dates." in run("block", "1", "--on-request", "--by", "Eva").stderr
    assert state(town) == "reserved"


def test_who_asks_for_it_is_blocked_and_comes_back_to_her_place(town: Town, run: Crs) -> None:
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    told = run("block", "1", "--on-request", "--by", "Eva", "--why", "moves abroad")
    assert (told.exit_code, told.stdout) == (0, "Registration #1 is blocked: on request.\n")
    with town.store.begin() as work:
        assert work.db.scalar(select(func.sum(t.slots.c.taken))) == 0, "what she held is free"
        assert work.db.scalar(select(t.invitations.c.state)) == "void"
    assert not town.invite(), "nobody who is blocked is invited"
    assert "blocked already: on request" in run("block", "1", "--on-request", "--by", "Eva").stderr
    assert run("unblock", "--registration", "1", "--by", "Eva").exit_code == 0
    assert len(town.invite()) == 1
    assert "desk: Eva: registration blocked: moves abroad, registration #1" in run("audit").stdout


def test_a_block_needs_its_reason_and_somebody_to_block(town: Town, run: Crs) -> None:
    town.register()
    assert "--on-request" in run("block", "1", "--by", "Eva").stderr
    assert "no such registration" in run("block", "7", "--on-request", "--by", "Eva").stderr
    assert "no such registration" in run("ask-again", "7", "--by", "Eva").stderr
    assert "No register blocks it." in run("ask-again", "1", "--by", "Eva").stderr


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
