"""A Cloud API of our own on this machine, and the people whose phones it serves.

Source: WhatsApp Business Platform, Cloud API v23: messages, webhooks payloads, error codes.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

TOKEN, SECRET, VERIFY, NUMBER_ID = "EAAG-token", "the-app-secret", "the-verify-token", "106540352242922"
WITHIN_SECONDS = 30


@dataclass(frozen=True)
class Shown:
    """A message as a phone shows it: what is pressed by its label."""

    message_id: str
    kind: str
    text: str
    buttons: dict[str, str] = field(default_factory=dict)


class CloudApi:
    """It answers as Meta does, unless `refuse` said otherwise for the next message."""

    def __init__(self) -> None:
        self.phones: dict[str, list[Shown]] = defaultdict(list)
        self.blocked: set[str] = set()
        self.asked = 0
        self.webhook = ""
        self.token = TOKEN
        self._refusals: list[tuple[int, object]] = []
        self._ids = itertools.count(1)
        self._news = asyncio.Event()
        app = web.Application()
        app.router.add_get(f"/v23.0/{NUMBER_ID}", self._number)
        app.router.add_post(f"/v23.0/{NUMBER_ID}/messages", self._messages)
        self._server = TestServer(app)

    async def __aenter__(self) -> "CloudApi":
        await self._server.start_server(shutdown_timeout=0.1)
        self._http = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def refuse(self, status: int, code: int | None = None, body: object = None) -> None:
        """Answer the next message so."""
        self._refusals.append((status, {"error": {"code": code, "message": "no"}} if code else body))

    async def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what}: {dict(self.phones)}") from None

    # What people do

    def message(self, who: str, **content: Any) -> dict[str, Any]:
        return self.update(
            messages=[{"from": who, "id": self.new_id(), "timestamp": "1611309600", **content}]
        )

    def update(self, **value: Any) -> dict[str, Any]:
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", **value}}
        return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}

    def status(self, message_id: str, status: str, who: str, **more: Any) -> dict[str, Any]:
        return self.update(statuses=[{"id": message_id, "status": status, "recipient_id": who, **more}])

    def says(self, who: str, words: str) -> dict[str, Any]:
        return self.message(who, type="text", text={"body": words})

    def presses(self, who: str, label: str) -> dict[str, Any]:
        """The newest button or row that says so."""
        shown = next(m for m in reversed(self.phones[who]) if label in m.buttons)
        reply = {"id": shown.buttons[label], "title": label[:20]}
        kind = "button_reply" if shown.kind == "button" else "list_reply"
        return self.message(who, type="interactive", interactive={"type": kind, kind: reply})

    async def post(self, body: bytes, *, secret: str = SECRET) -> int:
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signed}"}
        async with self._http.post(self.webhook, data=BytesIO(body), headers=headers) as response:
            return response.status

    async def deliver(self, update: dict[str, Any]) -> None:
        assert await self.post(json.dumps(update).encode()) == 200

    async def verify(self, token: str) -> tuple[int, str]:
        asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        async with self._http.get(self.webhook, params=asked) as response:
            return response.status, await response.text()

    async def hears(self, who: str, words: str) -> Shown:
        """Wait until the last message says so."""
        await self.until(lambda: bool(self.phones[who]) and words in self.phones[who][-1].text, words)
        return self.phones[who][-1]

    # What accounts ask

    def new_id(self) -> str:
        return f"wamid.{next(self._ids)}"

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": {"code": 190, "message": "expired"}}, status=401)
        return None

    async def _number(self, request: web.Request) -> web.Response:
        self.asked += 1
        self._news.set()
        return self._refused(request) or web.json_response({"id": NUMBER_ID})

    async def _messages(self, request: web.Request) -> web.Response:
        sent = await request.json()
        if refused := self._refused(request):
            return refused
        if self._refusals:
            status, body = self._refusals.pop(0)
            return web.json_response(body, status=status)
        if sent["to"] in self.blocked:
            return web.json_response({"error": {"code": 131050, "message": "opted out"}}, status=400)
        message_id = self.new_id()
        self.phones[sent["to"]].append(_shown(message_id, sent))
        self._news.set()
        return web.json_response({"messaging_product": "whatsapp", "messages": [{"id": message_id}]})


def _shown(message_id: str, sent: dict[str, Any]) -> Shown:
    """As the phone shows it; what Meta would refuse fails here."""
    match sent:
        case {"type": "text", "text": {"body": body}}:
            assert 0 < len(body) <= 4096
            return Shown(message_id, "text", body)
        case {"type": "template", "template": {"components": [{"parameters": [{"text": text}]}]}}:
            assert "\n" not in text
            return Shown(message_id, "template", text)
        case {"interactive": {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}}:
            replies = [button["reply"] for button in buttons]
            assert 1 <= len(replies) <= 3
            assert all(0 < len(each["title"]) <= 20 and len(each["id"]) <= 256 for each in replies)
            return Shown(message_id, "button", text, {each["title"]: each["id"] for each in replies})
        case {"interactive": {"type": "list", "body": {"text": text}, "action": {"sections": [section]}}}:
            rows = section["rows"]
            assert 1 <= len(rows) <= 10
            assert all(0 < len(row["title"]) <= 24 and len(row["id"]) <= 200 for row in rows)
            assert all(len(row.get("description", "")) <= 72 for row in rows)
            return Shown(
                message_id, "list", text, {row.get("description") or row["title"]: row["id"] for row in rows}
            )
    raise AssertionError(sent)
