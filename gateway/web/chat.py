"""The chat at ``/chat``: a page that needs no script, over the same contract as every channel.

An MO comes as a form, an answer is read from the outbox whenever a page is looked at: any process shows any
conversation. A browser is known by a secret in its cookie; nothing about a person is in a URL or a log.
"""

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from core.messages import WEB_CHANNEL, Address, NewMo
from core.store.threads import Mark
from gateway.channels.channel import Channel, House
from gateway.errors import NotNow
from gateway.intake import FromChat
from gateway.web.allowance import Allowance
from gateway.web.chat_page import HEADERS, MOST_CHARACTERS, TEMPLATES, ChatPage, FormSecrets, Notice
from gateway.web.events import ServerEvent, stream
from gateway.web.thread import Thread, look, read
from gateway.web.visitor import Front, Visitor

log = structlog.get_logger()

FILES: Final = ("chat.css", "chat.js", "icon.svg")
MOST_BYTES: Final = 16_384
MOST_STREAMS: Final = 4  # of one visitor
ONCE: Final = re.compile(r"[0-9a-f]{16}")
STEP: Final = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}:[0-9a-f]{1,4}")

IDLE: Final = timedelta(hours=2)  # then it is erased: whoever uses the computer next may not read it
TEND_EVERY_SECONDS: Final = 60.0
TENDED_AT_ONCE: Final = 200
ANSWERED_WITHIN_SECONDS: Final = 2.0  # a page without script waits so long for the answer
SOON_SECONDS: Final = 0.2  # between looks while an answer is awaited
SELDOM_SECONDS: Final = 3.0


class Refused(Exception):
    """A form that we do not take; ``why`` names the words that say so."""

    def __init__(self, why: str, status: HTTPStatus, typed: str = "") -> None:
        super().__init__(why)
        self.notice = Notice(why, status, typed)


def open_channels(house: House) -> Iterator[Channel]:
    """One chat, where the settings want it."""
    if house.settings.web.chat:
        chat = Chat(house)
        yield Channel(chat.run, routes=chat.routes(), close=chat.close)


