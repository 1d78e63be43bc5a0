"""The hotline over FastAGI: Asterisk asks us to lead a call, and plays what we say.

Source: Asterisk 16 and 22, res_agi.c. A call that we do not finish goes to the operator: only a variable that
is set last, IVR_OUTCOME=done, tells the dialplan that nothing broke. See docs/hotline.md.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from core.phones import NotAPhone, parse_phone
from gateway.agi.connection import AgiConnection, HungUp, NoSound, listen
from gateway.agi.protocol import Call, Nonsense
from gateway.channels.channel import Channel, House
from gateway.settings import Settings, SettingsError
from gateway.voice.blocks import missing
from gateway.voice.call import Caller, Conversation, TooSlow
from gateway.voice.shelf import FolderShelf, HttpShelf, Shelf
from gateway.voice.sounds import Sounds
from gateway.voice.synthesiser import NoVoice, find_synthesiser
from gateway.voice.turns import Turns

log = structlog.get_logger()

RECORDED: Final = Path(__file__).parent.parent.parent / "data" / "voice"
LEAVES_WITHIN_SECONDS: Final = 2.0
Open = Callable[[Caller, AgiConnection], Conversation]


class Hotline:
    """Leads calls, at most so many at once; whatever breaks in one, its caller gets the operator."""

    def __init__(self, open_call: Open, *, key: str, country: str, at_once: int, longest: timedelta) -> None:
        """``key`` is the secret in the query of the dialplan; none is asked for when it is empty."""
        self._open = open_call
        self._key = key
        self._country = country
        self._at_once = at_once
        self._longest = longest
        self._calls: dict[asyncio.Task[None], Caller] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def lead(self, call: Call, line: AgiConnection) -> None:
        """One call, to its end."""
        if self._key and not hmac.compare_digest(call.query.get("key", ""), self._key):
            log.warning("voice.forged")
            return
        if len(self._calls) >= self._at_once:
            log.warning("voice.full", calls=len(self._calls))
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine that runs has one
        self._calls[task] = caller = Caller(call.call_id, self._phone(call))
        conversation = self._open(caller, line)
        try:
            await self._hold(call, conversation)
        finally:
            del self._calls[task]
            leaving = asyncio.create_task(self._leave(conversation))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _hold(self, call: Call, conversation: Conversation) -> None:
        try:
            async with asyncio.timeout(self._longest.total_seconds()):
                ending = (await conversation.hold()).value
        except HungUp:
            ending = "hung up"
        except NoSound as error:
            ending = f"no sound {error}"
        except (Nonsense, NoVoice, TooSlow, TimeoutError) as error:
            ending = type(error).__name__
        except Exception as error:  # one call's fault is no other's
            log.exception("voice.failed", call=call.call_id, error=type(error).__name__)
            return
        log.info("voice.ended", call=call.call_id, ending=ending)

    async def _leave(self, conversation: Conversation) -> None:
        try:
            await conversation.leave()
        except Exception as error:  # noqa: BLE001  the database is away; the next call of that number tidies up
            log.warning("voice.not_tidied", error=type(error).__name__)

    def _phone(self, call: Call) -> str | None:
        """The caller's number, unless another call has it now: each has a conversation of its own."""
        reading = parse_phone(call.caller or "", self._country)
        if isinstance(reading, NotAPhone) or any(c.phone == reading.e164 for c in self._calls.values()):
            return None
        return reading.e164

    async def close(self) -> None:
        """Give every caller to the operator."""
        for task in self._calls:
            task.cancel()
        for going in (set(self._calls), self._leaving):
            if going:
                await asyncio.wait(going, timeout=LEAVES_WITHIN_SECONDS)


def open_channels(house: House) -> Iterator[Channel]:
    """The hotline, if the settings have one; raises SettingsError."""
    chosen = house.settings.voice
    if not chosen.enabled:
        return
    shelf = open_shelf(house.settings)
    sounds = open_sounds(house.settings, shelf)
    turns = Turns(house.store, house.runner, house.clock, by=f"voice {secrets.token_hex(4)}")

    def open_call(caller: Caller, line: AgiConnection) -> Conversation:
        return Conversation(
            caller,
            line,
            turns,
            sounds,
            house.library,
            recordings=chosen.recordings,
            turn_within=timedelta(seconds=chosen.turn_within_seconds),
        )

    hotline = Hotline(
        open_call,
        key=chosen.key.get_secret_value(),
        country=house.settings.sms.country,
        at_once=chosen.calls_at_once,
        longest=timedelta(minutes=chosen.longest_call_minutes),
    )

    async def run() -> None:
        if lacking := await asyncio.to_thread(lambda: sum(1 for _ in missing(house.library, sounds))):
            log.warning("voice.sounds_missing", sentences=lacking, mend="crs voice build")
        server = await listen(hotline.lead, host=chosen.host, port=chosen.port)
        async with server:
            await server.serve_forever()

    routes = shelf.routes if isinstance(shelf, HttpShelf) else ()
    yield Channel(run, routes=routes, close=hotline.close)


def open_shelf(settings: Settings) -> Shelf:
    """A folder that Asterisk sees, or our own web address."""
    chosen = settings.voice
    return FolderShelf(chosen.sounds_folder) if chosen.sounds_folder else HttpShelf(chosen.sounds_url)


def open_sounds(settings: Settings, shelf: Shelf) -> Sounds:
    """Recordings, sounds that were built, and a synthesiser for the rest; raises SettingsError."""
    try:
        synthesiser = find_synthesiser()
    except NoVoice as error:
        raise SettingsError(str(error)) from error
    built = settings.voice.built or settings.embedded.folder / "voice"
    return Sounds(synthesiser, shelf, recorded=RECORDED, built=built)
