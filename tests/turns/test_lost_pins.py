"""A lost PIN2 is told again, to the phone that it was sent to."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from conversations.verbs import MOST_PINS
from core.messages import Address, Lane, NewMt
from core.pins import new_pin2
from core.store import tables as t
from tests.turns.conftest import JANA, NEIGHBOUR, Town
from tests.workers.town import NOW


def told(town: Town, phone: str = JANA) -> list[str]:
    return [each["pin"] for each in town.perform("tell_pin_again", phone).values["pins"]]


def test_the_same_pin_is_told_again_to_its_phone_alone(town: Town) -> None:
    town.register()
    pins = town.invite()
    assert told(town) == pins
    assert town.perform("tell_pin_again", NEIGHBOUR).name == "none"
    with town.store.begin() as work:
        (line,) = work.audit.latest(9)
        assert (line.who, line.what, line.registration_id) == ("sms dialogue", "PIN2 told again", 1)
        assert work.db.scalar(select(t.invitations.c.answered_at)) is None, "to ask is not to answer"


def test_everybody_who_shares_a_phone_is_told_by_name(town: Town) -> None:
    town.register("205123120", name="Karel Novák")
    town.register(name="Jana Nováková")
    town.register("405223122", name="Petr Novák", phone=NEIGHBOUR)
    pins = town.invite(3)
    outcome = town.perform("tell_pin_again")
    assert {each["name"]: each["pin"] for each in outcome.values["pins"]} == {
        "Karel Novák": pins[0],
        "Jana Nováková": pins[1],
    }


def test_twice_a_day_is_often_enough(town: Town) -> None:
    town.register()
    pins = town.invite()
    assert [told(town), told(town)] == [pins, pins]
    assert town.perform("tell_pin_again").name == "too_often"
    town.later(timedelta(days=1))
    assert told(town) == pins


def test_asking_again_reaches_everybody_of_a_large_house(town: Town) -> None:
    born = [f"4051{day:02}{tail}" for day, tail in ((n, "123") for n in range(10, 18))]
    for number in born:
        town.register(number)
    pins = set(town.invite(len(born)))
    first = town.perform("tell_pin_again").values
    assert (len(first["pins"]), first["others"]) == (MOST_PINS, len(born) - MOST_PINS)
    assert {each["pin"] for each in first["pins"]} | set(told(town)) == pins


def test_who_was_not_invited_hears_where_she_stands(town: Town) -> None:
    town.register()
    outcome = town.perform("tell_pin_again")
    assert outcome.name == "not_invited"
    (standing,) = outcome.values["registrations"]
    assert (standing["state"], standing["place"]) == ("waiting", 1)


def test_who_has_dates_hears_them(town: Town) -> None:
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    town.perform("confirm", registration=registration)
    (standing,) = town.perform("tell_pin_again").values["registrations"]
    assert (standing["state"], standing["first"]) == ("reserved", "2021-01-25T09:00+01:00")


def test_an_invitation_that_ran_out_has_no_pin_to_tell(town: Town) -> None:
    town.register()
    town.invite()
    with town.store.begin() as work:
        work.db.execute(update(t.invitations).values(state="expired"))
        work.db.execute(update(t.registrations).values(state="waiting"))
    assert town.perform("tell_pin_again").name == "not_invited"


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("queued", "not_invited"), ("claimed", "told"), ("delivered", "told"), ("failed", "told")],
)
def test_a_pin_whose_sms_has_not_left_is_not_told(town: Town, state: str, outcome: str) -> None:
    town.register()
    town.invite()
    with town.store.begin() as work:
        address, lane = Address("sms", JANA), Lane.INVITATION
        work.outbox.add(
            [NewMt(address, "alpha", lane, "invitation", "x", 1, NOW, registration_id=1, invitation_id=1)]
        )
        work.db.execute(update(t.outbox).values(state=state))
    found = town.perform("tell_pin_again")
    assert found.name == outcome
    if outcome == "not_invited":
        assert found.values["registrations"][0]["state"] == "invited"


def test_a_blocked_phone_is_told_nothing(town: Town) -> None:
    town.register()
    town.invite()
    for _ in range(5):
        town.perform("enter_pin", pin=new_pin2(town.random))
    assert town.perform("tell_pin_again").name == "blocked"
    with town.store.begin() as work:
        assert not work.audit.latest(9)


def test_it_is_said_until_when_a_pin_holds_that_does_not_hold_for_ever(town: Town) -> None:
    town.register()
    town.invite()
    with town.store.begin() as work:
        work.db.execute(update(t.outbox).values(state="delivered"))
    assert town.perform("tell_pin_again").values["until"] is None
    with town.store.begin() as work:
        work.db.execute(update(t.invitations).values(expires_at=NOW + timedelta(hours=72)))
    assert town.perform("tell_pin_again").values["until"] == "2021-01-25T10:00+01:00"
