"""Every sentence that is the same for everybody, read off the words for the ear themselves."""

from collections.abc import Iterator
from typing import Final

from jinja2 import Environment

from conversations.library import Library
from conversations.media import IVR, SMS
from gateway.voice.sounds import Sounds, Spoken, sentences

_VALUE: Final = "\\0"  # in the place of what differs between callers
_ENDS: Final = (".", "?", "!")


def fixed_sentences(library: Library) -> list[Spoken]:
    """What ``crs voice build`` makes: whole sentences without a value, in every language, each once.

    A dialogue without words for the ear is spoken as it is written.
    """
    environment = library.words.environment
    names = sorted(environment.list_templates(extensions=["j2"]))
    found: dict[Spoken, None] = {}
    for language in library.languages:
        for dialogue in sorted({name.rsplit("/", 1)[-1] for name in names if f"/{language}/" in name}):
            folder = next((each for each in (IVR, SMS) if f"{each}/{language}/{dialogue}" in names), None)
            if folder:
                found |= dict.fromkeys(_of(environment, f"{folder}/{language}/{dialogue}", language))
    return list(found)


def missing(library: Library, sounds: Sounds) -> Iterator[Spoken]:
    """The sentences among them that have no sound yet, or one that no phone can play."""
    return (spoken for spoken in fixed_sentences(library) if sounds.find(spoken) is None)


def _of(environment: Environment, template: str, language: str) -> Iterator[Spoken]:
    assert environment.loader is not None  # noqa: S101  words come from files
    source = environment.loader.get_source(environment, template)[0]
    for text in _texts(environment, source):
        for spoken in sentences(text, language):
            if _VALUE not in spoken.text and spoken.text.endswith(_ENDS):
                yield spoken


def _texts(environment: Environment, source: str) -> Iterator[str]:
    """The text between any two marks of control, with one sign for each value."""
    pieces: list[str] = []
    for _, kind, text in environment.lex(source):
        match kind:
            case "data":
                pieces.append(text)
            case "variable_begin":
                pieces.append(_VALUE)
            case "block_begin":
                yield "".join(pieces)
                pieces = []
            case _:
                pass
    yield "".join(pieces)
