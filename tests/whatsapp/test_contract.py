"""WhatsApp keeps to what every channel keeps to."""

import json
from collections.abc import AsyncIterator, Callable

import pytest

from core.messages import WHATSAPP_CHANNEL
from tests.channels.contract import ChannelContract
from tests.whatsapp.cloud_api import SECRET
from tests.whatsapp.conftest import Running


class WhatsAppParty:
    channel = WHATSAPP_CHANNEL

    def __init__(self, running: Running) -> None:
        self.store = running.store
        self._api = running.api

    def says(self, who: str, words: str) -> bytes:
        return json.dumps(self._api.says(who, words)).encode()

    def presses(self, who: str, label: str) -> bytes:
        return json.dumps(self._api.presses(who, label)).encode()

    async def post(self, update: bytes, *, is_forged: bool = False) -> int:
        return await self._api.post(update, secret="another" if is_forged else SECRET)

    def shown(self, who: str) -> list[str]:
        return [message.text for message in self._api.phones[who]]

    def buttons(self, who: str) -> list[str]:
        shown = self._api.phones[who]
        return next((list(message.buttons) for message in reversed(shown) if message.buttons), [])

    def throttle(self) -> None:
        self._api.refuse(429, 130429)

    def block(self, who: str) -> None:
        self._api.blocked.add(who)

    async def until(self, is_so: Callable[[], bool]) -> None:
        await self._api.until(is_so)


class TestWhatsApp(ChannelContract):
    @pytest.fixture
    async def party(self, run) -> AsyncIterator[WhatsAppParty]:
        async with run() as running:
            yield WhatsAppParty(running)
