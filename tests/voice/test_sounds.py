"""Sounds: what is kept, what is gone, and that every sentence has one."""

import math
import stat
import sys
import wave
from array import array
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from conversations.library import load_library
from gateway.voice.blocks import fixed_sentences, missing
from gateway.voice.shelf import MOST_KEPT, FolderShelf, HttpShelf
from gateway.voice.sounds import Sounds, Spoken, digest, sentences
from gateway.voice.synthesiser import EspeakProgram, NoVoice
from gateway.voice.wave import RATE, resampled, silence, to_wav
from tests.voice.peer import Beeps

HELLO = Spoken("cs", "Dobrý den.")
PIN = Spoken("cs", "Váš kód je čtyři sedm.")
LIBRARY = load_library()


class Here:
    """Sounds in a folder of this test."""

    def __init__(self, folder: Path) -> None:
        self.beeps = Beeps()
        self.recorded = folder / "recorded"
        self.shelf = HttpShelf("http://voice.example/voice")
        self.sounds = Sounds(self.beeps, self.shelf, recorded=self.recorded, built=folder / "built")

    def files(self) -> list[Path]:
        return [path for path in self.sounds.built.rglob("*") if path.is_file()]


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_a_text_is_cut_into_its_sentences():
    assert sentences("Zadejte PSČ, třeba 586 01. Ukončete křížkem!  Jste tam? Ano.", "cs") == [
        Spoken("cs", "Zadejte PSČ, třeba 586 01."),
        Spoken("cs", "Ukončete křížkem!"),
        Spoken("cs", "Jste tam?"),
        Spoken("cs", "Ano."),
    ]


def test_a_built_sentence_is_not_spoken_again(here: Here):
    here.sounds.build(HELLO)
    prompt = here.sounds.prompt("greeting", [HELLO])
    assert here.beeps.spoken == [("cs", "Dobrý den.")]
    assert not prompt.is_personal
    assert prompt.sound == f"http://voice.example/voice/{prompt.name}.wav"
    assert here.sounds.prompt("greeting", [HELLO]) == prompt


def test_what_a_person_has_recorded_is_played_before_what_was_built(here: Here):
    here.sounds.build(HELLO)
    path = here.recorded / "cs" / f"{digest(HELLO)}.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(to_wav([array("h", [7] * 80)]))
    assert here.sounds.find(HELLO) == array("h", [7] * 80)


def test_a_recording_that_no_phone_plays_is_no_sound(here: Here):
    path = here.recorded / "cs" / f"{digest(HELLO)}.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"an MP3, perhaps")
    assert here.sounds.find(HELLO) is None


def test_what_is_said_to_one_caller_is_kept_nowhere(here: Here):
    here.sounds.build(HELLO)
    before = here.files()
    first, again = (here.sounds.prompt("reservation.held", [HELLO, PIN]) for _ in range(2))
    assert first.is_personal
    assert first.name != again.name  # nobody can tell from the name what is said
    assert here.files() == before


async def test_a_sound_is_served_until_the_call_is_over(here: Here):
    application = web.Application()
    application.router.add_routes(here.shelf.routes)
    prompt = here.sounds.prompt("reservation.held", [PIN])
    async with TestClient(TestServer(application)) as client:
        found = await client.get(f"/voice/{prompt.name}.wav")
        assert found.headers["Content-Type"] == "audio/wav"
        assert found.headers["Cache-Control"] == "no-store"
        with wave.open(BytesIO(await found.read())) as sound:
            assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
        here.sounds.drop(prompt)
        assert (await client.get(f"/voice/{prompt.name}.wav")).status == 404


async def test_what_everybody_hears_may_be_copied_so_that_many_calls_at_once_fetch_it_once(here: Here):
    here.sounds.build(HELLO)
    application = web.Application()
    application.router.add_routes(here.shelf.routes)
    prompts = here.sounds.prompt("greeting", [HELLO]), here.sounds.hush("reservation.held")
    async with TestClient(TestServer(application)) as client:
        for prompt in prompts:
            found = await client.get(f"/voice/{prompt.name}.wav")
            assert found.headers["Cache-Control"] == "max-age=3600"


