"""Every transcript is held as it is written, for the price we promised."""

import pytest

from conversations.library import load_library
from conversations.media import IVR, MEDIA, SMS, gsm
from conversations.shortcuts import shortcuts
from gateway.compose import load_world
from tests import talking, transcripts
from tests.talking import Talk
from tests.transcripts import Transcript

LIBRARY = load_library(shortcuts=shortcuts(load_world().services))
EVERY = transcripts.every()


# Where there is no transcript of a dialogue in a medium, and why there is none.
NEVER_HELD = {
    ("phone", SMS): "an SMS proves whose phone it is",
    ("email", IVR): "no key leads there, and none writes an address",
    ("messages", IVR): "no key leads there",
}


@pytest.mark.parametrize("transcript", EVERY, ids=lambda transcript: transcript.name)
def test_a_conversation_goes_as_written(transcript: Transcript) -> None:
    found = list(transcripts.differences(transcript, Talk(LIBRARY, transcript).answer))
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize(
    "transcript",
    [each for each in EVERY if each.medium == SMS and each.language != "uk"],
    ids=lambda transcript: transcript.name,
)
def test_no_message_of_ours_needs_ucs2(transcript: Transcript) -> None:
    assert all(gsm.is_gsm7(exchange.answered) for exchange in transcript.exchanges)


@pytest.mark.parametrize("language", LIBRARY.languages)
@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("dialogue", LIBRARY.scripts)
def test_every_dialogue_is_held_in_every_medium_and_language(
    dialogue: str, medium: str, language: str
) -> None:
    held = {
        (each.path.parent.name, talking.MEDIA.get(each.medium, each.medium), each.language) for each in EVERY
    }
    assert ((dialogue, medium, language) in held) is not ((dialogue, medium) in NEVER_HELD)


@pytest.mark.parametrize(
    ("name", "most_mo", "most_segments"),
    [
        ("registration/one_by_one", 8, 10),
        ("registration/under_80_one_by_one", 8, 10),
        ("registration/english", 11, 14),  # with help, more and a step back
        ("reservation/pin_to_both_dates", 3, 5),
        ("registration/sms_uk", 8, 17),
        ("reservation/sms_uk", 3, 8),
    ],
)
def test_a_conversation_costs_no_more_than_promised(name: str, most_mo: int, most_segments: int) -> None:
    (transcript,) = (each for each in EVERY if each.name == name)
    assert len(transcript.exchanges) <= most_mo
    assert sum(gsm.segments(exchange.answered) for exchange in transcript.exchanges) <= most_segments
