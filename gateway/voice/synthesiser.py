"""Who speaks a sentence that nobody has recorded."""

import ctypes
import importlib
import shutil
import subprocess
import threading
from array import array
from typing import Any, Final, Protocol

from gateway.voice.wave import Samples, resampled

VOICES: Final = {"cs": "cs", "en": "en", "uk": "uk"}  # our languages as espeak-ng names them
WORDS_PER_MINUTE: Final = 140  # the usual 175 is too fast on a phone, for people over eighty
LONGEST_SECONDS: Final = 20
_PROGRAM: Final = "espeak-ng"
_WHEEL: Final = "espeakng_loader"


class NoVoice(Exception):
    """Nobody can speak here, or not this; the message says what to do."""


class Synthesiser(Protocol):
    """Speaks; any number of threads may ask at once."""

    @property
    def name(self) -> str:
        """Sounds of another name are other sounds."""
        ...

    def speak(self, text: str, language: str) -> Samples:
        """The samples of a sentence at 8 kHz; raises NoVoice."""
        ...


def find_synthesiser() -> Synthesiser:
    """The espeak-ng of this machine, else the one of the optional wheel; raises NoVoice."""
    if program := shutil.which(_PROGRAM):
        return EspeakProgram(program)
    try:
        return EspeakLibrary(importlib.import_module(_WHEEL))
    except ImportError:
        raise NoVoice(
            "Nobody can speak: install espeak-ng (apt install espeak-ng) or the wheel espeakng-loader."
        ) from None


class EspeakProgram:
    """espeak-ng as a program: one process for each sentence, which it reads from its input.

    Not from its arguments: everybody on the machine can read those.
    """

    name: Final = "espeak-ng"

    def __init__(self, program: str) -> None:
        self._program = program

    def speak(self, text: str, language: str) -> Samples:
        """The samples of a sentence."""
        command = [self._program, "-v", _voice(language), "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout"]
        try:
            done = subprocess.run(  # noqa: S603  our own words, and no shell
                command, input=text.encode(), capture_output=True, timeout=LONGEST_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NoVoice(f"espeak-ng does not speak: {type(error).__name__}") from None
        return _from_stream(done.stdout)


def _from_stream(wav: bytes) -> Samples:
    """The samples of a WAV that was written to a pipe, so that its lengths are wrong."""
    rate = int.from_bytes(wav[24:28], "little")
    begin = wav.find(b"data") + 8
    if begin < 8 or not rate:
        raise NoVoice("espeak-ng speaks no WAV")
    body = wav[begin:]
    return resampled(array("h", body[: len(body) // 2 * 2]), rate)


class EspeakLibrary:
    """espeak-ng inside this process, from the wheel espeakng-loader; one sentence at a time, in milliseconds.

    Source: speak_lib.h of espeak-ng 1.52.
    """

    name: Final = "espeak-ng"
    _SYNCHRONOUS: Final = 2
    _NO_EXIT: Final = 0x8000
    _UTF8: Final = 1
    _RATE: Final = 1

    def __init__(self, wheel: Any) -> None:
        self._one_at_a_time = threading.Lock()
        self._heard = bytearray()
        self._espeak = ctypes.CDLL(wheel.get_library_path())
        folder = str(wheel.get_data_path()).encode()
        self._sample_rate = self._espeak.espeak_Initialize(self._SYNCHRONOUS, 0, folder, self._NO_EXIT)
        if self._sample_rate <= 0:
            raise NoVoice("espeak-ng does not start")
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        self._hear = callback(self._on_samples)  # kept: the library calls it as long as it lives
        self._espeak.espeak_SetSynthCallback(self._hear)

    def _on_samples(self, samples: int | None, count: int, _: object) -> int:
        if samples and count:
            self._heard += ctypes.string_at(samples, count * 2)
        return 0

    def speak(self, text: str, language: str) -> Samples:
        """The samples of a sentence."""
        said = text.encode()
        with self._one_at_a_time:
            self._heard.clear()
            self._espeak.espeak_SetVoiceByName(_voice(language).encode())
            self._espeak.espeak_SetParameter(self._RATE, WORDS_PER_MINUTE, 0)
            failed = self._espeak.espeak_Synth(said, len(said) + 1, 0, 0, 0, self._UTF8, None, None)
            heard = array("h", bytes(self._heard))
        if failed:
            raise NoVoice("espeak-ng does not speak")
        return resampled(heard, self._sample_rate)


def _voice(language: str) -> str:
    if language not in VOICES:
        raise NoVoice(f"there is no voice for the language {language}")
    return VOICES[language]