class Chat:
    """The page, its forms and its stream of events."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._vault = house.store.vault
        self._front = Front(house.settings.web.behind_proxy)
        self._page = ChatPage(house.library.languages)
        self._by = f"web {os.getpid()}"
        self._closing = asyncio.Event()
        self._news: WeakValueDictionary[Address, asyncio.Event] = WeakValueDictionary()
        self._streams: Counter[Address] = Counter()
        self._of_visitor = Allowance(at_once=12, per_second=0.5)
        # Many people may share an address: a home for the old, the gateway of a mobile network.
        self._of_client = Allowance(at_once=120, per_second=10)

    def routes(self) -> Sequence[web.RouteDef]:
        return (
            web.get("/chat", self.show),
            web.post("/chat", self.say),
            web.post("/chat/end", self.end),
            web.get("/chat/events", self.hear),
            web.get("/chat/{file}", self.file),
        )

    async def run(self) -> None:
        """Erase what nobody goes on with."""
        while True:
            try:
                erased = await asyncio.to_thread(self._erase_idle)
            except SQLAlchemyError as error:
                log.warning("chat.not_erased", error=type(error).__name__)
            else:
                if erased:
                    log.info("chat.erased", count=erased)
            await asyncio.sleep(TEND_EVERY_SECONDS)

    async def close(self) -> None:
        """End the streams."""
        self._closing.set()
        for news in self._news.values():
            news.set()

    async def show(self, request: web.Request) -> web.Response:
        """The page as it is now; one that has just been written to waits a little for its answer."""
        visitor = Visitor.of(request, self._front)
        if not self._admits_client(request):
            return self._shown(request, visitor, Thread(), _TOO_OFTEN)
        try:
            thread = Thread() if visitor.is_new else await self._answered(visitor.address(self._vault))
        except SQLAlchemyError:
            return self._shown(request, visitor, Thread(), _NOT_NOW)
        return self._shown(request, visitor, thread, Notice(is_ended="ended" in request.query))

    async def say(self, request: web.Request) -> web.Response:
        """Keep an MO; answered when it is durable, then the page is shown anew."""
        visitor = Visitor.of(request, self._front)
        address = visitor.address(self._vault)
        try:
            await self._keep(request, visitor, address)
        except Refused as refused:
            return await self._refuse(request, visitor, refused.notice)
        except NotNow:
            return await self._refuse(request, visitor, _NOT_NOW)
        if news := self._news.get(address):
            news.set()
        if _wants_json(request):
            return web.json_response({}, status=HTTPStatus.ACCEPTED, headers=HEADERS)
        return _go("/chat")

    async def end(self, request: web.Request) -> web.Response:
        """Erase the conversation, and know the browser no more."""
        visitor = Visitor.of(request, self._front)
        try:
            await self._form(request, visitor)
            await asyncio.to_thread(self._erase, visitor.address(self._vault))
        except Refused as refused:
            return await self._refuse(request, visitor, refused.notice)
        except SQLAlchemyError:
            return await self._refuse(request, visitor, _NOT_NOW)
        response = _go("/chat?ended")
        self._front.forget(response, request)
        return response

    async def hear(self, request: web.Request) -> web.StreamResponse:
        """The conversation, whenever it changes."""
        visitor = Visitor.of(request, self._front)
        address = visitor.address(self._vault)
        if visitor.is_new:
            return web.Response(status=HTTPStatus.NO_CONTENT)  # then a browser does not ask again
        if self._streams[address] >= MOST_STREAMS or not self._admits_client(request):
            return web.Response(status=HTTPStatus.TOO_MANY_REQUESTS, headers=HEADERS)
        self._streams[address] += 1
        try:
            return await stream(request, self._changes(visitor, address))
        finally:
            self._streams -= Counter([address])

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The style, the script and the icon."""
        name = request.match_info["file"]
        if name not in FILES:
            raise web.HTTPNotFound
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return web.FileResponse(TEMPLATES / "static" / name, headers=headers)

    def _admits_client(self, request: web.Request) -> bool:
        return self._of_client.admits(self._front.client(request), time.monotonic())

    async def _keep(self, request: web.Request, visitor: Visitor, address: Address) -> None:
        form = await self._form(request, visitor)
        text = form.get("text", "").strip()
        at, once = form.get("at"), form.get("once", "")
        if not text:
            raise Refused("empty", HTTPStatus.UNPROCESSABLE_ENTITY)
        if len(text) > MOST_CHARACTERS:
            raise Refused("too_long", HTTPStatus.UNPROCESSABLE_ENTITY, text[:MOST_CHARACTERS])
        if not ONCE.fullmatch(once) or (at is not None and not STEP.fullmatch(at)):
            raise Refused("not_ours", HTTPStatus.BAD_REQUEST)
        if not self._of_visitor.admits(address.number, time.monotonic()):
            raise Refused("too_often", HTTPStatus.TOO_MANY_REQUESTS, text)
        mo = NewMo(address, WEB_CHANNEL, text, self._house.clock(), operator_id=once, at_step=at)
        await self._house.chat_mos.keep(FromChat(mo))

    async def _form(self, request: web.Request, visitor: Visitor) -> dict[str, str]:
        """The fields of a form of ours."""
        if not self._admits_client(request):
            raise Refused("too_often", HTTPStatus.TOO_MANY_REQUESTS)
        if not self._front.is_ours(request):
            log.info("chat.foreign_form")
            raise Refused("not_ours", HTTPStatus.FORBIDDEN)
        body = await _body(request)
        try:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=8, errors="strict")
        except ValueError:
            raise Refused("not_ours", HTTPStatus.BAD_REQUEST) from None
        form = {name: values[0] for name, values in fields.items()}
        if visitor.is_new or not visitor.has_token(form.get("token", ""), self._vault):
            log.info("chat.forged_form")
            raise Refused("not_ours", HTTPStatus.FORBIDDEN)
        return form

    async def _answered(self, address: Address) -> Thread:
        """The conversation once its last MO is answered, or as it is after a while."""
        until = time.monotonic() + ANSWERED_WITHIN_SECONDS
        while True:
            thread = await asyncio.to_thread(self._thread, address)
            if not thread.is_waiting or time.monotonic() > until or self._closing.is_set():
                return thread
            await asyncio.sleep(SOON_SECONDS)

    async def _changes(self, visitor: Visitor, address: Address) -> AsyncIterator[ServerEvent | None]:
        news = self._news.setdefault(address, asyncio.Event())
        seen: Mark | None = None
        while not self._closing.is_set():
            news.clear()
            event = None
            with suppress(SQLAlchemyError):  # then it is looked for again
                mark = await asyncio.to_thread(self._look, address)
                if mark != seen:
                    thread = await asyncio.to_thread(self._thread, address)
                    event = ServerEvent("thread", self._page.parts(thread, self._form_secrets(visitor)))
                seen = mark
            yield event
            pause = SOON_SECONDS if seen is None or seen.unanswered else SELDOM_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), pause)

    def _look(self, address: Address) -> Mark:
        return look(self._house.store, address, by=self._by, now=self._house.clock())

    def _thread(self, address: Address) -> Thread:
        mark = self._look(address)
        with self._house.store.begin() as work:
            return read(work, address, mark)

    def _erase(self, address: Address) -> None:
        with self._house.store.begin() as work:
            work.inbox.claim_address(address)
            work.threads.erase(address, now=self._house.clock())

    def _erase_idle(self) -> int:
        with self._house.store.begin() as work:
            since = self._house.clock() - IDLE
            idle = work.threads.idle(WEB_CHANNEL, since=since, at_most=TENDED_AT_ONCE)
        for address in idle:
            self._erase(address)
        return len(idle)

    async def _refuse(self, request: web.Request, visitor: Visitor, notice: Notice) -> web.Response:
        thread = Thread()
        if not visitor.is_new:
            with suppress(SQLAlchemyError):
                thread = await asyncio.to_thread(self._thread, visitor.address(self._vault))
        if _wants_json(request):
            why = self._page.words(thread)[notice.refused]
            return web.json_response({"refused": why}, status=notice.status, headers=HEADERS)
        return self._shown(request, visitor, thread, notice)

    def _shown(self, request: web.Request, visitor: Visitor, thread: Thread, notice: Notice) -> web.Response:
        response = self._page.whole(thread, self._form_secrets(visitor), notice)
        self._front.remember(visitor.secret, response, request)
        return response

    def _form_secrets(self, visitor: Visitor) -> FormSecrets:
        return FormSecrets.of(visitor, self._vault)


_TOO_OFTEN: Final = Notice("too_often", HTTPStatus.TOO_MANY_REQUESTS)
_NOT_NOW: Final = Notice("not_now", HTTPStatus.SERVICE_UNAVAILABLE)


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refused("too_long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)


def _wants_json(request: web.Request) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def _go(to: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={**HEADERS, "Location": to})
