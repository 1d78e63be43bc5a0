"""Server-sent events: a stream that a browser takes up again where it broke off."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

# A comment now and then shows that the browser has gone.
QUIET_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; ``event_id`` is what the browser sends back as Last-Event-ID."""

    kind: str
    content: object
    event_id: int | None = None

    def encode(self) -> bytes:
        number = "" if self.event_id is None else f"id: {self.event_id}\n"
        return (
            f"{number}event: {self.kind}\ndata: {json.dumps(self.content, ensure_ascii=False)}\n\n".encode()
        )


def last_event_id(request: web.Request) -> int:
    """The last event that the browser has: from its header when it reconnects, else from the page."""
    for written in (request.headers.get("Last-Event-ID"), request.query.get("after")):
        if written and written.isascii() and written.isdigit() and len(written) < 19:
            return int(written)
    return 0


async def stream(request: web.Request, events: AsyncIterator[ServerEvent | None]) -> web.StreamResponse:
    """Send events until the browser goes; a None is a moment with nothing to say."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    clock = asyncio.get_running_loop().time
    spoke = clock()
    with suppress(ConnectionResetError):
        await response.write(b"retry: 1000\n\n")
        async for event in events:
            if event is not None:
                await response.write(event.encode())
            elif clock() - spoke > QUIET_SECONDS:
                await response.write(b":\n\n")
            else:
                continue
            spoke = clock()
    return response