async def test_the_shelf_keeps_the_newest_of_many(here: Here):
    for number in range(MOST_KEPT + 5):
        here.shelf.put(str(number), b"x", is_personal=False)
    application = web.Application()
    application.router.add_routes(here.shelf.routes)
    async with TestClient(TestServer(application)) as client:
        found = [(await client.get(f"/voice/{number}.wav")).status for number in (4, 5, MOST_KEPT + 4)]
    assert found == [404, 200, 200]


def test_a_folder_is_told_of_without_the_ending(tmp_path: Path):
    shelf = FolderShelf(tmp_path / "sounds")
    assert shelf.put("greeting-1", b"x", is_personal=False) == str(tmp_path / "sounds" / "greeting-1")
    assert [path.name for path in (tmp_path / "sounds").iterdir()] == ["greeting-1.wav"]
    shelf.remove("greeting-1")
    shelf.remove("greeting-1")
    assert list((tmp_path / "sounds").iterdir()) == []


def test_every_fixed_sentence_of_every_language_can_be_built(here: Here):
    every = fixed_sentences(LIBRARY)
    assert {spoken.language for spoken in every} == set(LIBRARY.languages)
    assert not [spoken for spoken in every if "{" in spoken.text or "\0" in spoken.text]
    for spoken in every:
        here.sounds.build(spoken)
    assert list(missing(LIBRARY, here.sounds)) == []


def test_a_sentence_with_a_value_is_no_fixed_one():
    fixed = {spoken.text for spoken in fixed_sentences(LIBRARY) if spoken.language == "cs"}
    assert "Nic jsme neslyšeli." in fixed
    assert not [text for text in fixed if text.startswith("Termín vám držíme")]


# Waves

TONES = st.integers(1, 1500)
RATES = st.sampled_from([11_025, 16_000, 22_050, 44_100, 48_000])


@given(RATES, st.lists(st.integers(-32768, 32767), max_size=400))
def test_resampling_keeps_the_length_and_the_range(rate, samples):
    found = resampled(array("h", samples), rate)
    assert abs(len(found) - len(samples) * RATE / rate) <= 4
    if found:
        assert min(samples) - 1 <= min(found)
        assert max(found) <= max(samples) + 1


@given(RATES, TONES)
def test_a_tone_stays_the_tone_it_was(rate, hertz):
    tone = array("h", [int(9000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(rate // 2)])
    found = resampled(tone, rate)
    crossings = sum(a < 0 <= b for a, b in pairwise(found))
    assert abs(crossings - hertz / 2) <= 2


def test_parts_are_joined_one_after_another():
    with wave.open(BytesIO(to_wav([silence(timedelta(seconds=1)), array("h", [5] * 10)]))) as joined:
        assert joined.getnframes() == 8010


# The synthesiser as a program

ESPEAK = """#!{python}
import struct, sys
said = sys.stdin.buffer.read()
assert "Dobrý".encode() not in b"".join(arg.encode() for arg in sys.argv)
assert sys.argv[1:5] == ["-v", "cs", "-s", "140"], sys.argv
body = struct.pack("<h", 100) * 22050
sys.stdout.buffer.write(b"RIFF\\xff\\xff\\xff\\x7fWAVEfmt ")
sys.stdout.buffer.write(struct.pack("<IHHIIHH", 16, 1, 1, 22050, 44100, 2, 16))
sys.stdout.buffer.write(b"data\\xff\\xff\\xff\\x7f" + body)
sys.exit({code})
"""


@pytest.fixture
def espeak(tmp_path: Path):
    def make(code: int = 0) -> EspeakProgram:
        program = tmp_path / "espeak-ng"
        program.write_text(ESPEAK.format(python=sys.executable, code=code))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return EspeakProgram(str(program))

    return make


def test_a_wav_from_a_pipe_is_read_whatever_its_lengths_say(espeak):
    samples = espeak().speak("Dobrý den.", "cs")
    assert abs(len(samples) - RATE) <= 2
    assert set(samples) == {100}


def test_a_synthesiser_that_breaks_is_told(espeak):
    with pytest.raises(NoVoice, match="does not speak"):
        espeak(code=1).speak("Dobrý den.", "cs")


def test_a_language_without_a_voice_is_told(espeak):
    with pytest.raises(NoVoice, match="no voice for the language xx"):
        espeak().speak("?", "xx")
