"""What is wrong with words for the ear: they are heard once, by somebody with twelve keys and no screen."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from conversations import script as s
from conversations.media import keypad
from conversations.media.speech import SPEECH
from conversations.script import Choose

MOST_OPTIONS: Final = 6  # nobody remembers more
LONGEST: Final = timedelta(seconds=25)
CHARACTERS_A_SECOND: Final = 14
KEYS: Final = "123456789"

_PRESS: Final = {"cs": "stiskněte", "en": "press", "uk": "натисніть"}
# What is asked of somebody who writes; a word in capitals is a keyword, or is spelled by the voice.
_WRITE: Final = {
    "cs": re.compile(r"\b(?:odpovězte|napište|opište|pošlete|sms)\b", re.IGNORECASE),
    "en": re.compile(r"\b(?:reply|send us|write to us|sms)\b", re.IGNORECASE),
    "uk": re.compile(r"\b(?:напишіть|відповідайте|надішліть|смс)\b", re.IGNORECASE),
}
_WORD: Final = re.compile(r"\w+")
_SPELLED_AS_A_WORD: Final = frozenset({"PIN"})
_AFTER_A_STOP: Final = re.compile(r"\b(\w+\.) (\w)")


def faults(text: str, language: str) -> Iterator[str]:
    """What a voice would read wrongly, or a caller cannot do."""
    for word in _WORD.findall(text):
        if any(c.isdigit() for c in word):
            yield f"says the digits {word}"
        elif len(word) > 1 and word.isupper() and word not in _SPELLED_AS_A_WORD:
            yield f"says {word}: a voice spells it, or it is a keyword"
    for word, following in _AFTER_A_STOP.findall(text):
        if following.islower():
            yield f"says the abbreviation {word}"
    for word in _WRITE[language].findall(text):
        yield f"says {word}, which is for who writes"


def takes(text: str) -> timedelta:
    """How long it is spoken, about."""
    return timedelta(seconds=len(text) / CHARACTERS_A_SECOND)


def keys_of(step: Choose, options: int) -> str:
    """The keys that answer a question with so many options."""
    if s.YES in step.choose:
        return KEYS[:2]
    more = keypad.MORE if s.MORE in step.choose else ""
    none = keypad.NONE if {s.NONE_OF_THEM, s.OTHER_DAY} & step.choose.keys() else ""
    return KEYS[:options] + more + none


def unsaid(text: str, keys: str, language: str) -> str:
    """The keys that the words do not name as ``stiskněte jedna``."""
    return "".join(
        key for key in keys if f"{_PRESS[language]} {SPEECH[language].digits(key)}" not in text.lower()
    )
