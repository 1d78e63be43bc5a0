"""A turn speaks as its channel does: the same dialogue, folded or not, with or without buttons."""

from datetime import UTC, datetime

import pytest

from conversations.library import load_library
from core.messages import Address, MtState, NewMo
from gateway.turns.runner import TurnRunner

NOW = datetime(2021, 1, 22, 9, 0, tzinfo=UTC)
LIBRARY = load_library()


@pytest.fixture
def say(store, world):
    """Say something from an address and collect the answer, with what it expects."""
    runner = TurnRunner(store, LIBRARY, world)

    def _say(address, text, at_step=None):
        with store.begin() as work:
            work.proven_phones.prove(address, "+420601123456", how="test", now=NOW)
            work.inbox.add([NewMo(address, address.channel, text, NOW, at_step=at_step)])
        assert runner.run_address(address, NOW) == 1
        with store.begin() as work:
            (mt,) = work.outbox.claim(address.channel, max_segments=10, by="test", now=NOW, address=address)
            work.outbox.settle([mt], MtState.DELIVERED, now=NOW)
        return mt

    return _say


@pytest.mark.parametrize("channel", ["telegram", "whatsapp", "web"])
def test_a_chat_keeps_its_accents_and_says_what_may_be_pressed(say, channel):
    mt = say(Address(channel, "4711"), "ahoj")
    assert "Očkování proti covidu" in mt.text
    assert mt.segments == 1
    assert [button.reply for button in mt.expects.buttons][:2] == ["1", "2"]
    assert mt.expects.buttons[0].label == "Registrace"


def test_an_sms_is_folded_and_has_no_buttons(say):
    mt = say(Address("sms", "+420601123456"), "ahoj")
    assert "Ockovani proti covidu" in mt.text
    assert mt.expects is None


def test_the_hotline_speaks_in_words_for_the_ear(say):
    mt = say(Address("voice", "+420601123456"), "REG")
    assert "ukončete křížkem" in mt.text
    assert mt.expects.kind == "digits"
    assert mt.expects.fields == ("insurance_number",)


def test_a_button_pressed_too_late_is_told_apart(say):
    address = Address("telegram", "4711")
    menu = say(address, "ahoj")
    number = say(address, "1", at_step=menu.expects.at)
    assert "číslo pojištěnce" in number.text
    again = say(address, "2", at_step=menu.expects.at)
    assert again.text.startswith("To tlačítko patřilo k dřívější otázce.")


@pytest.mark.parametrize("channel", ["voice", "web"])
def test_whoever_looks_or_listens_is_answered_each_time(say, channel):
    address = Address(channel, "+420601123456")
    assert len({say(address, "co?").text for _ in range(8)}) <= 3
