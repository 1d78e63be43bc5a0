"""The words of letters, once for the text, the page and the paper."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from conversations.events import Say
from conversations.words import Words
from core.confirmation import Confirmation, Visit
from core.mails import Purpose

EMAIL: Final = "email"
CONFIRMATION: Final = "confirmation"
REGISTERED: Final = "registered"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is told; with a ``link`` the value can be followed."""

    label: str
    value: str = field(repr=False)
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said, in the order it is said; how it looks is somebody else's business."""

    language: str
    subject: str
    heading: str
    opening: str = field(repr=False)
    facts: tuple[Fact, ...]
    advice: tuple[str, ...]
    closing: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What is acknowledged to somebody who registered."""

    name: str = field(repr=False)
    language: str
    site: str
    registered_at: datetime


class Writer:
    """Puts values into words, in the language of whom they are for."""

    def __init__(self, words: Words, *, hotline: str) -> None:
        self._words = words
        self._hotline = hotline

    def confirmation(self, said: Confirmation, purpose: Purpose) -> Letter:
        """The dates of somebody: confirmed, changed or cancelled."""

        def say(block: str, visit: Visit | None = None) -> str:
            return self.of_confirmation(said, block, purpose=purpose, visit=visit)

        visits = [Fact(say("visit", visit), say("moment", visit)) for visit in said.visits]
        where = [Fact(say("site"), said.site), Fact(say("address"), said.address)]
        is_on = purpose is not Purpose.CANCELLED
        if is_on and said.map_link:
            where.append(Fact(say("map"), say("show_map"), said.map_link))
        if is_on:
            where += [Fact(say("product"), said.product), Fact(say("code"), said.code)]
        return Letter(
            language=said.language,
            subject=say("subject"),
            heading=say("heading"),
            opening=say("opening"),
            facts=(Fact(say("who"), said.name), *visits, *where),
            advice=(say("bring"), say("rest"), say("change")) if is_on else (say("anew"),),
            closing=say("closing"),
        )

    def of_confirmation(
        self,
        said: Confirmation,
        block: str,
        *,
        purpose: Purpose = Purpose.CONFIRMED,
        visit: Visit | None = None,
    ) -> str:
        """One block of its words, such as ``event``: what a calendar calls a visit."""
        values = {
            "purpose": purpose.value,
            "name": said.name,
            "visits": said.visits,
            "visit": visit,
            "code": said.code,
        }
        return self._say(CONFIRMATION, block, said.language, values)

    def registered(self, said: Registered) -> Letter:
        """The acknowledgement of a registration."""

        def say(block: str) -> str:
            values = {"name": said.name, "registered_at": said.registered_at}
            return self._say(REGISTERED, block, said.language, values)

        return Letter(
            language=said.language,
            subject=say("subject"),
            heading=say("heading"),
            opening=say("opening"),
            facts=(
                Fact(say("who"), said.name),
                Fact(say("site"), said.site),
                Fact(say("since"), say("moment")),
            ),
            advice=(say("next"), say("ask")),
            closing=say("closing"),
        )

    def text(self, letter: Letter) -> str:
        """The letter as plain text."""
        return self._lay_out("letter.txt.j2", letter)

    def page(self, letter: Letter) -> str:
        """The letter as HTML, readable without pictures and aloud."""
        return self._lay_out("letter.html.j2", letter)

    def _say(self, dialogue: str, block: str, language: str, values: dict[str, Any]) -> str:
        return self._words.render(Say(dialogue, block, language, {**values, "hotline": self._hotline}), EMAIL)

    def _lay_out(self, layout: str, letter: Letter) -> str:
        return self._words.environment.get_template(f"{EMAIL}/{layout}").render(letter=letter)
