"""Somebody at a phone, in any medium, with the fake desk behind it."""

import re
from datetime import datetime
from typing import Any, Final

from conversations.converse import Reply, converse
from conversations.events import Act, Outcome, Say
from conversations.library import Library
from conversations.media import CHAT, IVR, SMS
from conversations.media.keypad import Again, AnotherDay, Answer, Back, Operator, Silence, read_day, read_keys
from conversations.session import DEFAULT_LANGUAGE, Session
from core.messages import Expected
from tests.fakes_desk import OTHERS_PIN, PHONE, PIN, FakeDesk, blocked, waiting
from tests.transcripts import CALLS, PRAGUE, SPEAKS, Transcript

FIRST, SECOND = "2021-01-25T08:00", "2021-02-15T08:00"
MEDIA: Final = {"web": CHAT}  # the chat on the page is a chat
RECORDED: Final = "Nahrávka 1"  # what a name becomes that was spoken
_KEYS: Final = re.compile(r"[0-9*#]+")


class Talk:
    """One conversation; its session goes through JSON between two messages."""

    def __init__(self, library: Library, transcript: Transcript) -> None:
        self._library = library
        self._language = transcript.header["language"]
        medium = transcript.header.get("medium", SMS)
        self._medium = MEDIA.get(medium, medium)
        self._desk = set_up(transcript.header.get("world", ""))
        # Who calls has chosen her language by a key; who writes, by her first word.
        self._stored = Session.new(self._language).to_json()
        self._expects: Expected | None = None
        self._text = ""
        self._asks_day = False

    def answer(self, said: str, now: datetime) -> str:
        """What is read or heard next: in a chat with the buttons under it."""
        if self._medium == IVR and said == CALLS:
            return self._take(self._library.languages[self._language][0], now)
        if self._medium == IVR and self._expects and said == SPEAKS:
            return self._take(RECORDED, now, self._expects.at)
        if self._medium == IVR and self._expects and _KEYS.fullmatch(said):
            return self._press(self._expects, said, now)
        if self._expects and said.startswith("["):
            replies = {button.label: button.reply for button in self._expects.buttons}
            return self._take(replies[said.strip("[]")], now, self._expects.at)
        return self._take(said, now)

    def _press(self, expects: Expected, keys: str, now: datetime) -> str:
        reads = read_day if self._asks_day else read_keys
        meaning = reads(expects, keys.rstrip("#"), is_ended=keys.endswith("#"))
        self._asks_day = isinstance(meaning, AnotherDay)
        match meaning:
            case Answer(text=text, at_step=at_step):
                return self._take(text, now, at_step)
            case Back(text=text) | Operator(text=text):
                return self._take(text, now)
            case AnotherDay():
                say = Say("call", "another_day", self._stored.get("language", DEFAULT_LANGUAGE), {})
                return self._library.words.render(say, IVR)
            case Again() | Silence():
                return self._text

    def _take(self, text: str, now: datetime, at_step: str | None = None) -> str:
        def perform(act: Act) -> Outcome:
            return self._desk.perform(act, now=now)

        reply = converse(
            self._library,
            Session.from_json(self._stored),
            text,
            now=now,
            perform=perform,
            medium=self._medium,
            at_step=at_step,
            has_phone=self._desk.has_phone,
        )
        self._stored = reply.session.to_json()
        self._expects, self._text = reply.expects, self._shown(reply)
        return self._text

    def _shown(self, reply: Reply) -> str:
        if self._medium != CHAT or reply.expects is None:
            return reply.text
        return " ".join([reply.text, *(f"[{button.label}]" for button in reply.expects.buttons)])


def set_up(world: str) -> FakeDesk:
    """The world of a transcript's header: ``earlier NUMBER SITE``, ``unproven calling; waiting Jan``, …"""
    return FakeDesk(**{name: value for each in world.split("; ") for name, value in _of(each).items()})


def _of(world: str) -> dict[str, Any]:  # noqa: PLR0911 - one for every kind of world
    match world.split(" ", 1):
        case ["earlier", of]:
            number, site = of.split()
            return {"earlier": {number: site}}
        case ["reserved", number]:
            return {"reserved": {number}}
        case ["taken", which]:
            return {"taken": {which}}
        case ["closing", site]:
            return {"closing": {site}}
        case ["busy", verb]:
            return {"busy": {verb}}
        case ["invited", names]:
            return {"open_pins": dict(zip(names.split(", "), (PIN, OTHERS_PIN), strict=False))}
        case ["limited", until]:
            return {"pins_until": until}
        case ["blocked", who]:
            because, *names = who.split()
            now = datetime(2021, 1, 22, 9, tzinfo=PRAGUE)
            return {"registrations": [blocked(name, because, now=now) for name in names]}
        case ["waiting", names]:
            now = datetime(2021, 1, 22, 9, tzinfo=PRAGUE)
            return {"registrations": [waiting(name, now=now) for name in names.split(", ")]}
        case ["dated", names]:
            return {"registrations": [_dated(name) for name in names.split(", ")], "dates": (FIRST, SECOND)}
        case ["single", name]:
            return {"registrations": [_dated(name)], "dates": (FIRST, None)}
        case ["unproven"]:
            return {"is_proven": False}
        case ["unproven", "calling"]:
            return {"is_proven": False, "suggested": f"+420{PHONE}"}
        case ["unproven", goes]:
            return {"is_proven": False, "messages_go": goes}
        case ["mail", "dates"]:
            return {"mail": "sent", "has_dates": True}
        case ["mail", of]:
            return {"mail": of}
        case ["messages", goes]:
            return {"messages_go": goes}
        case ["home", psc]:
            return {"home": psc}
        case ["no_pairs"]:
            return {"no_pairs": True}
        case ["offered", outcome]:
            return {"offer": outcome}
        case ["substitute"]:
            return {"is_substitute": True}
        case ["no_leftovers"]:
            return {"offers_leftovers": False}
        case _:
            return {}


def _dated(name: str) -> dict[str, Any]:
    return waiting(name, now=datetime(2021, 1, 22, 9, tzinfo=PRAGUE)) | {"state": "reserved"}
