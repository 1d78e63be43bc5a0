"""The words of a dialogue: one template per dialogue and language, one block per step.

A block is looked up in ``templates/<medium>/<language>/`` first, then in ``templates/sms/<language>/``; in
each of them in the dialogue's own words, then in those it borrows from, then in ``shared.j2``:
the steps that several dialogues take.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Template, TemplateNotFound

from conversations.events import Say
from conversations.media import SMS as SMS  # noqa: PLC0414 - the medium that words are written for first
from conversations.media import gsm
from conversations.phrasing import FILTERS
from conversations.session import DEFAULT_LANGUAGE, Option

NOTICES: Final = "notices"
SHARED: Final = "shared"  # words of steps that several dialogues take
RULES: Final = "rules"  # words about a change of rules, a block per purpose
REGISTERS: Final = "registers"  # words about what registers answered, a block for each
LABEL: Final = "label_"
_DOUBLED_STOP: Final = re.compile(r"(?<!\.)\.\.(?!\.)")


class NoWords(Exception):
    """A block has no words in a language; the message names it."""


class Words:
    """Renders blocks; its answers are one line each, with single spaces."""

    def __init__(self, templates: Path, borrows: Mapping[str, tuple[str, ...]] | None = None) -> None:
        # Text, not markup: nothing is escaped.
        self.environment = Environment(  # noqa: S701
            loader=FileSystemLoader(templates),
            undefined=ChainableUndefined,
        )
        self.environment.filters.update(FILTERS)
        self.borrows = borrows or {}
        self._template = lru_cache(maxsize=None)(self._load)
        self._macros = lru_cache(maxsize=None)(self._exported)

    def render(self, say: Say, medium: str = SMS) -> str:
        """The words of one Say; raises NoWords."""
        return self._block(say.dialogue, say.block, say.language, medium, say.values)

    def render_notice(self, block: str, language: str, medium: str = SMS, **values: Any) -> str:
        """The words of a message nobody asked for: ``invitation``, ``confirmation``, ``free_again``."""
        return self._block(NOTICES, block, language, medium, values)

    def has(self, dialogue: str, block: str, language: str, medium: str = SMS) -> bool:
        """There are words for a block."""
        return self._find(dialogue, block, language, medium) is not None

    def label(self, dialogue: str, step: str, option: Option, *, language: str, medium: str = SMS) -> str:
        """What a button for an option says: the macro ``label_<step>``; nothing if there is none."""
        name = f"{LABEL}{step}"
        for template in self._templates(dialogue, language, medium):
            if name in (macros := self._macros(template, language, medium)):
                return _one_line(macros[name](option))
        return ""

    def _block(self, dialogue: str, block: str, language: str, medium: str, values: Mapping[str, Any]) -> str:
        template = self._find(dialogue, block, language, medium)
        if template is None and language != DEFAULT_LANGUAGE:
            template = self._find(dialogue, block, DEFAULT_LANGUAGE, medium)
        if template is None:
            raise NoWords(f"{dialogue}.{block} has no words in {language}")
        known = {
            **self._macros(template, language, medium),
            **values,
            "language": language,
            "medium": medium,
        }
        return _one_line("".join(template.blocks[block](template.new_context(known))))

    def _find(self, dialogue: str, block: str, language: str, medium: str) -> Template | None:
        templates = self._templates(dialogue, language, medium)
        return next((template for template in templates if block in template.blocks), None)

    def _templates(self, dialogue: str, language: str, medium: str) -> Iterator[Template]:
        """Where the words of a dialogue may be, the nearest first."""
        for folder in dict.fromkeys((medium, SMS)):
            for name in (dialogue, *self.borrows.get(dialogue, ()), SHARED):
                if template := self._template(folder, language, name):
                    yield template

    def _load(self, medium: str, language: str, dialogue: str) -> Template | None:
        try:
            return self.environment.get_template(f"{medium}/{language}/{dialogue}.j2")
        except TemplateNotFound:
            return None

    def _exported(self, template: Template, language: str, medium: str) -> dict[str, Any]:
        """The macros of a template; a block rendered alone does not see them by itself."""
        module = template.make_module({"language": language, "medium": medium})
        return {name: value for name, value in vars(module).items() if not name.startswith("_")}


def one_message(texts: tuple[str, ...], *, fold: bool) -> str:
    """The texts of a turn as one message."""
    text = _one_line(" ".join(texts))
    return gsm.fold(text) if fold else text


def _one_line(text: str) -> str:
    # A date ends in a full stop of its own: "od 1.3." closes its sentence.
    return _DOUBLED_STOP.sub(".", " ".join(str(text).split()))
