"""What the page says by itself, in every language, and that the dialogues understand its buttons."""

from datetime import UTC, datetime

import pytest

from conversations.converse import converse
from conversations.events import Outcome
from conversations.library import load_library
from conversations.session import Session
from conversations.verbs import BUSY
from gateway.web.chat_page import read_words

LIBRARY = load_library()
WORDS = read_words()
NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)


def say(text: str, session: Session) -> tuple[str, Session]:
    reply = converse(
        LIBRARY, session, text, now=NOW, perform=lambda _: Outcome(BUSY), medium="chat", at_step=None
    )
    return reply.text, reply.session


def test_every_language_of_the_dialogues_has_its_page() -> None:
    assert set(LIBRARY.languages) <= set(WORDS)


@pytest.mark.parametrize("language", WORDS)
def test_a_page_lacks_no_words(language: str) -> None:
    assert WORDS[language].keys() == WORDS["cs"].keys()
    assert all(WORDS[language].values())


@pytest.mark.parametrize("language", LIBRARY.languages)
def test_the_page_s_buttons_are_understood(language: str) -> None:
    words = WORDS[language]
    _, beginning = say(words["start"][1], Session.new(language))
    assert beginning.is_open
    _, at_number = say("REG", beginning)
    for label, reply in (*words["any_time"], *words["again"]):
        said, after = say(reply, at_number)
        assert said, label
        assert after.tries == 0, label
