"""Whoever writes letters."""

import pytest

from conversations.library import load_library
from workers.mails.letters import Writer

LIBRARY = load_library()


@pytest.fixture
def writer() -> Writer:
    return Writer(LIBRARY.words, hotline="1221")
