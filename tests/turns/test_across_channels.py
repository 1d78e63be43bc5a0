"""A person is one across channels: by the phone that each of them has shown to be hers."""

import re
from random import Random

import pytest
from sqlalchemy import select

from conversations.library import load_library
from core.messages import Address, MtState, NewMo
from core.store import tables as t
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NEIGHBOUR, Town

CHAT = Address("telegram", "4711")
SMS = Address("sms", JANA)
LIBRARY = load_library()


class Says:
    """Writes from an address, and reads what comes to it."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._runner = TurnRunner(town.store, LIBRARY, town.world, random=Random(7))

    def __call__(self, text: str, address: Address = CHAT) -> str:
        with self._town.store.begin() as work:
            work.inbox.add([NewMo(address, "loopback", text, self._town.now)])
        self._runner.run_address(address, self._town.now)
        return self.read(address)

    def read(self, address: Address) -> str:
        now = self._town.now
        with self._town.store.begin() as work:
            mts = work.outbox.claim("loopback", max_segments=9, by="test", now=now, address=address)
            work.outbox.settle(mts, MtState.DELIVERED, now=now)
        return " ".join(mt.text for mt in mts)


@pytest.fixture
def says(town: Town) -> Says:
    return Says(town)


def prove(says: Says) -> str:
    """Jana's phone is proven in the chat, after something that needs it was asked for."""
    assert "končí na 001" in says("601 000 001")
    (pin1,) = re.findall(r"PIN1 (\d{6})", says.read(SMS))
    return says(pin1)


def test_a_status_is_told_in_a_chat_once_the_phone_is_proven(town: Town, says: Says) -> None:
    town.register()
    assert "Ověříme váš telefon" in says("stav")
    assert "Máme je posílat sem?" in prove(says)
    told = says("ano")
    assert "Zprávy budou chodit sem." in told
    assert "1. v pořadí" in told
    assert "1. v pořadí" in says("stav"), "nor is the phone asked for again"
    with town.store.begin() as work:
        assert work.registrations.chosen_addresses(JANA) == [CHAT]


def test_who_registers_in_a_chat_does_so_with_the_phone_she_proved_there(town: Town, says: Says) -> None:
    assert "Ověříme váš telefon" in says("REG 405123123 Jana Nováková 111 58601")
    assert "Nejbližší místa" in prove(says)
    says("1")
    assert "Registrace přijata" in says("ano")
    r = t.registrations.c
    with town.store.begin() as work:
        assert work.db.execute(select(r.phone, r.channel, r.address)).one() == (JANA, *CHAT)


def test_a_pin2_sent_by_sms_is_used_in_a_chat_with_the_four_digits(town: Town, says: Says) -> None:
    town.register()
    (pin,) = town.invite()
    assert "poslední 4 číslice" in says(pin)
    assert "Číslice nesouhlasí" in says("0000")
    assert "1 po 25.1." in says("3123")
    says("1")
    assert "Máte termín" in says("ano")


def test_a_pin2_needs_no_digits_where_the_phone_is_proven(town: Town, says: Says) -> None:
    town.register()
    (pin,) = town.invite()
    says("stav")
    prove(says)
    says("ne")
    assert "1 po 25.1." in says(pin)


def test_another_phone_that_is_proven_is_not_hers(town: Town, says: Says) -> None:
    town.register(phone=NEIGHBOUR)
    (pin,) = town.invite()
    says("stav")
    assert "žádnou registraci nemáme" in prove(says)
    assert "poslední 4 číslice" in says(pin)


def test_a_proven_contact_needs_no_pin1(town: Town, says: Says) -> None:
    says("stav")
    with town.store.begin() as work:
        work.proven_phones.prove(CHAT, JANA, how="contact", now=town.now)
    assert "Děkujeme, telefon je ověřený." in says(JANA)
    assert not says.read(SMS)


@pytest.mark.parametrize("number", ["267 123 456", "+421 905 123 456", "+44 7911 123456"])
def test_no_pin1_goes_where_it_costs_much_or_cannot_be_read(says: Says, town: Town, number: str) -> None:
    says("stav")
    assert "SMS poslat neumíme" in says(number)
    with town.store.begin() as work:
        assert work.db.execute(select(t.pin1s)).all() == []
