"""The WhatsApp channel: the Cloud API's webhook in, its messages out, with buttons, lists and a template.

Source: WhatsApp Business Platform, Cloud API v23 (webhooks, messages, error codes).
"""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError, web

from conversations.phrasing import short
from core.messages import WHATSAPP_CHANNEL, Address, ClaimedMt, Expected, Lane, NewMo
from core.store.receipts import FinalReceipt
from gateway.capacity import OperatorRate
from gateway.channels.channel import Channel, House, Out
from gateway.channels.chat import OneByOne, readable, webhook
from gateway.errors import NotConnected, Rejected, SendError, Throttled, Unanswered
from gateway.intake import FromChat
from gateway.settings.channels import WhatsApp

log = structlog.get_logger()

PATH: Final = "/whatsapp"
SIGNATURE_HEADER: Final = "X-Hub-Signature-256"
WINDOW_LASTS: Final = timedelta(hours=24)  # since the person's last message; later only templates may be sent
WINDOW: Final = 40
ANSWERED_WITHIN: Final = ClientTimeout(total=10)
RETRY_EVERY: Final = timedelta(seconds=5)
APART: Final = timedelta(milliseconds=100)
PAIR_RESTS: Final = timedelta(seconds=6)  # after too many messages to one person

MOST_BUTTONS, LONGEST_BUTTON = 3, 20
MOST_ROWS, LONGEST_ROW, LONGEST_DESCRIPTION, LONGEST_ID = 10, 24, 72, 200
LONGEST_ASKED, LONGEST_TEXT = 1024, 4096

TOO_MANY: Final = frozenset({4, 80007, 130429, 131048})
TOO_MANY_TO_ONE: Final = 131056
UNREACHABLE: Final = {
    131026: "not reachable in WhatsApp",
    131030: "not a number this account may write to",
    131050: "blocked by the person",
}
BAD_TOKEN: Final = frozenset({0, 10, 190, 200})


