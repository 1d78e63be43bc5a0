"""The phone in the browser: MOs in by POST, MTs out as events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from conversations.media.gsm import segments
from core.messages import SMS_CHANNEL, Address
from core.routing import LOOPBACK
from core.store.figures import FigureBook, Kept
from gateway.web.events import ServerEvent, last_event_id, stream
from gateway.web.parts import PARTS, WebParts, number_of

MOST_CHARACTERS: Final = 1_000
LOOK_EVERY_SECONDS: Final = 0.5


def add_phone(app: web.Application) -> None:
    """Add the phone's two doors."""
    app.router.add_post("/phone/messages", say)
    app.router.add_get("/phone/events", hear)


async def say(request: web.Request) -> web.Response:
    """Keep an MO; answered when it is durable."""
    parts = request.app[PARTS]
    try:
        body = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="Send JSON: from and text.") from None
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        raise web.HTTPBadRequest(text="Send JSON: from and text.")
    number = number_of(parts, body.get("from"))
    text = body["text"].strip()
    if not text or len(text) > MOST_CHARACTERS:
        raise web.HTTPBadRequest(text=f"A message has 1 to {MOST_CHARACTERS} characters.")
    await asyncio.to_thread(parts.loopback.say, number, text, now=parts.clock())
    return web.json_response({"segments": segments(text)}, status=202)


async def hear(request: web.Request) -> web.StreamResponse:
    """Every MT to this number after the last one the browser has, and those to come."""
    parts = request.app[PARTS]
    number = number_of(parts, request.query.get("number"))
    await asyncio.to_thread(parts.loopback.connect, number, now=parts.clock())
    return await stream(request, _mts(parts, number, last_event_id(request)))


async def _mts(parts: WebParts, number: str, after: int) -> AsyncIterator[ServerEvent | None]:
    while not parts.closing.is_set():
        for mt in await asyncio.to_thread(_collect, parts, number, after):
            after = mt.mt_id
            shown = {"text": mt.text, "segments": mt.segments, "at": mt.created_at.isoformat()}
            yield ServerEvent("message", shown, mt.mt_id)
        yield None
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _collect(parts: WebParts, number: str, after: int) -> list[Kept]:
    """Take what waits, then read back from the store: what was taken but never shown comes again."""
    parts.loopback.collect(number, now=parts.clock())
    with parts.store.begin() as work:
        return FigureBook(work.db, work.vault).mts(LOOPBACK, Address(SMS_CHANNEL, number), after=after)
