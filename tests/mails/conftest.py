"""Whoever writes and sends letters."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from conversations.library import load_library
from tests.mails.office import Office
from tests.mails.server import Mailbox, mail_server
from tests.turns.conftest import Town, empty_town, town, world
from workers.mails.letters import Writer

__all__ = ["empty_town", "town", "world"]

LIBRARY = load_library()


@pytest.fixture
def writer() -> Writer:
    return Writer(LIBRARY.words, hotline="1221")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on this machine."""
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def office(town: Town, mailbox: Mailbox) -> Office:
    """The town of the desk's turns, where letters are sent."""
    town.world = replace(town.world, has_mail=True)
    return Office(town, mailbox)
