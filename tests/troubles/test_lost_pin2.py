"""January 2021: a PIN2 that was lost or deleted could not be had again; nobody could book without it.

Cured by one word, ZTRATA, from the phone that the PIN was sent to; no other phone learns it.
"""

import pytest

from conversations.library import load_library
from core.messages import Address, MtState, NewMo
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NEIGHBOUR, Town

LIBRARY = load_library()


@pytest.fixture
def write(town: Town):
    """Somebody writes an SMS; gives the words of the answer."""
    runner = TurnRunner(town.store, LIBRARY, town.world)

    def write(said: str, phone: str = JANA) -> str:
        address = Address("sms", phone)
        with town.store.begin() as work:
            work.inbox.add([NewMo(address, "o2", said, town.now)])
        runner.run_address(address, town.now)
        with town.store.begin() as work:
            mts = work.outbox.claim("o2", max_segments=9, by="test", now=town.now, address=address)
            work.outbox.settle(mts, MtState.DELIVERED, now=town.now)
        return " ".join(mt.text for mt in mts)

    return write


def shown(pin: str, words: str) -> bool:
    """The PIN is in the words, however its digits are grouped."""
    return pin in "".join(c for c in words if c.isdigit())


def test_whoever_lost_it_is_told_it_again_and_books_with_it(town: Town, write) -> None:
    town.register()
    (pin,) = town.invite()
    assert shown(pin, write("ZTRATA"))
    assert "Volno pro 1. davku" in write(pin)
    write("1")
    write("ANO")
    assert town.perform("see_dates", registration="1").name == "both"


def test_another_phone_is_not_told_it(town: Town, write) -> None:
    town.register()
    (pin,) = town.invite()
    assert not shown(pin, write("ZTRATA", NEIGHBOUR))


def test_it_is_the_same_invitation_and_costs_no_place_in_the_queue(town: Town, write) -> None:
    town.register()
    (pin,) = town.invite()
    write("ZTRATA")
    with town.store.begin() as work:
        invitation = work.invitations.open_of(1)
        assert invitation is not None
        assert (invitation.round, work.invitations.pin_of(invitation.invitation_id)) == (1, pin)