def open_channels(house: House) -> Iterator[Channel]:
    """The account of the settings, if there is one."""
    settings = house.settings.whatsapp
    if settings.token is not None:
        account = Account(settings, house)
        yield Channel(
            account.run,
            Out(account, OperatorRate(WHATSAPP_CHANNEL, settings.messages_per_second), WINDOW),
            [
                web.get(PATH, account.introduce),
                webhook(PATH, is_genuine=account.is_genuine, take=account.take),
            ],
            account.close,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One message; the last of an MT has its buttons."""

    text: str = field(repr=False)
    expects: Expected | None = field(default=None, repr=False)


class Account:
    """Both ways of the channel."""

    def __init__(self, settings: WhatsApp, house: House) -> None:
        self._settings = settings
        self._house = house
        self._chats = OneByOne(APART)
        self._http: ClientSession | None = None
        self._is_up = False
        self._is_down = asyncio.Event()

    async def run(self) -> None:
        """Look whether the account is ours, again whenever it was refused, until cancelled."""
        token = self._settings.token
        assert token is not None  # noqa: S101  else it is not opened
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        async with ClientSession(headers=headers, timeout=ANSWERED_WITHIN) as self._http:
            while True:
                try:
                    async with self._http.get(self._url()) as response:
                        response.raise_for_status()
                    self._is_down.clear()
                    self._is_up = True
                    log.info("whatsapp.up")
                    await self._is_down.wait()
                except (ClientError, TimeoutError) as error:
                    log.warning("whatsapp.down", error=type(error).__name__)
                self._is_up = False
                await asyncio.sleep(RETRY_EVERY.total_seconds())

    async def close(self) -> None:
        """Take nothing more."""
        self._is_up = False

    # In

    async def introduce(self, request: web.Request) -> web.Response:
        """Meta asks once whether this address is ours."""
        asked, secret = request.query, self._settings.verify_token.get_secret_value()
        if not hmac.compare_digest(asked.get("hub.verify_token", "").encode(), secret.encode()):
            raise web.HTTPForbidden
        return web.Response(text=asked.get("hub.challenge", "")[:LONGEST_ID])

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Signed with the app's secret."""
        key = self._settings.app_secret.get_secret_value().encode()
        signed = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        return hmac.compare_digest(headers.get(SIGNATURE_HEADER, "").encode(), signed.encode())

    async def take(self, update: Mapping[str, Any]) -> None:
        """Make every message and receipt of an update durable; raises ``NotNow``."""
        now = self._house.clock()
        kept = [self._house.chat_mos.keep(mo) for mo in read_messages(update, now=now)]
        kept += [self._house.receipts.keep(receipt) for receipt in read_receipts(update)]
        await asyncio.gather(*kept)

    # Out

    @property
    def is_bound(self) -> bool:
        return self._is_up

    def parts(self, mt: ClaimedMt) -> Sequence[Part]:
        """The messages that a text takes."""
        pieces = [mt.text[at : at + LONGEST_TEXT] for at in range(0, len(mt.text), LONGEST_TEXT)] or [""]
        return (*map(Part, pieces[:-1]), Part(pieces[-1], mt.expects))

    def admit(self, mt: ClaimedMt) -> timedelta:
        return self._chats.admit(mt.address.number)

    async def submit(self, part: Part, mt: ClaimedMt, *, validity: timedelta | None) -> str:
        """Send a message and return its id."""
        content = await asyncio.to_thread(self._content, part, mt)
        message = {"messaging_product": "whatsapp", "to": mt.address.number, **content}
        async with self._chats.turn(mt.address.number):
            if self._http is None or not self._is_up:
                raise NotConnected
            try:
                async with self._http.post(f"{self._url()}/messages", json=message) as response:
                    answer = await response.json(content_type=None)
                    if response.ok:
                        return str(answer["messages"][0]["id"])
            except (ConnectionTimeoutError, ConnectionRefusedError):
                raise NotConnected from None
            except (ClientError, TimeoutError, ValueError, KeyError, IndexError, TypeError):
                raise Unanswered from None
            raise self._came_of(response.status, answer, mt.address.number)

    def _content(self, part: Part, mt: ClaimedMt) -> dict[str, Any]:
        """Free text while the person's window is open, the approved template afterwards."""
        if mt.lane is not Lane.ANSWER and self._settings.template and not self._has_window(mt.address):
            return template(part.text, self._settings.template, self._settings.template_language)
        return content(part.text, part.expects)

    def _has_window(self, address: Address) -> bool:
        with self._house.store.begin() as work:
            last = work.inbox.last_received(address)
        return last is not None and self._house.clock() - last < WINDOW_LASTS

    def _url(self) -> str:
        s = self._settings
        return f"{s.base_url.rstrip('/')}/{s.api_version}/{s.phone_number_id}"

    def _came_of(self, status: int, answer: Any, to: str) -> SendError:
        """Which remedy an error has."""
        error = answer.get("error", {}) if isinstance(answer, dict) else {}
        code = error.get("code") if isinstance(error, dict) else None
        match code:
            case int() if code in TOO_MANY:
                return Throttled(timedelta(seconds=1))
            case int() if code == TOO_MANY_TO_ONE:
                self._chats.rest(to, PAIR_RESTS)
                return Throttled(PAIR_RESTS)
            case int() if code in UNREACHABLE:
                return Rejected(UNREACHABLE[code], is_unreachable=True)
            case int() if code in BAD_TOKEN:
                self._is_up = False
                self._is_down.set()
                return NotConnected()
            case _ if status >= 500:
                return Unanswered()
            case _:
                return Rejected(f"error {code}")


# What the webhook brings


def read_messages(update: Mapping[str, Any], *, now: datetime) -> Iterator[FromChat]:
    """The MOs of an update; what has no words gets an answer too. Nothing in one can raise."""
    for value in _values(update):
        for message in _listed(value, "messages"):
            match message:
                case {"from": str(sender), "id": str(message_id)} if sender.isdecimal():
                    text, at = _told(message)
                    address = Address(WHATSAPP_CHANNEL, sender)
                    mo = NewMo(address, WHATSAPP_CHANNEL, readable(text), now, message_id, at)
                    yield FromChat(mo)
                case _:
                    log.info("whatsapp.not_for_us")


def read_receipts(update: Mapping[str, Any]) -> Iterator[FinalReceipt]:
    """The receipts of an update that say something for good."""
    for value in _values(update):
        for status in _listed(value, "statuses"):
            match status:
                case {"id": str(message_id), "status": "delivered" | "read", **more}:
                    yield _receipt(message_id, more, None)
                case {"id": str(message_id), "status": "failed", **more}:
                    error = next(iter(_listed(more, "errors")), {})
                    yield _receipt(message_id, more, str(error.get("code", "failed")))
                case _:
                    pass


def _receipt(message_id: str, more: Mapping[str, Any], error: str | None) -> FinalReceipt:
    return FinalReceipt(
        WHATSAPP_CHANNEL,
        (readable(message_id),),
        error is None,
        error,
        str(more.get("recipient_id", "")),
    )


def _values(update: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in _listed(update, "entry"):
        for change in _listed(entry, "changes"):
            if isinstance(value := change.get("value"), dict):
                yield value


def _listed(of: Mapping[Any, Any], name: str) -> Iterator[Mapping[str, Any]]:
    found = of.get(name)
    return (each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict))


def _told(message: Mapping[Any, Any]) -> tuple[str, str | None]:
    """The words of a message, and the question whose button was pressed."""
    match message:
        case {"interactive": {"button_reply": {"id": str(pressed)}}}:
            return _pressed(pressed)
        case {"interactive": {"list_reply": {"id": str(pressed)}}}:
            return _pressed(pressed)
        case {"text": {"body": str(text)}} | {"button": {"text": str(text)}}:  # a button of a template
            return text, None
        case {"image": {"caption": str(text)}} | {"video": {"caption": str(text)}}:
            return text, None
        case _:
            return "", None


def _pressed(pressed: str) -> tuple[str, str | None]:
    at, _, reply = pressed.partition("\n")
    return (reply, at) if reply else (at, None)


# What a message is made of


def content(text: str, expects: Expected | None) -> dict[str, Any]:
    """Buttons where they fit, a list where that does, else the words, which say the numbers anyway."""
    buttons = expects.buttons if expects else ()
    ids = [f"{expects.at}\n{button.reply}" for button in buttons] if expects else []
    if buttons and len(text) <= LONGEST_ASKED and all(len(each) <= LONGEST_ID for each in ids):
        labels = [button.label for button in buttons]
        if len(buttons) <= MOST_BUTTONS and all(len(label) <= LONGEST_BUTTON for label in labels):
            replies = [
                {"type": "reply", "reply": {"id": each, "title": label}}
                for each, label in zip(ids, labels, strict=True)
            ]
            return _interactive("button", text, {"buttons": replies})
        if len(buttons) <= MOST_ROWS:
            rows = [_row(each, label) for each, label in zip(ids, labels, strict=True)]
            return _interactive("list", text, {"button": "☰", "sections": [{"rows": rows}]})
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _interactive(kind: str, text: str, action: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, "action": action}}


def _row(pressed: str, label: str) -> dict[str, str]:
    row = {"id": pressed, "title": short(label, LONGEST_ROW)}
    return row if len(label) <= LONGEST_ROW else {**row, "description": short(label, LONGEST_DESCRIPTION)}


def template(text: str, name: str, language: str) -> dict[str, Any]:
    """The approved template, whose one variable is the whole text."""
    parameter = {"type": "text", "text": " ".join(text.split())}
    return {
        "type": "template",
        "template": {
            "name": name,
            "language": {"code": language},
            "components": [{"type": "body", "parameters": [parameter]}],
        },
    }
