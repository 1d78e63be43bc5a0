"""How a conversation looks: the page, the parts of it that change, and what it says by itself."""

import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import jinja2
from aiohttp import web

from conversations.session import DEFAULT_LANGUAGE
from core.calendars.calendar import PRAGUE
from core.vault import Vault
from gateway.web.thread import Thread
from gateway.web.visitor import Visitor

TEMPLATES: Final = Path(__file__).parent.parent.parent / "templates" / "web"
MOST_CHARACTERS: Final = 1_000

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: a browser would then hide the Origin of our own forms (Fetch §3.2).
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormSecrets:
    """What every form carries: a proof that it is ours, and a mark by which the same one is known again."""

    token: str = field(repr=False)
    once: str

    @classmethod
    def of(cls, visitor: Visitor, vault: Vault) -> Self:
        return cls(visitor.token(vault), secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Notice:
    """What the page says besides the conversation; ``typed`` is what she need not write again."""

    refused: str = ""  # the name of its words
    status: int = HTTPStatus.OK
    typed: str = field(default="", repr=False)
    is_ended: bool = False


class ChatPage:
    """Makes HTML of a conversation."""

    def __init__(self, switches: Mapping[str, Sequence[str]]) -> None:
        """``switches`` are the words that switch the language, by language."""
        self._words = read_words()
        self._switches = switches
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.globals.update(zone=PRAGUE, most=MOST_CHARACTERS)

    def words(self, thread: Thread) -> Words:
        return self._words.get(thread.language, self._words[DEFAULT_LANGUAGE])

    def whole(self, thread: Thread, form: FormSecrets, notice: Notice) -> web.Response:
        """The page."""
        words = self.words(thread)
        html = self._templates.get_template("chat/page.html.j2").render(
            language=thread.language,
            languages=[
                {"language": language, "name": self._words[language]["name"], "word": switch[0]}
                for language, switch in self._switches.items()
                if language != thread.language and language in self._words
            ],
            thread=thread,
            words=words,
            form=form,
            notice=notice,
        )
        return web.Response(text=html, content_type="text/html", status=notice.status, headers=HEADERS)

    def parts(self, thread: Thread, form: FormSecrets) -> dict[str, object]:
        """What changes on a page that is open."""
        macros: Any = self._templates.get_template("chat/parts.html.j2").module
        words = self.words(thread)
        return {
            "language": thread.language,
            "is_empty": not thread.shown,
            "is_waiting": thread.is_waiting,
            "messages": macros.messages(thread, words),
            "status": macros.status(thread, words),
            "answers": macros.answers(thread, words, form),
            "answers_for": thread.answers_for,
        }


def read_words() -> dict[str, Words]:
    """What the page itself says, by language."""
    files = sorted((TEMPLATES / "chat").glob("*.toml"))
    return {file.stem: tomllib.loads(file.read_text("utf-8")) for file in files}
