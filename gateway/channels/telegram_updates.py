"""What each update of Telegram's Bot API becomes, read from its plain JSON; nothing in one can raise.

Source: Bot API 9, Update, Message, CallbackQuery, Contact.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from core.messages import TELEGRAM_CHANNEL, Address, NewMo
from core.phones import Phone, parse_phone
from gateway.channels.chat import readable
from gateway.intake import FromChat

ALLOWED: Final = ("message", "callback_query")  # the rest is not even sent to us
MOST_DATA_BYTES: Final = 64  # of a button's callback_data
_MARK: Final = re.compile(r"[a-z0-9_.:]{1,60}")
# What a person may send instead of words: she is asked again. Other messages only tell of the chat itself.
_WORDLESS: Final = frozenset(
    [
        "animation",
        "audio",
        "document",
        "photo",
        "sticker",
        "story",
        "video",
        "video_note",
        "voice",
        "checklist",
        "dice",
        "game",
        "poll",
        "venue",
        "location",
        "paid_media",
        "contact",
        "invoice",
    ]
)


@dataclass(frozen=True, slots=True)
class Written:
    """A message from a person."""

    received: FromChat


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button under one of our messages."""

    received: FromChat
    query_id: str
    message_id: int


@dataclass(frozen=True, slots=True)
class StrayPress:
    """A button that is not ours; the phone still waits to be told that it was heard."""

    query_id: str


@dataclass(frozen=True, slots=True)
class NotForUs:
    """Groups, channels, edited messages, what happens to the chat: silence."""

    kind: str


ReadUpdate: TypeAlias = Written | Pressed | StrayPress | NotForUs


@dataclass(frozen=True, slots=True)
class _Told:
    text: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)


def button_data(at: str, reply: str) -> str | None:
    """What a button carries to its question, or None where that is too long for one."""
    data = f"{at}\n{reply}"
    return data if len(data.encode()) <= MOST_DATA_BYTES else None


def read_update(update: Mapping[str, Any], *, country: str, now: datetime) -> ReadUpdate:
    """Read one update; ``country`` is that of numbers without one."""
    match update:
        case {
            "update_id": int(update_id),
            "message": {"chat": {"id": int(chat), "type": "private"}, **message},
        }:
            told = _told(message, country)
            if told is None:
                return NotForUs("service")
            return Written(_received(update_id, chat, told, now))
        case {
            "update_id": int(update_id),
            "callback_query": {
                "id": str(query_id),
                "data": str(data),
                "message": {"message_id": int(message_id), "chat": {"id": int(chat), "type": "private"}},
            },
        }:
            at, _, reply = data.partition("\n")
            if not _MARK.fullmatch(at) or not reply:
                return StrayPress(query_id)
            received = _received(update_id, chat, _Told(readable(reply)), now, at_step=at)
            return Pressed(received, query_id, message_id)
        case {"callback_query": {"id": str(query_id)}}:
            return StrayPress(query_id)
        case _:
            kinds = sorted(key for key in update if key in _KINDS)
            return NotForUs(kinds[0] if kinds else "unknown")


_KINDS: Final = frozenset(
    ["message", "edited_message", "channel_post", "edited_channel_post", "my_chat_member", "chat_member"]
)


def _received(
    update_id: int, chat: int, told: _Told, now: datetime, *, at_step: str | None = None
) -> FromChat:
    address = Address(TELEGRAM_CHANNEL, str(chat))
    mo = NewMo(address, TELEGRAM_CHANNEL, told.text, now, operator_id=str(update_id), at_step=at_step)
    return FromChat(mo, told.phone)


def _told(message: Mapping[Any, Any], country: str) -> _Told | None:
    """The words of a message, none where it has none, and the phone that it proves."""
    match message:
        case {"text": str(text)}:
            return _Told(_without_slash(readable(text)))
        case {"contact": {"phone_number": str(written), **contact}}:
            reading = parse_phone(written if written.startswith("+") else f"+{written}", country)
            if not isinstance(reading, Phone):
                reading = parse_phone(written, country)
            if not isinstance(reading, Phone):
                return _Told(readable(written))
            return _Told(reading.e164, reading.e164 if _is_own(contact, message) else None)
        case {"sticker": {"emoji": str(emoji)}}:
            return _Told(readable(emoji))
        case {"caption": str(caption)}:
            return _Told(readable(caption))
        case _:
            return None if _WORDLESS.isdisjoint(message) else _Told("")


def _is_own(contact: Mapping[Any, Any], message: Mapping[Any, Any]) -> bool:
    """Telegram itself says whose account a number belongs to; forwarded, it is somebody's story."""
    sender = message.get("from")
    own = contact.get("user_id")
    return (
        isinstance(own, int)
        and isinstance(sender, dict)
        and sender.get("id") == own
        and "forward_origin" not in message
    )


def _without_slash(text: str) -> str:
    """A command of the menu as the word that it stands for: ``/ztraceny_pin@crs_bot`` is "ztraceny pin"."""
    if not text.startswith("/"):
        return text
    first, space, rest = text[1:].partition(" ")
    return f"{first.partition('@')[0].replace('_', ' ')}{space}{rest}"
