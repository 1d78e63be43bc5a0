"""Every script and its words, read once: what the engine runs on."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from conversations.script import Script, UnusableScript, read_script
from conversations.shortcuts import Shortcut
from conversations.understand.text import plain
from conversations.words import Words

SIGNPOST: Final = "signpost"
PHONE: Final = "phone"  # the dialogue before those that need a proven phone
ANY_LANGUAGE: Final = "any"
DIALOGUES: Final = Path(__file__).parent / "dialogues"
TEMPLATES: Final = Path(__file__).parent.parent / "templates"
LANGUAGES_FILE: Final = "languages.toml"


@dataclass(frozen=True)
class Library:
    """The scripts by name, the words, and how each language is asked for."""

    scripts: Mapping[str, Script]
    words: Words
    languages: Mapping[str, tuple[str, ...]]  # language -> what switches to it
    shortcuts: tuple[Shortcut, ...] = ()

    @cached_property
    def keywords(self) -> Mapping[str, tuple[str, str]]:
        """Plain keyword -> the dialogue it starts and its language, or "any"."""
        return {
            plain(word): (script.name, language)
            for script in self.scripts.values()
            for word, language in script.claimed()
        } | {plain(each.word): (each.dialogue, each.language) for each in self.shortcuts}

    @cached_property
    def answered_by(self) -> Mapping[str, Mapping[str, str]]:
        """Plain keyword -> what it answers at once."""
        return {plain(each.word): each.answers for each in self.shortcuts}

    @cached_property
    def language_of(self) -> Mapping[str, str]:
        """Plain word -> the language it switches to."""
        return {plain(word): language for language, words in self.languages.items() for word in words}


def load_library(
    dialogues: Path = DIALOGUES, templates: Path = TEMPLATES, *, shortcuts: Iterable[Shortcut] = ()
) -> Library:
    """Read every script and the words; raises UnusableScript."""
    languages = tomllib.loads((dialogues / LANGUAGES_FILE).read_text(encoding="utf-8"))
    scripts = _read_all(path for path in sorted(dialogues.glob("*.toml")) if path.name != LANGUAGES_FILE)
    if SIGNPOST not in scripts:
        raise UnusableScript(f"{dialogues} has no {SIGNPOST}.toml, the dialogue of an unknown first message")
    if PHONE not in scripts and any(script.needs_phone for script in scripts.values()):
        raise UnusableScript(f"{dialogues} has no {PHONE}.toml, which proves the phone that others need")
    return Library(
        scripts,
        Words(templates, {script.name: script.borrows for script in scripts.values()}),
        {language: tuple(words) for language, words in languages["switch"].items()},
        tuple(shortcuts),
    )


def _read_all(paths: Iterable[Path]) -> dict[str, Script]:
    scripts = {}
    for path in paths:
        try:
            script = read_script(path.read_text(encoding="utf-8"))
        except UnusableScript as wrong:
            raise UnusableScript(f"{path.name}: {wrong}") from wrong
        if script.name != path.stem:
            raise UnusableScript(f"{path.name} holds the dialogue {script.name}")
        scripts[script.name] = script
    return scripts
