"""A call to the hotline in the browser: what a caller would hear, to read, and the keys of a phone."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from conversations.media.keypad import (
    DAY_KEYS,
    AnotherDay,
    Answer,
    Back,
    Operator,
    is_spoken,
    listening,
    read_day,
    read_keys,
)
from core.messages import VOICE_CHANNEL, Address
from gateway.voice.shelf import HttpShelf
from gateway.voice.sounds import Prompt, Sounds, sentences
from gateway.voice.turns import Answered, Turns
from gateway.web.parts import PARTS, WebParts, number_of

START: Final = "MENU"
MOST_CHARACTERS: Final = 100  # of what would be said after the tone
KEYS: Final = frozenset("0123456789*#")


@dataclass(slots=True)
class Line:
    """A call under way."""

    open: Answered
    asks_day: bool = False
    prompt: Prompt | None = None


@dataclass(frozen=True, slots=True)
class Hotline:
    """Where calls are led; ``sounds`` is None where nobody can speak."""

    turns: Turns
    sounds: Sounds | None
    shelf: HttpShelf
    lines: dict[str, Line] = field(default_factory=dict)  # by number


HOTLINE: web.AppKey[Hotline] = web.AppKey("hotline", Hotline)


def add_call(app: web.Application, hotline: Hotline) -> None:
    """Add the call's doors, and the sounds."""
    app[HOTLINE] = hotline
    app.router.add_post("/call/begin", begin)
    app.router.add_post("/call/keys", press)
    app.router.add_post("/call/end", end)
    app.router.add_routes(hotline.shelf.routes)


async def begin(request: web.Request) -> web.Response:
    """Pick up; what an earlier call left open is not gone on with: this number has proven nothing."""
    parts, hotline = request.app[PARTS], request.app[HOTLINE]
    number, _ = await _asked(request)
    address = Address(VOICE_CHANNEL, number)
    await asyncio.to_thread(hotline.turns.begin, address)
    line = Line(Answered("", None, is_over=False, mts=()))
    hotline.lines[number] = line
    await _take(hotline, line, address, START)
    return web.json_response(await asyncio.to_thread(_heard, parts, hotline, line, address))


async def press(request: web.Request) -> web.Response:
    """Give keys to the open question, or what was said after the tone; answered with what is heard next."""
    parts, hotline = request.app[PARTS], request.app[HOTLINE]
    number, body = await _asked(request)
    line = hotline.lines.get(number)
    if line is None:
        raise web.HTTPConflict(text="Nejdřív zavolejte. / Call first.")
    address = Address(VOICE_CHANNEL, number)
    keys, spoken = str(body.get("keys", "")), str(body.get("spoken", "")).strip()[:MOST_CHARACTERS]
    expects = line.open.expects
    if not KEYS.issuperset(keys):
        raise web.HTTPBadRequest(text="Klávesy jsou 0 až 9, * a #. / Keys are 0 to 9, * and #.")
    if expects is None:
        await _take(hotline, line, address, START)
    elif spoken and is_spoken(expects):
        await _take(hotline, line, address, spoken, expects.at)
    else:
        reads = read_day if line.asks_day else read_keys
        meaning = reads(expects, keys.rstrip("#"), is_ended=keys.endswith("#"))
        line.asks_day = isinstance(meaning, AnotherDay)
        if isinstance(meaning, Answer):
            await _take(hotline, line, address, meaning.text, meaning.at_step)
        elif isinstance(meaning, Back | Operator):
            await _take(hotline, line, address, meaning.text)
    return web.json_response(await asyncio.to_thread(_heard, parts, hotline, line, address))


async def end(request: web.Request) -> web.Response:
    """Hang up."""
    hotline = request.app[HOTLINE]
    number, _ = await _asked(request)
    if line := hotline.lines.pop(number, None):
        _drop(hotline, line)
        await asyncio.to_thread(hotline.turns.forget, Address(VOICE_CHANNEL, number), line.open.mts)
    return web.json_response({})


async def _asked(request: web.Request) -> tuple[str, dict[str, Any]]:
    try:
        body = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="Send JSON: from, and keys.") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="Send JSON: from, and keys.")
    return number_of(request.app[PARTS], body.get("from")), body


async def _take(
    hotline: Hotline, line: Line, address: Address, text: str, at_step: str | None = None
) -> None:
    line.open = await asyncio.to_thread(
        hotline.turns.answer,
        address,
        text,
        turn=secrets.token_hex(8),
        at_step=at_step,
        heard=line.open.mts,
    )


def _heard(parts: WebParts, hotline: Hotline, line: Line, address: Address) -> dict[str, object]:
    """What is heard now, and how it may be answered."""
    expects = line.open.expects
    with parts.store.begin() as work:
        kept, _ = work.sessions.find([address]).get(address, ({"language": "cs"}, None))
    _drop(hotline, line)
    if hotline.sounds and line.open.text:
        line.prompt = hotline.sounds.prompt("demo", sentences(line.open.text, kept["language"]))
    return {
        "text": line.open.text,
        "sound": line.prompt.sound if line.prompt else None,
        "most": 1 if expects is None else DAY_KEYS if line.asks_day else listening(expects).most,
        "asks_day": line.asks_day,
        "is_spoken": expects is not None and is_spoken(expects),
        "is_over": expects is None,
    }


def _drop(hotline: Hotline, line: Line) -> None:
    if hotline.sounds and line.prompt:
        hotline.sounds.drop(line.prompt)
    line.prompt = None
