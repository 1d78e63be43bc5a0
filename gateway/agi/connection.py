"""One call over FastAGI: ask the caller something, and learn it when she is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from gateway.agi.protocol import (
    DEAD,
    FAILED,
    LONGEST_LINE,
    MOST_VARIABLES,
    OK,
    Call,
    HangupNotice,
    Nonsense,
    Replies,
    Reply,
    pressed,
    read_environment,
    write_command,
)

BEGINS_WITHIN: Final = timedelta(seconds=5)
ANSWERS_WITHIN: Final = timedelta(seconds=10)  # beyond the time that a command itself takes
LONGEST_PROMPT: Final = timedelta(minutes=2)
IS_UP: Final = "6"  # CHANNEL STATUS: the line is up
SAMPLES_A_SECOND: Final = 8_000
# Asterisk's media cache may lose a sound while another call fetches the same one (asterisk/asterisk #1689).
SOUND_COMES_WITHIN: Final = (timedelta(milliseconds=50), timedelta(milliseconds=200))


class HungUp(Exception):
    """The caller is gone, or Asterisk is."""


class NoSound(Exception):
    """A prompt could not be played although the caller is there; the message names it."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What the caller pressed after a prompt; ``in_time`` is False when the keypad then fell silent."""

    keys: str = field(repr=False)
    in_time: bool


class AgiConnection:
    """Commands to one channel of Asterisk; every one of them ends, whatever the peer does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._replies = Replies()
        self._is_gone = False

    async def begin(self) -> Call:
        """Read the environment; raises HungUp or Nonsense."""
        lines: list[str] = []
        async with _within(BEGINS_WITHIN):
            while line := await self._line():
                lines.append(line)
                if len(lines) > MOST_VARIABLES:
                    raise Nonsense("the environment has no end")
        return read_environment(lines)

    async def answer(self) -> None:
        """Pick up."""
        await self._command("ANSWER")

    async def ask(self, sound: str, *, most: int, wait: timedelta, is_exact: bool = False) -> Pressed:
        """Play a prompt that may be interrupted, and take at most ``most`` keys; ``#`` ends them.

        ``wait`` is the time for the first key and for each one after it. A further key is asked for, so that
        the ``#`` of somebody who presses exactly ``most`` keys does not fall into the next prompt; unless
        ``is_exact``, for where ``wait`` is too long to wait for it.
        """
        keys = most + 1 if most > 1 and not is_exact else most
        milliseconds = int(wait.total_seconds() * 1000)
        reply = await self._with_sound(
            sound, "GET", "DATA", sound, str(milliseconds), str(keys), takes=LONGEST_PROMPT + wait * keys
        )
        digits, is_timed_out = pressed(reply)
        return Pressed(digits[:most], not is_timed_out)

    async def play(self, sound: str, *, until: str = "") -> str:
        """Play a prompt to its end, or to one of the keys ``until``; returns that key."""
        reply = await self._with_sound(sound, "STREAM", "FILE", sound, until, takes=LONGEST_PROMPT)
        code = int(reply.result or "0")
        return chr(code) if code > 0 else ""

    async def key(self, wait: timedelta) -> str:
        """One more key, if it comes within ``wait``; an empty text if it does not."""
        reply = await self._command("WAIT", "FOR", "DIGIT", str(int(wait.total_seconds() * 1000)), takes=wait)
        if reply.result == "-1":
            raise HungUp
        code = int(reply.result or "0")
        return chr(code) if code > 0 else ""

    async def record(self, name: str, *, most: timedelta, silence: timedelta) -> timedelta | None:
        """Record the caller to Asterisk's own disk until ``#`` or silence; None when nothing was kept.

        How long it is, without the silence that ended it but for its first second.
        """
        reply = await self._command(
            "RECORD",
            "FILE",
            name,
            "wav",
            "#",
            str(int(most.total_seconds() * 1000)),
            "BEEP",
            f"s={int(silence.total_seconds())}",
            takes=most,
        )
        if reply.result == FAILED and not await self.is_up():
            raise HungUp
        return None if reply.result == FAILED else timedelta(seconds=reply.end_position / SAMPLES_A_SECOND)

    async def set_variable(self, name: str, value: str) -> None:
        """Tell the dialplan something; the last thing a finished call does."""
        await self._command("SET", "VARIABLE", name, value)

    async def is_up(self) -> bool:
        """Whether the caller is still there."""
        try:
            reply = await self._command("CHANNEL", "STATUS")
        except HungUp:
            return False
        return reply.result == IS_UP

    async def _with_sound(self, sound: str, *words: str, takes: timedelta) -> Reply:
        """The answer to what plays a sound; ``result=-1`` is a hang-up, or a file that is missing or late."""
        for pause in (*SOUND_COMES_WITHIN, None):
            reply = await self._command(*words, takes=takes)
            if reply.result != FAILED:
                return reply
            if not await self.is_up():
                raise HungUp
            if pause:
                await asyncio.sleep(pause.total_seconds())
        raise NoSound(sound)

    async def _command(self, *words: str, takes: timedelta = timedelta(0)) -> Reply:
        if self._is_gone:
            raise HungUp
        async with _within(takes + ANSWERS_WITHIN):
            await self._send(write_command(*words))
            reply = await self._reply()
        if reply.code == DEAD:
            self._is_gone = True
            raise HungUp
        if reply.code != OK:
            raise Nonsense(f"{words[0]} was answered {reply.code}")
        return reply

    async def _send(self, line: bytes) -> None:
        try:
            self._writer.write(line)
            await self._writer.drain()
        except ConnectionError:
            raise HungUp from None

    async def _reply(self) -> Reply:
        while True:
            match self._replies.read(await self._line()):
                case HangupNotice():
                    self._is_gone = True  # what was asked is still answered
                case Reply() as reply:
                    return reply
                case None:
                    pass

    async def _line(self) -> str:
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            raise HungUp from None
        except asyncio.LimitOverrunError:
            raise Nonsense("a line has no end") from None
        return line.decode("utf-8", "replace").rstrip("\r\n")


@asynccontextmanager
async def _within(limit: timedelta) -> AsyncIterator[None]:
    """A time limit whose end means that Asterisk is gone."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            yield
    except TimeoutError:
        raise HungUp from None


Lead = Callable[[Call, AgiConnection], Awaitable[None]]


async def listen(lead: Lead, *, host: str, port: int) -> asyncio.Server:
    """Serve calls; each is led by ``lead`` and its line closed when that returns or raises."""

    async def on_call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = AgiConnection(reader, writer)
        try:
            await lead(await connection.begin(), connection)
        except (HungUp, Nonsense):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(on_call, host, port, limit=LONGEST_LINE)
