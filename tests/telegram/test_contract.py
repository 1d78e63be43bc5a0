"""Telegram keeps to what every channel keeps to."""

import json
from collections.abc import AsyncIterator, Callable

import pytest

from core.messages import TELEGRAM_CHANNEL
from tests.channels.contract import ChannelContract
from tests.telegram.conftest import Running


class TelegramParty:
    channel = TELEGRAM_CHANNEL

    def __init__(self, running: Running) -> None:
        self.store = running.store
        self._api = running.api

    def says(self, who: str, words: str) -> bytes:
        return json.dumps(self._api.person(int(who)).message(text=words)).encode()

    def presses(self, who: str, label: str) -> bytes:
        person = self._api.person(int(who))
        shown = next(m for m in reversed(person.screen) if label in m.buttons)
        return json.dumps(person.press(shown, shown.buttons[label])).encode()

    async def post(self, update: bytes, *, is_forged: bool = False) -> int:
        return await self._api.post(update, **({self._api.SECRET_HEADER: "another"} if is_forged else {}))

    def shown(self, who: str) -> list[str]:
        return [message.text for message in self._api.person(int(who)).screen]

    def buttons(self, who: str) -> list[str]:
        screen = self._api.person(int(who)).screen
        return next((list(message.buttons) for message in reversed(screen) if message.buttons), [])

    def throttle(self) -> None:
        self._api.refuse("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)

    def block(self, who: str) -> None:
        self._api.blocked.add(who)

    async def until(self, is_so: Callable[[], bool]) -> None:
        await self._api.until(is_so)


class TestTelegram(ChannelContract):
    @pytest.fixture
    async def party(self, run) -> AsyncIterator[TelegramParty]:
        async with run() as running:
            yield TelegramParty(running)
