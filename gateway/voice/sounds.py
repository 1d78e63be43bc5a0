"""What the caller hears: sentences found or spoken, joined to one prompt, and put where Asterisk fetches it.

A sentence is taken from a recording by a person, else from what ``crs voice build`` made, else spoken anew.
Only sentences without anybody's values are kept; a prompt with others has a name that nobody guesses, and is
gone with the call.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from gateway.voice.shelf import Shelf
from gateway.voice.synthesiser import Synthesiser
from gateway.voice.wave import Samples, UnusableSound, read_wav, silence, to_wav

BREATH: Final = timedelta(milliseconds=250)
KEYS: Final = "keys"
_ENDS: Final = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z])")
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._]+")


class Spoken(NamedTuple):
    """A sentence and the language it is in."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sound as Asterisk is told of it."""

    sound: str
    name: str
    is_personal: bool = field(default=False)


def sentences(text: str, language: str) -> list[Spoken]:
    """The text in the pieces that sounds are made of."""
    return [Spoken(language, each) for each in _ENDS.split(" ".join(text.split())) if each]


def digest(spoken: Spoken) -> str:
    """The name of a sentence's sound."""
    return hashlib.sha256(f"{spoken.language}\n{spoken.text}".encode()).hexdigest()[:24]


class Sounds:
    """Synchronous: it reads files and waits for the synthesiser. ``built`` is where built sounds are."""

    def __init__(self, synthesiser: Synthesiser, shelf: Shelf, *, recorded: Path, built: Path) -> None:
        self._synthesiser = synthesiser
        self._shelf = shelf
        self._recorded = recorded
        self.built = built / synthesiser.name

    def prompt(self, step: str, said: Sequence[Spoken]) -> Prompt:
        """One sound of all the sentences; its name begins with ``step``."""
        parts: list[Samples] = []
        is_personal = False
        for spoken in said:
            samples = self.find(spoken)
            if samples is None:
                is_personal = True
                samples = self._synthesiser.speak(spoken.text, spoken.language)
            parts += samples, silence(BREATH)
        mark = secrets.token_hex(16) if is_personal else _digest_of_all(said)
        name = f"{_NOT_IN_A_NAME.sub('_', step)}-{mark}"
        return Prompt(self._shelf.put(name, to_wav(parts), is_personal=is_personal), name, is_personal)

    def hush(self, step: str) -> Prompt:
        """A moment of nothing, for keys that may only come after a prompt."""
        name = f"{_NOT_IN_A_NAME.sub('_', step)}-{KEYS}"
        return Prompt(self._shelf.put(name, to_wav([silence(BREATH)]), is_personal=False), name)

    def drop(self, prompt: Prompt) -> None:
        """Nobody shall hear it again, if it was somebody's own."""
        if prompt.is_personal:
            self._shelf.remove(prompt.name)

    def find(self, spoken: Spoken) -> "Samples | None":
        """The sound of a sentence that was recorded or built; None if there is none that can be played."""
        for path in (self._recorded_at(spoken), self._built_at(spoken)):
            if path.exists():
                try:
                    return read_wav(path)
                except UnusableSound:
                    continue
        return None

    def is_recorded(self, spoken: Spoken) -> bool:
        """A person has said it."""
        return self._recorded_at(spoken).exists()

    def build(self, spoken: Spoken) -> None:
        """Speak a sentence, and keep it for good; for words that are the same for everybody."""
        path = self._built_at(spoken)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{secrets.token_hex(4)}")
        unfinished.write_bytes(to_wav([self._synthesiser.speak(spoken.text, spoken.language)]))
        unfinished.replace(path)

    def _recorded_at(self, spoken: Spoken) -> Path:
        return self._recorded / spoken.language / f"{digest(spoken)}.wav"

    def _built_at(self, spoken: Spoken) -> Path:
        return self.built / spoken.language / f"{digest(spoken)}.wav"


def _digest_of_all(said: Sequence[Spoken]) -> str:
    return hashlib.sha256("\n".join(digest(spoken) for spoken in said).encode()).hexdigest()[:16]
