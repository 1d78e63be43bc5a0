"""Every transcript is held as it is written, for the price we promised."""

from collections.abc import Callable
from datetime import datetime

import pytest

from conversations.converse import converse
from conversations.events import Act, Outcome
from conversations.library import Library, load_library
from conversations.media import SMS, gsm
from conversations.session import Session
from tests import transcripts
from tests.fakes_desk import OTHERS_PIN, PHONE, PIN, FakeDesk, waiting
from tests.transcripts import PRAGUE, Transcript

LIBRARY = load_library()
EVERY = transcripts.every()


def on_a_fake_desk(library: Library, transcript: Transcript) -> Callable[[str, datetime], str]:
    """A phone whose session goes through JSON between two messages."""
    desk = set_up(transcript.header.get("world", ""))
    stored = Session.new(transcript.header["language"]).to_json()
    medium = transcript.header.get("medium", SMS)

    def answer(text: str, now: datetime) -> str:
        nonlocal stored

        def perform(act: Act) -> Outcome:
            return desk.perform(act, now=now)

        session = Session.from_json(stored)
        reply = converse(
            library, session, text, now=now, perform=perform, medium=medium, has_phone=desk.has_phone
        )
        stored = reply.session.to_json()
        return reply.text

    return answer


def set_up(world: str) -> FakeDesk:  # noqa: PLR0911 - one for every kind of world
    """The world of a transcript's header: ``earlier NUMBER SITE``, ``reserved NUMBER``, ``taken …``, …"""
    match world.split(" ", 1):
        case ["earlier", of]:
            number, site = of.split()
            return FakeDesk(earlier={number: site})
        case ["reserved", number]:
            return FakeDesk(reserved={number})
        case ["taken", which]:
            return FakeDesk(taken={which})
        case ["busy", verb]:
            return FakeDesk(busy={verb})
        case ["invited", names]:
            return FakeDesk(open_pins=dict(zip(names.split(", "), (PIN, OTHERS_PIN), strict=False)))
        case ["waiting", name]:
            return FakeDesk(registrations=[waiting(name, now=datetime(2021, 1, 22, 9, tzinfo=PRAGUE))])
        case ["unproven"]:
            return FakeDesk(is_proven=False)
        case ["unproven", "calling"]:
            return FakeDesk(is_proven=False, suggested=f"+420{PHONE}")
        case ["unproven", goes]:
            return FakeDesk(is_proven=False, messages_go=goes)
        case ["messages", goes]:
            return FakeDesk(messages_go=goes)
        case ["no_pairs"]:
            return FakeDesk(no_pairs=True)
        case _:
            return FakeDesk()


@pytest.mark.parametrize("transcript", EVERY, ids=lambda transcript: transcript.name)
def test_a_conversation_goes_as_written(transcript: Transcript) -> None:
    found = list(transcripts.differences(transcript, on_a_fake_desk(LIBRARY, transcript)))
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize(
    "transcript",
    [each for each in EVERY if each.header.get("medium", SMS) == SMS],
    ids=lambda transcript: transcript.name,
)
def test_no_message_of_ours_needs_ucs2(transcript: Transcript) -> None:
    assert all(gsm.is_gsm7(exchange.answered) for exchange in transcript.exchanges)


@pytest.mark.parametrize(
    ("name", "most_mo", "most_segments"),
    [
        ("registration/one_by_one", 8, 10),
        ("registration/under_80_one_by_one", 8, 10),
        ("registration/english", 11, 14),  # with help, more and a step back
        ("reservation/pin_to_both_dates", 3, 5),
    ],
)
def test_a_conversation_costs_no_more_than_promised(name: str, most_mo: int, most_segments: int) -> None:
    (transcript,) = (each for each in EVERY if each.name == name)
    assert len(transcript.exchanges) <= most_mo
    assert sum(gsm.segments(exchange.answered) for exchange in transcript.exchanges) <= most_segments
