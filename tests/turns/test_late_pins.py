"""What a PIN2 is told that is good no more."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from conversations.verbs import STATES, VERBS
from core.blocking import Reason
from core.store import tables as t
from core.store.registrations import Registration
from gateway.turns.late_pins import OLD_SYSTEM, Fate, fate
from tests.turns.conftest import JANA, NEIGHBOUR, Town
from tests.workers.town import NOW, OTHER_SITE, vault

LIVING = ("waiting", "invited", "returned")
INVITATIONS = ("open", "used", "void", "expired", OLD_SYSTEM)


def registration(state: str, because: Reason | None = None, *, is_ended: bool = False) -> Registration:
    ended_at = NOW if is_ended else None
    return Registration(
        1, "Jana", "Nová", JANA, UUID(int=1), 13, date(1940, 1, 1), state, NOW, ended_at, because
    )


@pytest.mark.parametrize(
    ("hers", "invitation", "has_open_one", "told"),
    [
        pytest.param(registration("invited"), "open", False, Fate.GOOD, id="good"),
        pytest.param(registration("returned"), "open", False, Fate.GOOD, id="came back with nothing"),
        pytest.param(registration("waiting"), "expired", False, Fate.RAN_OUT, id="ran out"),
        pytest.param(registration("invited"), "expired", True, Fate.OLDER, id="invited again"),
        pytest.param(registration("waiting"), OLD_SYSTEM, False, Fate.OLD_SYSTEM, id="old system"),
        pytest.param(registration("invited"), OLD_SYSTEM, True, Fate.OLDER, id="old, and a new one sent"),
        pytest.param(registration("reserved"), OLD_SYSTEM, False, Fate.USED, id="old, and has dates"),
        pytest.param(registration("reserved"), "used", False, Fate.USED, id="used"),
        pytest.param(
            registration("blocked", Reason.WRONG_PINS), "open", False, Fate.BLOCKED, id="wrong PINs"
        ),
        pytest.param(
            registration("blocked", Reason.UNANSWERED), "expired", False, Fate.UNANSWERED, id="silent"
        ),
        pytest.param(registration("blocked", Reason.ON_REQUEST), "void", False, Fate.ENDED, id="on request"),
        pytest.param(
            registration("blocked", Reason.REPLACED, is_ended=True),
            "void",
            False,
            Fate.REPLACED,
            id="replaced",
        ),
        pytest.param(registration("done"), "used", False, Fate.DONE, id="vaccinated"),
    ],
)
def test_every_pin_is_told_what_it_is(
    hers: Registration, invitation: str, has_open_one: bool, told: Fate
) -> None:
    assert fate(hers, invitation, has_open_one=has_open_one) is told


@given(
    state=st.sampled_from(STATES),
    because=st.sampled_from((None, Reason.REPLACED, Reason.UNANSWERED, Reason.WRONG_PINS, Reason.ON_REQUEST)),
    is_ended=st.booleans(),
    invitation=st.sampled_from(INVITATIONS),
    has_open_one=st.booleans(),
)
def test_only_an_open_invitation_of_a_living_registration_is_good(
    state: str, because: str | None, is_ended: bool, invitation: str, has_open_one: bool
) -> None:
    judged = fate(registration(state, because, is_ended=is_ended), invitation, has_open_one=has_open_one)
    is_good = invitation == "open" and state in LIVING and not is_ended
    assert (judged is Fate.GOOD) == is_good
    assert is_good or judged in VERBS["enter_pin"].outcomes


def test_a_late_pin_is_no_guess(town: Town) -> None:
    town.register()
    (pin,) = town.invite()
    with town.store.begin() as work:
        work.db.execute(update(t.invitations).values(state="expired"))
        work.db.execute(update(t.registrations).values(state="waiting"))
    for _ in range(6):
        late = town.perform("enter_pin", pin=pin)
        assert (late.name, late.values) == ("ran_out", {"site": "Nemocnice Jihlava", "place": 1})
    with town.store.begin() as work:
        assert work.db.scalar(select(t.wrong_pins.c.count)) is None


@pytest.mark.parametrize("dead", ["47110921", "47110922", "1234567", "471109"])
def test_a_pin_of_the_old_system_is_told_the_truth_whatever_it_looks_like(town: Town, dead: str) -> None:
    town.register()
    with town.store.begin() as work:
        digest = vault().digest(dead, purpose="pin2")
        work.db.execute(insert(t.dead_pins).values(pin_digest=digest, registration_id=1))
    assert town.perform("enter_pin", pin=dead).values == {"site": "Nemocnice Jihlava", "place": 1}
    (pin,) = town.invite()
    assert town.perform("enter_pin", pin=dead).name == "older"
    assert town.perform("enter_pin", pin=pin).name == "opened"


def test_a_pin_that_went_stale_before_its_digits_is_told_so(town: Town) -> None:
    town.register()
    (pin,) = town.invite()
    assert town.perform("enter_pin", NEIGHBOUR, pin=pin).name == "prove"
    town.register(site=OTHER_SITE)
    assert town.perform("prove_digits", NEIGHBOUR, pin=pin, digits="3123").name == "stale"
    assert town.perform("enter_pin", NEIGHBOUR, pin=pin).name == "replaced"


def test_the_first_answer_with_a_pin_is_noted(town: Town) -> None:
    town.register()
    (pin,) = town.invite()
    town.perform("enter_pin", NEIGHBOUR, pin=pin)
    with town.store.begin() as work:
        assert work.db.scalar(select(t.invitations.c.answered_at)) is None, "nobody was let in yet"
    town.perform("enter_pin", pin=pin)
    with town.store.begin() as work:
        assert work.db.scalar(select(t.invitations.c.answered_at)) == NOW


def test_the_closing_answer_and_the_status_say_how_long_a_pin_is_good(town: Town) -> None:
    assert town.register().values["hours"] is None
    town.invite()
    with town.store.begin() as work:
        work.db.execute(update(t.invitations).values(expires_at=NOW))
    (standing,) = town.perform("my_status").values["registrations"]
    assert standing["until"] == "2021-01-22T10:00+01:00"
