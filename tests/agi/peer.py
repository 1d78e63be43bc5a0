"""An Asterisk that does what a test tells it to do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeAlias

from gateway.agi.connection import AgiConnection

GONE = "gone"  # instead of an answer: the line is closed
Script: TypeAlias = list[tuple[str, str]]
ENVIRONMENT = (
    "agi_network: yes\n"
    "agi_request: agi://127.0.0.1:4573/hotline?call=17.1&key=k\n"
    "agi_uniqueid: 1611561600.17\n"
    "agi_callerid: +420601123456\n"
    "agi_callingpres: 0\n"
    "agi_dnid: 1221\n"
    "\n"
)


class Asterisk:
    """Answers the commands of a script in their order; a command it does not expect is a failure."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        self._writer.write(text.encode())

    async def play(self, script: Script) -> None:
        """Take one command for each line of the script, which begins as it says, and answer it."""
        for begins, answer in script:
            command = (await self._reader.readline()).decode().rstrip("\n")
            self.heard.append(command)
            if answer == GONE or not command.startswith(begins):
                self.leave()
                assert command.startswith(begins), f"{command} instead of {begins}"
                return
            self.say(answer + "\n")

    def leave(self) -> None:
        self._writer.close()


@contextlib.asynccontextmanager
async def a_call() -> AsyncIterator[tuple[AgiConnection, Asterisk]]:
    """Both ends of one connection."""
    ours: asyncio.Queue[AgiConnection] = asyncio.Queue()
    over = asyncio.Event()

    async def on_call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours.put_nowait(AgiConnection(reader, writer))
        await over.wait()
        writer.close()

    server = await asyncio.start_server(on_call, "127.0.0.1", 0, limit=4096)
    try:
        peer = Asterisk(*await asyncio.open_connection(*server.sockets[0].getsockname()))
        yield await ours.get(), peer
        peer.leave()
    finally:
        over.set()
        server.close()
        await server.wait_closed()
