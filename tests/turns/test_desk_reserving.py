"""The verbs of reservation on a real PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.pins import new_pin2
from core.store import tables as t
from tests.turns.conftest import JANA, NEIGHBOUR
from tests.workers.town import FIRST_DAY, NOW


def taken(town) -> int:
    with town.store.begin() as work:
        return work.db.scalar(select(func.coalesce(func.sum(t.slots.c.taken), 0)))


def wrong_pin(town, n: int = 0) -> str:
    pins = [new_pin2(town.random) for _ in range(n + 1)]
    return pins[n]


def test_from_pin_to_both_dates(town):
    town.register()
    (pin,) = town.invite()
    opened = town.perform("enter_pin", pin=f"pin {pin[:4]} {pin[4:]}")
    assert opened.values["name"] == "Jana"
    registration = opened.values["registration"]
    found = town.perform("find_pairs", registration=registration)
    assert found.values["options"][0]["first"] == "2021-01-25T09:00+01:00"
    assert found.values["options"][0]["second"] == "2021-02-15T09:00+01:00"
    assert found.values["more"]
    held = town.perform("hold_pair", registration=registration, picked=found.values["options"][1]["value"])
    assert held.values["first"] == "2021-01-25T09:05+01:00"
    assert taken(town) == 2
    confirmed = town.perform("confirm", registration=registration)
    assert confirmed.values["second"] == "2021-02-15T09:05+01:00"
    assert confirmed.values["address"] == "Vrchlického 59, 586 33 Jihlava"
    again = town.perform("confirm", registration=registration)
    assert again == confirmed, "a repeated yes changes nothing"
    used = town.perform("enter_pin", pin=pin)
    assert used.name == "used"
    assert used.values["first"] == "2021-01-25T09:05+01:00"
    (standing,) = town.perform("my_status").values["registrations"]
    assert (standing["state"], standing["place"]) == ("reserved", None)
    with town.store.begin() as work:
        assert work.db.scalar(select(t.invitations.c.state)) == "used"
        assert work.db.scalar(select(t.registrations.c.reserved_at)) == NOW


@pytest.mark.parametrize("typed", ["47110923", "4711092", "hello", ""])
def test_a_slip_is_no_guess(town, typed):
    assert town.perform("enter_pin", pin=typed).name == "mistyped"
    with town.store.begin() as work:
        assert work.db.scalar(select(func.count()).select_from(t.wrong_pins)) == 0


def test_five_wrong_pins_block_the_address_and_who_was_invited_there(town):
    town.register()
    (pin,) = town.invite()
    outcomes = [town.perform("enter_pin", pin=wrong_pin(town)) for _ in range(5)]
    assert [o.values.get("left") for o in outcomes] == [4, 3, 2, 1, None]
    assert outcomes[-1].name == "blocked"
    assert town.perform("enter_pin", pin=pin).name == "blocked"
    assert town.perform("enter_pin", NEIGHBOUR, pin=pin).name == "blocked", "the registration is blocked, too"
    (standing,) = town.perform("my_status").values["registrations"]
    assert standing["state"] == "blocked"


def test_another_phone_must_prove_itself(town):
    town.register()
    (pin,) = town.invite()
    assert town.perform("enter_pin", NEIGHBOUR, pin=pin).name == "prove"
    refused = town.perform("prove_digits", NEIGHBOUR, pin=pin, digits="9999")
    assert (refused.name, refused.values) == ("wrong", {"left": 4})
    assert town.perform("prove_digits", NEIGHBOUR, pin=pin, digits="31 23").name == "opened"


@pytest.mark.parametrize("digits", ["", "3", "123", "05123123"])
def test_fewer_or_more_than_four_digits_prove_nothing(town, digits):
    town.register()
    (pin,) = town.invite()
    assert town.perform("prove_digits", NEIGHBOUR, pin=pin, digits=digits).name == "wrong"


def test_guessed_digits_block_the_registration_whatever_phones_they_come_from(town):
    town.register()
    (pin,) = town.invite()
    phones = [f"+42060300000{n}" for n in range(5)]
    outcomes = [town.perform("prove_digits", phone, pin=pin, digits="0000") for phone in phones]
    assert [o.values.get("left") for o in outcomes] == [4, 3, 2, 1, None]
    assert town.perform("enter_pin", JANA, pin=pin).name == "blocked"


def test_pages_follow_one_another_and_begin_again(town):
    registration = town.opened()
    pages = [town.perform("find_pairs", registration=registration, page=n).values for n in range(3)]
    firsts = [[o["first"][11:16] for o in page["options"]] for page in pages]
    assert firsts == [["09:00", "09:05", "09:10", "09:15"], ["09:20", "09:25"], firsts[0]]
    assert [page["more"] for page in pages] == [True, False, True]


def test_another_day_or_weekday_may_be_asked_for(town):
    registration = town.opened()

    def ask(**when):
        return town.perform("find_pairs", registration=registration, **when).name

    assert ask(after="2021-01-25") == "found"
    assert ask(after="2021-01-26") == "none_then"
    assert ask(weekday=1) == "found"
    assert ask(weekday=2) == "none_then"


def test_a_date_too_near_is_not_offered(town):
    registration = town.opened()
    town.now = FIRST_DAY - town.world.lead + timedelta(minutes=12)
    found = town.perform("find_pairs", registration=registration)
    assert found.values["options"][0]["first"] == "2021-01-25T09:15+01:00"


def test_who_finds_nothing_stands_at_the_head(town):
    with town.store.begin() as work:
        work.db.execute(update(t.slots).values(taken=t.slots.c.capacity))
    registration = town.opened()
    town.register("205123120", phone=NEIGHBOUR)
    assert town.perform("find_pairs", registration=registration).name == "none"
    (standing,) = town.perform("my_status").values["registrations"]
    assert (standing["state"], standing["place"], standing["of"]) == ("returned", 1, 2)
    (other,) = town.perform("my_status", NEIGHBOUR).values["registrations"]
    assert other["place"] == 2, "although she is older"


def test_a_pair_that_is_gone_is_taken(town):
    jana = town.opened()
    karel = town.opened(number="385123124", phone=NEIGHBOUR)
    pair = town.perform("find_pairs", registration=jana).values["options"][0]["value"]
    assert town.perform("hold_pair", NEIGHBOUR, registration=karel, picked=pair).name == "held"
    assert town.perform("hold_pair", registration=jana, picked=pair).name == "taken"
    assert taken(town) == 2


def test_another_second_date_follows_when_only_the_second_is_gone(town):
    jana = town.opened()
    karel = town.opened(number="385123124", phone=NEIGHBOUR)
    options = town.perform("find_pairs", registration=jana).values["options"]
    first = options[0]["value"].split("-")[0]
    second = options[1]["value"].split("-")[1]
    crossed = f"{first}-{second}"
    assert town.perform("hold_pair", NEIGHBOUR, registration=karel, picked=options[1]["value"]).name == "held"
    held = town.perform("hold_pair", registration=jana, picked=crossed)
    assert held.values["first"] == options[0]["first"]
    assert held.values["second"] == options[0]["second"]
    assert taken(town) == 4


def test_letting_go_and_asking_for_others_free_both_dates(town):
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    assert town.perform("let_go", registration=registration).name == "gone"
    assert taken(town) == 0
    assert town.perform("let_go", registration=registration).name == "gone"
    town.perform("hold_pair", registration=registration, picked=pair)
    town.perform("find_pairs", registration=registration)
    assert taken(town) == 0
    assert town.perform("confirm", registration=registration).name == "lapsed"


def test_a_lapsed_hold_is_taken_again_while_it_is_free(town):
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    town.later(town.world.hold_for)
    with town.store.begin() as work:
        assert work.reservations.release_lapsed(town.now) == 1
        assert work.reservations.release_lapsed(town.now) == 0
    assert taken(town) == 0
    assert town.perform("confirm", registration=registration).name == "confirmed"
    assert taken(town) == 2


def test_a_lapsed_hold_that_somebody_else_took_is_lapsed(town):
    jana = town.opened()
    karel = town.opened(number="385123124", phone=NEIGHBOUR)
    pair = town.perform("find_pairs", registration=jana).values["options"][0]["value"]
    town.perform("hold_pair", registration=jana, picked=pair)
    town.later(town.world.hold_for)
    with town.store.begin() as work:
        work.reservations.release_lapsed(town.now)
    assert town.perform("hold_pair", NEIGHBOUR, registration=karel, picked=pair).name == "held"
    assert town.perform("confirm", registration=jana).name == "lapsed"
    assert taken(town) == 2


@pytest.mark.parametrize("picked", ["999999-999998", "1", "x", "", "1-2-3"])
def test_what_was_never_offered_is_not_held(town, picked):
    registration = town.opened()
    assert town.perform("hold_pair", registration=registration, picked=picked).name in {"taken", "busy"}
    assert taken(town) == 0
