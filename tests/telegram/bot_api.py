"""A Bot API of our own on this machine, and the people whose phones it serves.

Source: https://core.telegram.org/bots/api (9.x): sendMessage, editMessage*, answerCallbackQuery, getUpdates,
setWebhook, setMyCommands, getMe, and "Making requests" for errors.
"""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
WITHIN_SECONDS = 30
Answer = Callable[[], Any]


@dataclass
class Shown:
    """A message as a phone shows it now."""

    message_id: int
    text: str
    keyboard: dict[str, Any] | None

    @property
    def buttons(self) -> dict[str, str]:
        """What is pressed by its label."""
        rows = (self.keyboard or {}).get("inline_keyboard", ())
        return {button["text"]: button["callback_data"] for row in rows for button in row}

    @property
    def asks_for_contact(self) -> bool:
        rows = (self.keyboard or {}).get("keyboard", ())
        return any(button.get("request_contact") for row in rows for button in row)


@dataclass(frozen=True)
class Call:
    method: str
    params: dict[str, Any] = field(repr=False)


class BotApi:
    """It answers as Telegram does, unless `refuse` or `instead` said otherwise for the next call."""

    SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.phones: dict[str, list[Shown]] = defaultdict(list)
        self.blocked: set[str] = set()
        self.webhook: dict[str, Any] = {}
        self._instead: dict[str, list[Answer]] = defaultdict(list)
        self._updates: list[dict[str, Any]] = []  # that nobody confirmed
        self._ids = itertools.count(1)
        self._news = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", f"/bot{TOKEN}/{{method}}", self._serve)
        self._server = TestServer(app)

    async def __aenter__(self) -> "BotApi":
        await self._server.start_server(shutdown_timeout=0.1)
        self._http = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def refuse(self, method: str, status: int, description: str, **parameters: int) -> None:
        """Answer the next call of a method so."""
        body = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        self._instead[method].append(lambda: web.json_response(body, status=status))

    def instead(self, method: str, answer: Answer) -> None:
        self._instead[method].append(answer)

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    async def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            methods = [call.method for call in self.calls]
            raise AssertionError(f"{what}: {methods}, {dict(self.phones)}") from None

    # What people do

    def person(self, chat: int) -> "Person":
        return Person(self, chat)

    def update(self, **what: Any) -> dict[str, Any]:
        return {"update_id": next(self._ids), **what}

    async def post(self, body: bytes, **headers: str) -> int:
        """What somebody posts to the webhook, with our secret unless another is given."""
        secret = {self.SECRET_HEADER: self.webhook.get("secret_token", "")}
        url = self.webhook["url"]
        async with self._http.post(url, data=BytesIO(body), headers=secret | headers) as response:
            return response.status

    async def deliver(self, update: dict[str, Any]) -> None:
        """By webhook, again until it is accepted; else it waits to be fetched."""
        if self.webhook.get("url"):
            assert await self.post(json.dumps(update).encode()) == 200
            return
        self._updates.append(update)
        self._news.set()

    # What bots ask

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params = dict(await request.post())
        for name in ("reply_markup", "commands", "allowed_updates"):
            if name in params:
                params[name] = json.loads(params[name])
        self.calls.append(Call(method, params))
        self._news.set()
        if self._instead[method]:
            answer = self._instead[method].pop(0)()
            return await answer if asyncio.iscoroutine(answer) else answer
        if params.get("chat_id") in self.blocked:
            error = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
            return web.json_response(error, status=403)
        answer = getattr(self, f"_{method}", lambda _: True)(params)
        result = await answer if asyncio.iscoroutine(answer) else answer
        self._news.set()
        return web.json_response({"ok": True, "result": result})

    def _getMe(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"id": 110201543, "is_bot": True, "first_name": "CRS", "username": "crs_bot"}

    def _setWebhook(self, params: dict[str, Any]) -> bool:  # noqa: N802
        self.webhook = params
        return True

    def _deleteWebhook(self, _: dict[str, Any]) -> bool:  # noqa: N802
        self.webhook = {}
        return True

    async def _getUpdates(self, params: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        offset = int(params.get("offset", 0))
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        if not self._updates:
            self._news.clear()
            try:
                async with asyncio.timeout(1):
                    await self._news.wait()
            except TimeoutError:
                pass
        return self._updates[:100]

    def _sendMessage(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        shown = Shown(next(self._ids), params["text"], params.get("reply_markup"))
        self.phones[params["chat_id"]].append(shown)
        return self._message(params["chat_id"], shown)

    def _editMessageText(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        shown = self._find(params)
        shown.text, shown.keyboard = params["text"], params.get("reply_markup")
        return self._message(params["chat_id"], shown)

    def _editMessageReplyMarkup(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        shown = self._find(params)
        shown.keyboard = params.get("reply_markup")
        return self._message(params["chat_id"], shown)

    def _find(self, params: dict[str, Any]) -> Shown:
        return next(m for m in self.phones[params["chat_id"]] if m.message_id == int(params["message_id"]))

    def _message(self, chat: str, shown: Shown) -> dict[str, Any]:
        return {
            "message_id": shown.message_id,
            "date": 1611309600,
            "chat": {"id": int(chat), "type": "private"},
            "text": shown.text,
        }


class Person:
    """Somebody with Telegram on her phone."""

    def __init__(self, api: BotApi, chat: int) -> None:
        self.api = api
        self.chat = chat

    @property
    def screen(self) -> list[Shown]:
        return self.api.phones[str(self.chat)]

    def message(self, **content: Any) -> dict[str, Any]:
        return self.api.update(
            message={
                "message_id": next(self.api._ids),
                "date": 1611309600,
                "chat": {"id": self.chat, "type": "private", "first_name": "Jana"},
                "from": {"id": self.chat, "is_bot": False, "first_name": "Jana"},
                **content,
            }
        )

    def press(self, shown: Shown, data: str) -> dict[str, Any]:
        return self.api.update(
            callback_query={
                "id": str(next(self.api._ids)),
                "from": {"id": self.chat, "is_bot": False, "first_name": "Jana"},
                "message": self.api._message(str(self.chat), shown),
                "chat_instance": "1",
                "data": data,
            }
        )

    async def says(self, text: str) -> None:
        await self.api.deliver(self.message(text=text))

    async def presses(self, label: str) -> None:
        """The newest button that says so."""
        shown = next(m for m in reversed(self.screen) if label in m.buttons)
        await self.api.deliver(self.press(shown, shown.buttons[label]))

    async def shares_contact(self, number: str) -> None:
        contact = {"phone_number": number, "first_name": "Jana", "user_id": self.chat}
        await self.api.deliver(self.message(contact=contact))

    async def hears(self, words: str, *, messages: int | None = None) -> Shown:
        """Wait until the last message says so."""

        def is_so() -> bool:
            screen = self.screen
            return bool(screen) and words in screen[-1].text and (messages is None or len(screen) == messages)

        await self.api.until(is_so, words)
        return self.screen[-1]
