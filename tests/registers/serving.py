"""A register over HTTP on loopback that behaves as registers do: slow, broken, talkative, gone."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class RegisterServer:
    """Answers from ``people``; ``behaves`` names what the next answers are instead, one each."""

    people: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    behaves: list[str] = field(default_factory=list)
    always: str = ""
    seen: list[tuple[str, str, str]] = field(default_factory=list)  # path with query, Authorization, body
    url: str = ""
    gone: threading.Event = field(default_factory=threading.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one for each way
        body = await request.text()
        self.seen.append((request.path_qs, request.headers.get("Authorization", ""), body))
        match self.behaves.pop(0) if self.behaves else self.always:
            case "hang":
                await asyncio.to_thread(self.gone.wait, 30)
                return web.Response()
            case "drip":
                return await self._drip(request)
            case "drop":
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            case "redirect":
                return web.Response(status=307, headers={"Location": "/elsewhere"})
            case "long":
                return web.Response(body=b"[" * 100_000)
            case status if status.isdigit():
                return web.Response(status=int(status))
            case "":
                number = json.loads(body)["number"]
                return web.json_response({"people": self.people.get(number, [])})
            case garbage:
                return web.Response(text=garbage)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        """A byte at a time, each just in time for whoever limits only single reads."""
        response = web.StreamResponse()
        await response.prepare(request)
        while not self.gone.is_set():
            await response.write(b" ")
            await asyncio.to_thread(self.gone.wait, 0.02)
        return response


@contextmanager
def serving() -> Iterator[RegisterServer]:
    """The server in a thread of its own, as whoever asks it waits."""
    server, loop, ready = RegisterServer(), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/people", server.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/people"
        return runner

    runners: list[web.AppRunner] = []

    def run() -> None:
        runners.append(loop.run_until_complete(start()))
        ready.set()
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.gone.set()
        asyncio.run_coroutine_threadsafe(runners[0].cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
