"""The Telegram channel: a bot whose updates come by webhook or polling, and whose MTs carry buttons.

Source: Bot API 9 (https://core.telegram.org/bots/api); limits: https://core.telegram.org/bots/faq.
Texts are sent without a parse_mode, so no character in one means anything to Telegram.
"""

import asyncio
import hmac
import os
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx
import structlog
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from conversations.library import SIGNPOST, Library
from conversations.media import CHAT
from conversations.script import INTO_DIALOGUE, Choose, Script
from conversations.session import DEFAULT_LANGUAGE
from conversations.understand.text import plain
from core.messages import TELEGRAM_CHANNEL, ClaimedMt, Expected
from gateway.capacity import OperatorRate
from gateway.channels.channel import Channel, House, Out
from gateway.channels.chat import OneByOne, webhook
from gateway.channels.telegram_updates import (
    ALLOWED,
    NotForUs,
    Pressed,
    StrayPress,
    Written,
    button_data,
    read_update,
)
from gateway.errors import NotConnected, NotNow, Rejected, SendError, Throttled, Unanswered
from gateway.settings.channels import Telegram

log = structlog.get_logger()

PATH: Final = "/telegram"
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  a header's name
APART: Final = timedelta(seconds=1)  # messages to one chat
WINDOW: Final = 30
LONGEST: Final = 4096  # of a message, in UTF-16 units
SHORT_LABEL: Final = 10  # characters; such buttons stand side by side
MOST_BESIDE: Final = 3
RETRY_EVERY: Final = timedelta(seconds=5)
POLL_FOR: Final = timedelta(seconds=25)
ANSWERED_WITHIN_SECONDS: Final = 10.0
MOST_FLIPS: Final = 10_000
MORE: Final = "DALŠÍ"
PHONE: Final = "phone"
_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup


