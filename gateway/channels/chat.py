"""What chat channels share: a webhook that answers when all is durable, and one MT at a time to a chat."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog
from aiohttp import web

from conversations.reading import MOST_CHARACTERS
from gateway.errors import NotNow

log = structlog.get_logger()

MOST_REMEMBERED: Final = 10_000  # chats that were written to; the rested ones among them are forgotten


def readable(text: str) -> str:
    """As long as anybody reads, and writable: JSON may hold half a surrogate pair."""
    return text[:MOST_CHARACTERS].encode("utf-8", "replace").decode().replace("\0", "")


def webhook(
    path: str,
    *,
    is_genuine: Callable[[Mapping[str, str], bytes], bool],
    take: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> web.RouteDef:
    """A route for a chat operator's updates; ``take`` returns when what one says is durable.

    401 for a forgery, 400 for what is not a JSON object, 503 while it cannot be kept: it comes again. What is
    larger than 1 MiB is refused by the server (413).
    """

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        if not is_genuine(request.headers, body):
            raise web.HTTPUnauthorized
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            raise web.HTTPBadRequest from None
        if not isinstance(update, dict):
            raise web.HTTPBadRequest
        try:
            await take(update)
        except NotNow:
            log.info("webhook.put_off", path=path)
            raise web.HTTPServiceUnavailable from None
        return web.Response()

    return web.post(path, receive)


class OneByOne:
    """Each chat takes one MT at a time, in their order, and the next one no sooner than ``apart``.

    Of this process: another one may write to the same chat, and then the operator has the last word.
    """

    def __init__(self, apart: timedelta, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._apart = apart.total_seconds()
        self._clock = clock
        self._free_at: dict[str, float] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def admit(self, chat: str) -> timedelta:
        """Zero, and the chat is taken; or how long it takes nothing."""
        now = self._clock()
        turn = self._turns.get(chat)
        rests = self._apart if turn and turn.locked() else self._free_at.get(chat, now) - now
        if rests > 0:
            return timedelta(seconds=rests)
        if len(self._free_at) >= MOST_REMEMBERED:
            self._free_at = {each: at for each, at in self._free_at.items() if at > now}
        self._free_at[chat] = now + self._apart
        return timedelta(0)

    def rest(self, chat: str, least: timedelta) -> None:
        """It asked for a longer rest."""
        self._free_at[chat] = self._clock() + least.total_seconds()

    @asynccontextmanager
    async def turn(self, chat: str) -> AsyncIterator[None]:
        """While an MT is handed over; the next one waits, should it have been admitted."""
        turn = self._turns.setdefault(chat, asyncio.Lock())
        async with turn:
            yield
