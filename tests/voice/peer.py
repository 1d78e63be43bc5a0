"""An Asterisk with a caller who does as she is told whenever she hears a certain prompt."""

import asyncio
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.agi.connection import Lead, listen

HANGS_UP: Final = "hangs up"  # instead of keys
MISSING: Final = "missing"  # the prompt is not there
GONE: Final = "gone"  # Asterisk closes the line
FAILS: Final = "fails"  # a recording that is not kept
SAYS_NOTHING: Final = "says nothing"  # after the tone
CALLER: Final = "+420601123456"


@dataclass
class PhoneCall:
    """What happened: every command, and what the dialplan was told."""

    commands: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def prompts(self) -> list[str]:
        """The names of what was played or asked, without their marks."""
        return [
            command.rsplit("/", 1)[1].partition("-")[0]
            for command in self.commands
            if command.startswith(("GET DATA", "STREAM FILE"))
        ]

    @property
    def is_done(self) -> bool:
        return self.variables.get("IVR_OUTCOME") == "done"


class ACaller:
    """Answers each prompt by the first rule left that names a part of it; else she says nothing."""

    def __init__(self, *rules: tuple[str, str], number: str = CALLER, presentation: str = "0") -> None:
        self._rules = list(rules)
        self._number = number
        self._presentation = presentation
        self._is_up = True

    async def call(self, lead: Lead, call_id: str = "1611561600.17", key: str = "k") -> PhoneCall:
        """Place a call that ``lead`` leads, and come back when its line is closed."""
        server = await listen(lead, host="127.0.0.1", port=0)
        try:
            async with asyncio.timeout(30):
                return await self._speak(*server.sockets[0].getsockname()[:2], call_id, key)
        finally:
            server.close()
            await server.wait_closed()

    async def _speak(self, host: str, port: int, call_id: str, key: str) -> PhoneCall:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"agi_request: agi://{host}/hotline?call=1&key={key}\nagi_uniqueid: {call_id}\n"
            f"agi_callerid: {self._number}\nagi_callingpres: {self._presentation}\n\n".encode()
        )
        made = PhoneCall()
        while line := (await reader.readline()).decode().rstrip("\n"):
            made.commands.append(line)
            if line.startswith("SET VARIABLE"):
                _, _, name, value = line.split()
                made.variables[name] = value
            if (answer := self._answer(line)) == GONE:
                break
            writer.write(f"{answer}\n".encode())
        writer.close()
        return made

    def _answer(self, command: str) -> str:
        if not self._is_up:
            return "511 Command Not Permitted on a dead channel"
        if command.startswith("CHANNEL STATUS"):
            return "200 result=6"
        if not command.startswith(("GET DATA", "STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE")):
            return "200 result=1"
        does = self._does(command)
        self._is_up = does != HANGS_UP
        breaks = {GONE: GONE, MISSING: "200 result=-1", HANGS_UP: "HANGUP\n200 result=-1"}
        return breaks.get(does) or _result(command, does)

    def _does(self, command: str) -> str:
        for at, (part, does) in enumerate(self._rules):
            if part in command:
                del self._rules[at]
                return does
        return ""


def _result(command: str, does: str) -> str:
    if command.startswith("RECORD FILE"):
        endings = {FAILS: "200 result=-1 (writefile)", SAYS_NOTHING: "200 result=0 (timeout) endpos=8160"}
        return endings.get(does, "200 result=0 (timeout) endpos=24000")
    if not command.startswith("GET DATA"):
        return f"200 result={ord(does) if does else 0} endpos=8000"
    digits, hash_, _ = does.partition("#")
    is_ended = hash_ or len(digits) >= int(command.rsplit(maxsplit=1)[-1])
    return f"200 result={digits}" if is_ended else f"200 result={digits} (timeout)"


class Beeps:
    """A synthesiser that needs nothing: each sentence is a sound of its own length."""

    name = "beeps"

    def __init__(self) -> None:
        self.spoken: list[tuple[str, str]] = []

    def speak(self, text: str, language: str) -> Sequence[int]:
        self.spoken.append((language, text))
        return array("h", [1000] * (10 * len(text)))