def open_channels(house: House) -> Iterator[Channel]:
    """The bot of the settings, if there is one."""
    settings = house.settings.telegram
    if settings.token is not None:
        os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library: a wait is a timedelta, as it will be
        bot = TelegramBot(settings, house)
        secret = settings.secret_token.get_secret_value() if settings.secret_token else ""

        def is_genuine(headers: Mapping[str, str], _: bytes) -> bool:
            return hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), secret.encode())

        yield Channel(
            bot.run,
            Out(bot, OperatorRate(TELEGRAM_CHANNEL, settings.messages_per_second), WINDOW),
            [webhook(PATH, is_genuine=is_genuine, take=bot.take)] if settings.mode == "webhook" else (),
            bot.close,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A message as it is sent; the last of an MT has its buttons."""

    text: str = field(repr=False)
    expects: Expected | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Flip:
    """The message whose next page was asked for, and its question."""

    message_id: int
    step: str


class TelegramBot:
    """Both ways of the channel; the commands of its menu are those of the scripts."""

    def __init__(self, settings: Telegram, house: House) -> None:
        assert settings.token is not None  # noqa: S101  else it is not opened
        self._settings = settings
        self._house = house
        self._bot = Bot(
            settings.token.get_secret_value(),
            base_url=_bot_url(settings),
            request=_client(WINDOW * 2),
            get_updates_request=_client(1),
        )
        self._chats = OneByOne(APART)
        self._flips: dict[str, _Flip] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._is_up = False
        self._is_down = asyncio.Event()

    # In

    async def run(self) -> None:
        """Keep the bot known to Telegram, and fetch updates where that is the mode, until cancelled."""
        while True:
            try:
                await self._introduce()
                self._is_down.clear()
                self._is_up = True
                log.info("telegram.up", mode=self._settings.mode)
                if self._settings.mode == "polling":
                    await self._poll()
                else:
                    await self._is_down.wait()
            except Exception as error:  # noqa: BLE001  whatever Telegram answers, the other channels go on
                log.warning("telegram.down", error=type(error).__name__)
            self._is_up = False
            await asyncio.sleep(RETRY_EVERY.total_seconds())

    async def close(self) -> None:
        """Let go of the connections."""
        self._is_up = False
        if self._asides:
            await asyncio.wait(self._asides, timeout=1)
        await self._bot.shutdown()

    async def take(self, update: Mapping[str, Any]) -> None:
        """Make an update durable; raises ``NotNow``."""
        country = self._house.settings.sms.country
        match read_update(update, country=country, now=self._house.clock()):
            case Written(received=received):
                self._flips.pop(received.mo.address.number, None)
                await self._house.chat_mos.keep(received)
            case Pressed(received=received, query_id=query_id, message_id=message_id):
                chat = received.mo.address.number
                if received.mo.text == MORE and len(self._flips) < MOST_FLIPS:
                    self._flips[chat] = _Flip(message_id, _step(received.mo.at_step or ""))
                else:
                    self._flips.pop(chat, None)
                await self._house.chat_mos.keep(received)
                self._aside(self._bot.answer_callback_query(query_id))
                if chat not in self._flips:
                    self._take_buttons_away(chat, message_id)
            case StrayPress(query_id=query_id):
                self._aside(self._bot.answer_callback_query(query_id))
            case NotForUs(kind=kind):
                log.info("telegram.not_for_us", kind=kind)

    async def _introduce(self) -> None:
        await self._bot.initialize()
        await self._set_menu()
        if self._settings.mode == "polling":
            await self._bot.delete_webhook()
            return
        secret = self._settings.secret_token
        await self._bot.set_webhook(
            f"{self._settings.public_url.rstrip('/')}{PATH}",
            allowed_updates=ALLOWED,
            secret_token=secret.get_secret_value() if secret else None,
        )

    async def _set_menu(self) -> None:
        """Without it the bot answers all the same."""
        try:
            for language in self._house.library.languages:
                # Those whose Telegram speaks another language see ours of the house.
                of = None if language == DEFAULT_LANGUAGE else language
                await self._bot.set_my_commands(commands(self._house.library, language), language_code=of)
        except TelegramError as error:
            log.warning("telegram.no_menu", error=type(error).__name__)

    async def _poll(self) -> None:
        """Fetch until it fails; Telegram forgets an update when the next ones are asked for."""
        after: int | None = None
        while True:
            try:
                updates = await self._bot.get_updates(
                    after,
                    timeout=POLL_FOR,
                    read_timeout=ANSWERED_WITHIN_SECONDS,
                    allowed_updates=ALLOWED,
                )
                await asyncio.gather(*(self.take(update.to_dict()) for update in updates))
            except NotNow:
                log.info("telegram.put_off")
                await asyncio.sleep(1)
                continue
            except Conflict:
                log.warning("telegram.polled_by_another")
                await asyncio.sleep(RETRY_EVERY.total_seconds())
                continue
            self._is_up = True
            if updates:
                after = updates[-1].update_id + 1

    def _take_buttons_away(self, chat: str, message_id: int) -> None:
        self._aside(self._bot.edit_message_reply_markup(chat, message_id))

    def _aside(self, work: Coroutine[Any, Any, object]) -> None:
        """What nobody waits for and nothing hangs on."""

        async def done() -> None:
            with suppress(TelegramError):
                await work

        task = asyncio.get_running_loop().create_task(done())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    # Out

    @property
    def is_bound(self) -> bool:
        return self._is_up

    def parts(self, mt: ClaimedMt) -> Sequence[Part]:
        """The messages that a text takes."""
        *begin, end = split(mt.text)
        return (*map(Part, begin), Part(end, mt.expects))

    def admit(self, mt: ClaimedMt) -> timedelta:
        return self._chats.admit(mt.address.number)

    async def submit(self, part: Part, mt: ClaimedMt, *, validity: timedelta | None) -> str:
        """Send a message, or turn the page of the one whose next page was asked for; returns its id."""
        chat = mt.address.number
        async with self._chats.turn(chat):
            try:
                return str(await self._show(chat, part))
            except TelegramError as error:
                raise self._came_of(error, chat) from None  # its words may quote the address
            except (AttributeError, KeyError, TypeError, ValueError):
                return ""  # accepted, but in the answer is no message that can be read

    async def _show(self, chat: str, part: Part) -> int:
        keyboard = self._keyboard(part.expects)
        if (flip := self._flips.pop(chat, None)) and part.expects is not None:
            if flip.step == _step(part.expects.at) and isinstance(keyboard, InlineKeyboardMarkup):
                with suppress(BadRequest):  # such as one too old to be edited
                    await self._bot.edit_message_text(
                        part.text,
                        chat,
                        flip.message_id,
                        reply_markup=keyboard,
                        link_preview_options=_NO_PREVIEW,
                    )
                    return flip.message_id
            self._take_buttons_away(chat, flip.message_id)
        sent = await self._bot.send_message(
            chat, part.text, reply_markup=keyboard, link_preview_options=_NO_PREVIEW
        )
        return sent.message_id

    def _keyboard(self, expects: Expected | None) -> Keyboard | None:
        if expects is None:
            return None
        if PHONE in expects.fields:
            label = " / ".join(
                self._house.library.words.label("common", PHONE, {}, language=language, medium=CHAT)
                for language in self._house.library.languages
            )
            share = KeyboardButton(label, request_contact=True)
            return ReplyKeyboardMarkup([[share]], resize_keyboard=True, one_time_keyboard=True)
        buttons = [
            InlineKeyboardButton(button.label, callback_data=data)
            for button in expects.buttons
            if (data := button_data(expects.at, button.reply))
        ]
        is_short = all(len(button.text) <= SHORT_LABEL for button in buttons)
        beside = MOST_BESIDE if is_short else 1
        rows = [buttons[at : at + beside] for at in range(0, len(buttons), beside)]
        return InlineKeyboardMarkup(rows) if rows else None

    def _came_of(self, error: TelegramError, chat: str) -> SendError:  # noqa: PLR0911  one for every remedy
        """Which remedy an error has."""
        match error:
            case RetryAfter(retry_after=timedelta() as retry_after):
                self._chats.rest(chat, retry_after)
                return Throttled(retry_after)
            case Forbidden():
                return Rejected("blocked by the person", is_unreachable=True)
            case ChatMigrated():
                return Rejected("became a group", is_unreachable=True)
            case BadRequest() if "chat not found" in error.message.lower():
                return Rejected("no such chat", is_unreachable=True)
            case BadRequest():
                return Rejected("bad request")
            case InvalidToken():
                self._go_down()
                return NotConnected()
            case NetworkError(__cause__=httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout()):
                self._go_down()
                return NotConnected()
            case NetworkError() if error.message.startswith("Too Many Requests"):
                return Throttled(APART)
            case _:
                return Unanswered()

    def _go_down(self) -> None:
        self._is_up = False
        self._is_down.set()


async def whoami(settings: Telegram) -> str:
    """The bot's name, as the Bot API knows it by its token; raises TelegramError."""
    token = settings.token.get_secret_value() if settings.token else ""
    async with Bot(token, base_url=_bot_url(settings), request=_client(1)) as bot:
        return bot.username


def _bot_url(settings: Telegram) -> str:
    return f"{settings.base_url.rstrip('/')}/bot"


def _client(connections: int) -> HTTPXRequest:
    return HTTPXRequest(
        connections,
        read_timeout=ANSWERED_WITHIN_SECONDS,
        write_timeout=ANSWERED_WITHIN_SECONDS,
        connect_timeout=ANSWERED_WITHIN_SECONDS,
        pool_timeout=ANSWERED_WITHIN_SECONDS,
    )


def _step(at: str) -> str:
    """The step of a question, whatever was learnt since."""
    return at.partition(":")[0]


def split(text: str) -> list[str]:
    """A text in as many messages as it takes, cut between words where there are any."""
    pieces = []
    while len(text.encode("utf-16-le")) > LONGEST * 2:
        most = text.encode("utf-16-le")[: LONGEST * 2].decode("utf-16-le", "ignore")
        at = max(most.rfind(" "), most.rfind("\n")) + 1 or len(most)
        pieces.append(text[:at].rstrip() or text[:at])
        text = text[at:]
    return [*pieces, text]


def commands(library: Library, language: str) -> list[BotCommand]:
    """The bot's menu: what the signpost leads to, by the first keyword of each, and help."""
    signpost = library.scripts[SIGNPOST]
    named = [
        (_keyword(library, target, language), step, option)
        for step, option, target in _leads(signpost, signpost.start)
    ]
    everywhere = [(word, word, "") for word in ("help", "stop")]
    return [
        BotCommand(keyword, label)
        for keyword, step, option in (*named, *everywhere)
        if keyword
        and (
            label := library.words.label(
                SIGNPOST if option else "common", step, {"value": option}, language=language, medium=CHAT
            )
        )
    ]


def _leads(script: Script, start: str) -> Iterator[tuple[str, str, str]]:
    """Every choice of a menu, and of the menus below it: the step, the option, and what it leads to."""
    step = script.steps.get(start)
    for option, target in step.choose.items() if isinstance(step, Choose) else ():
        if target in script.steps:
            yield from _leads(script, target)
        else:
            yield start, option, target


def _keyword(library: Library, target: str, language: str) -> str:
    """As Telegram writes commands; nothing where no dialogue begins."""
    script = library.scripts.get(target.removeprefix(INTO_DIALOGUE))
    claimed = script.keywords if script else {}
    words = (plain(word) for each in (language, "any") for word in claimed.get(each, ()))
    return next((word.replace(" ", "_") for word in words if word.isascii()), "")
