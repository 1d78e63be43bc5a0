"""The start page, and its figures as they change."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web

from core.store.figures import FigureBook
from gateway.web.call import Hotline, add_call
from gateway.web.events import ServerEvent, stream
from gateway.web.guard import add_policy, only_from_here
from gateway.web.parts import PARTS, WebParts
from gateway.web.phone import add_phone

TEMPLATES: Final = Path(__file__).parent.parent.parent / "templates" / "web"
LATEST: Final = 8
LOOK_EVERY_SECONDS: Final = 1.0


def create_web(parts: WebParts, hotline: Hotline, routes: Iterable[web.RouteDef] = ()) -> web.Application:
    """The demo's web application with the channels' ``routes``; ``parts.closing`` ends its streams."""
    app = web.Application(middlewares=[only_from_here])
    app[PARTS] = parts
    app.on_response_prepare.append(add_policy)
    app.on_shutdown.append(_close_streams)
    aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    app.router.add_get("/", start)
    app.router.add_get("/figures", figures)
    app.router.add_static("/static", TEMPLATES / "static")
    app.router.add_routes(routes)
    add_phone(app)
    add_call(app, hotline)
    return app


@aiohttp_jinja2.template("start.html.j2")
async def start(request: web.Request) -> Mapping[str, Any]:
    """The start page, with a person made up for whoever opens it."""
    parts = request.app[PARTS]
    return {
        "person": await asyncio.to_thread(parts.somebody),
        "sender": parts.sender,
        "capacity": parts.capacity,
    }


async def figures(request: web.Request) -> web.StreamResponse:
    """The figures, whenever they change."""
    return await stream(request, _changes(request.app[PARTS]))


async def _changes(parts: WebParts) -> AsyncIterator[ServerEvent | None]:
    shown: object = None
    while not parts.closing.is_set():
        now = await asyncio.to_thread(_read, parts)
        now["in_use"] = round(parts.in_use(), 1)
        yield None if now == shown else ServerEvent("figures", now)
        shown = now
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _read(parts: WebParts) -> dict[str, Any]:
    with parts.store.begin() as work:
        book = FigureBook(work.db, work.vault)
        latest = [
            {"happening": e.happening, "number": e.number, "site": e.site, "at": e.at.isoformat()}
            for e in book.latest(LATEST)
        ]
        return {**asdict(book.figures()), "latest": latest}


async def _close_streams(app: web.Application) -> None:
    app[PARTS].closing.set()
