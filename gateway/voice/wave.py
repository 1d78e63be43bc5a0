"""Sound as telephony takes it: 8 kHz, 16 bit, mono; samples are native integers."""

import io
import wave
from array import array
from collections.abc import Iterable
from datetime import timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, TypeAlias

RATE: Final = 8_000
Samples: TypeAlias = "array[int]"
_WIDTH: Final = 2
_SYLLABLE: Final = 800  # bytes: a tenth of a second of µ-law, the shortest there is
_QUIET: Final = 500  # of 32 767: noise of a line is below, speech far above
_SMOOTHED: Final = 3  # samples at the synthesisers' usual 22 050 Hz: takes away what would fold back


class UnusableSound(Exception):
    """A file is no sound that a phone can play; the message says why."""


def says_nothing(wav: bytes) -> bool:
    """Somebody's recording is shorter than a syllable, or has nothing that is louder than a quiet line.

    The loudness is looked at in 16 bit; what is kept in another way, as µ-law, is judged by its length alone.
    """
    if len(wav) < _SYLLABLE:
        return True
    try:
        with wave.open(io.BytesIO(wav)) as file:
            if file.getsampwidth() != _WIDTH:
                return False
            samples = array("h", file.readframes(file.getnframes()))
    except (wave.Error, EOFError, ValueError):
        return False
    return max(map(abs, samples), default=0) < _QUIET


def silence(length: timedelta) -> Samples:
    """Nothing to hear."""
    return array("h", bytes(_WIDTH * int(RATE * length.total_seconds())))


def resampled(samples: Samples, rate: int) -> Samples:
    """The same sound at 8 kHz, from a ``rate`` above that: each sample the mean of those it stands for.

    Smoothed once before: two running means are a low pass good enough for speech on a phone.
    """
    if rate == RATE or len(samples) < _SMOOTHED:
        return samples
    sums = _sums(samples)
    sums = _sums(end - begin for begin, end in zip(sums, sums[_SMOOTHED:], strict=False))
    ends = [n * rate // RATE for n in range((len(sums) - 1) * RATE // rate + 1)]
    return array("h", [(sums[to] - sums[at]) // ((to - at) * _SMOOTHED) for at, to in pairwise(ends)])


def _sums(samples: Iterable[int]) -> list[int]:
    return [0, *accumulate(samples)]


def to_wav(parts: Iterable[Samples]) -> bytes:
    """One WAV file of all the parts, one after another."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(_WIDTH)
        out.setframerate(RATE)
        for part in parts:
            out.writeframes(part.tobytes())
    return file.getvalue()


def read_wav(path: Path) -> Samples:
    """The samples of a file; raises UnusableSound unless it is what a phone plays."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, _WIDTH, RATE):
                raise UnusableSound(f"{path} is not 8 kHz, 16 bit, mono")
            return array("h", file.readframes(file.getnframes()))
    except (wave.Error, EOFError, ValueError) as error:
        raise UnusableSound(f"{path} is no WAV file") from error
