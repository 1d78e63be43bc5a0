"""Callers on a real PostgreSQL: their turns are like everybody's, and twenty of them go on at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from conversations.library import load_library
from conversations.reading import read_fields
from conversations.script import Field
from conversations.session import SESSION_LASTS
from core.messages import Address
from core.unanswered import PATIENCE
from gateway.channels.voice import Hotline
from gateway.compose import load_world
from gateway.turns.runner import TurnRunner
from gateway.voice.call import Conversation
from gateway.voice.shelf import HttpShelf
from gateway.voice.sounds import Sounds
from gateway.voice.turns import Turns
from tests.running import Clock
from tests.voice.peer import CALLER, GONE, ACaller, Beeps

LIBRARY = load_library()
JANA = Address("voice", CALLER)
INFORMATION, PSC = "4", "58601"
TO_THE_END = (("signpost.menu", INFORMATION), ("information.home", f"{PSC}#"))


@pytest.fixture(scope="module")
def world():
    return load_world()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def turns(store, world, clock):
    return Turns(store, TurnRunner(store, LIBRARY, world), clock, by="voice test")


def say(turns, words, *, turn, at_step=None, heard=(), address=JANA):
    return turns.answer(address, words, turn=turn, at_step=at_step, heard=heard)


def states(store):
    with store.begin() as work:
        return [tuple(row) for row in work.db.execute(text("SELECT state FROM outbox ORDER BY mt_id"))]


def test_an_answer_is_delivered_when_she_goes_on(store, turns):
    menu = say(turns, "ČESKY", turn="1.1")
    assert menu.expects.at.startswith("signpost.menu:")
    assert states(store) == [("claimed",)]
    asked = say(turns, INFORMATION, turn="1.2", at_step=menu.expects.at, heard=menu.mts)
    told = say(turns, PSC, turn="1.3", at_step=asked.expects.at, heard=asked.mts)
    assert told.is_over
    assert told.expects is None
    turns.heard(told.mts)
    assert states(store) == [("delivered",)] * 3


def test_a_turn_that_is_told_twice_is_taken_once(turns):
    assert say(turns, "ČESKY", turn="1.1").mts
    assert not say(turns, "ČESKY", turn="1.1").mts


def test_what_was_not_heard_is_never_said_again(store, turns):
    menu = say(turns, "ČESKY", turn="1.1")
    turns.forget(JANA, menu.mts)
    assert states(store) == [("expired",)]


def test_what_a_dead_gateway_left_is_dropped_by_the_next_call(store, turns, clock):
    say(turns, "ČESKY", turn="1.1")
    with store.begin() as work:  # as the gateways do for a claimant that died
        work.outbox.doubt_claims_of(["voice test"], PATIENCE, now=clock())
    assert states(store) == [("queued",)]
    turns.begin(JANA)
    assert states(store) == [("expired",)]
    again = say(turns, "ČESKY", turn="2.1")
    assert len(again.mts) == 1


def test_a_session_is_found_again_as_long_as_sessions_last(turns, clock):
    say(turns, "ČESKY", turn="1.1")
    assert turns.begin(JANA).step == "menu"
    clock.ahead += SESSION_LASTS + timedelta(minutes=1)
    assert not turns.begin(JANA).is_open


def test_an_unknown_caller_stands_nowhere(turns):
    assert not turns.begin(JANA).is_open


def test_a_proof_is_forgotten(store, turns, clock):
    with store.begin() as work:
        work.proven_phones.prove(JANA, CALLER, how="PIN1", now=clock())
    turns.forget_proof(JANA)
    with store.begin() as work:
        assert work.proven_phones.phone_of(JANA, now=clock()) is None


def test_five_wrong_proofs_block_an_address(turns):
    for _ in range(5):
        assert not turns.is_blocked(JANA)
        turns.wrong_proof(JANA)
    assert turns.is_blocked(JANA)


@pytest.fixture
def hotline(turns, tmp_path):
    sounds = Sounds(
        Beeps(), HttpShelf("http://127.0.0.1:1/voice"), recorded=tmp_path / "r", built=tmp_path / "b"
    )

    def open_call(caller, line):
        return Conversation(
            caller, line, turns, sounds, LIBRARY, recordings="/rec", turn_within=timedelta(seconds=20)
        )

    return Hotline(open_call, key="", country="CZ", at_once=30, longest=timedelta(minutes=1))


async def test_twenty_calls_go_on_at_once(store, hotline):
    calls = [
        ACaller(*TO_THE_END, number=f"+4206011234{n:02}").call(hotline.lead, f"1.{n}") for n in range(20)
    ]
    made = await asyncio.gather(*calls)
    assert all(each.is_done for each in made)
    assert states(store) == [("delivered",)] * 60


async def test_a_dropped_call_goes_on_at_the_same_question(store, hotline, turns):
    await ACaller(("signpost.menu", GONE)).call(hotline.lead, "1.1")
    made = await ACaller(*TO_THE_END).call(hotline.lead, "1.2")
    assert made.is_done
    assert not turns.begin(JANA).is_open


def test_the_number_of_a_recording_is_a_name_until_it_is_written_down():
    filled = read_fields("Nahrávka 12", asked=[Field.NAME], also=[])
    assert filled.values == {Field.NAME: "Nahrávka 12"}
    assert not read_fields("Nahrávka 12 13", asked=[Field.NAME], also=[]).values
