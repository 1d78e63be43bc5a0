"""A call, led from question to question: what is played, what the keys mean, and how it ends."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

from conversations.events import Say
from conversations.library import Library
from conversations.media import IVR
from conversations.media.keypad import (
    DAY_KEYS,
    FOR_A_NUMBER,
    FOR_A_SECOND_STAR,
    OPERATOR,
    STAR,
    Again,
    AnotherDay,
    Answer,
    Back,
    Listening,
    Meaning,
    Operator,
    Silence,
    is_consent,
    is_spoken,
    listening,
    read_day,
    read_keys,
)
from conversations.session import DEFAULT_LANGUAGE, Session
from core.messages import VOICE_CHANNEL, Address, Expected
from gateway.agi.connection import AgiConnection
from gateway.voice.proof import proof_of
from gateway.voice.sounds import Prompt, Sounds, Spoken, sentences
from gateway.voice.turns import Answered, Turns

CALL: Final = "call"  # the words that are the call's own
LANGUAGE_KEYS: Final = {"1": "cs", "8": "uk", "9": "en"}
FOR_A_LANGUAGE: Final = timedelta(seconds=3)
MOST_FAILURES: Final = 3
MOST_PROOFS: Final = 2  # asked for without an answer, it is rather somebody else
PATIENCE: Final = timedelta(milliseconds=300)  # of somebody who has just pressed a key
NEXT_FILLER: Final = timedelta(seconds=4)
LONGEST_NAME: Final = timedelta(seconds=15)
NAME_ENDS: Final = timedelta(seconds=3)
SHORTEST_NAME: Final = timedelta(seconds=1.3)  # of silence alone Asterisk keeps a second
MORE_KEY: Final = "1"
MENU: Final = "MENU"
OUTCOME: Final = "IVR_OUTCOME"

_NOT_IN_A_PATH: Final = re.compile(r"[^0-9A-Za-z.-]+")

P = ParamSpec("P")
T = TypeVar("T")


class Ending(Enum):
    """How a call ended, for the log and for the dialplan."""

    DONE = "done"
    OPERATOR = "operator"


class TooSlow(Exception):
    """A turn takes so long that a person shall answer."""


class _Ends(Exception):
    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as the network says: ``phone`` is a hint, and None when it is withheld."""

    call_id: str
    phone: str | None = field(repr=False)

    @property
    def address(self) -> Address:
        """Where her session is found again, if she does not hide her number."""
        return Address(VOICE_CHANNEL, self.phone) if self.phone else self.unknown

    @property
    def unknown(self) -> Address:
        """The address of this call alone."""
        return Address(VOICE_CHANNEL, f"call:{self.call_id}")


class Conversation:
    """One caller at one line."""

    def __init__(
        self,
        caller: Caller,
        line: AgiConnection,
        turns: Turns,
        sounds: Sounds,
        library: Library,
        *,
        recordings: str,
        turn_within: timedelta,
    ) -> None:
        """``recordings`` is a folder as Asterisk sees it."""
        self._caller = caller
        self._line = line
        self._turns = turns
        self._sounds = sounds
        self._library = library
        self._recordings = recordings
        self._turn_within = turn_within
        self._address = caller.address
        self._language = DEFAULT_LANGUAGE
        self._taken = 0
        self._open = Answered("", None, is_over=False, mts=())
        self._prompts: list[Prompt] = []
        self._filler: Prompt | None = None
        self._unfinished: set[asyncio.Future[Any]] = set()

    async def hold(self) -> Ending:
        """Lead the call; raises HungUp, NoSound, NoVoice, TooSlow."""
        try:
            await self._line.answer()
            key = await self._begin()
            await self._converse(key)
        except _Ends as ends:
            return ends.ending

    async def leave(self) -> None:
        """When the line is closed: what was on the way comes to its end, and what was hers is forgotten."""
        if self._unfinished:
            await asyncio.wait(self._unfinished)
        for prompt in self._prompts:
            self._sounds.drop(prompt)
        await asyncio.to_thread(self._turns.forget, self._address, self._open.mts)

    # Beginnings

    async def _begin(self) -> str:
        """Say hello, learn the language and who it is; returns a key meant for the first question."""
        session = await self._meanwhile(self._turns.begin, self._address)
        offered = [each for each in LANGUAGE_KEYS.values() if each in self._library.languages]
        self._language = session.language if session.language in offered else DEFAULT_LANGUAGE
        said = self._own("greeting")
        others = {each for each in offered if each != self._language}
        for each in sorted(others):
            said += self._own("language", each)
        prompt = await self._prompt("greeting", said)
        key = (await self._line.ask(prompt.sound, most=1, wait=FOR_A_LANGUAGE)).keys
        if LANGUAGE_KEYS.get(key) in others:
            self._language, key = LANGUAGE_KEYS[key], ""
        self._filler = await self._prompt("moment", self._own("moment"))
        if key == OPERATOR:
            await self._to_operator()
        if not await self._is_proven(session):
            self._address = self._caller.unknown
        await self._take(self._library.languages[self._language][0])
        return "" if session.is_open else key

    async def _is_proven(self, session: Session) -> bool:
        """Whoever goes on where another call broke off shows that she is the same person.

        The number that calls is a hint and no proof: what was entered then is asked for.
        """
        proof = proof_of(session)
        if proof is None:
            await self._meanwhile(self._turns.forget_proof, self._address)
            return True
        if await self._meanwhile(self._turns.is_blocked, self._address):
            return False
        said = self._own(proof.block)
        for _ in range(MOST_PROOFS):
            prompt = await self._prompt(proof.block, said)
            keys, is_ended = await self._keys(prompt, Listening(len(proof.keys), FOR_A_NUMBER))
            if keys == OPERATOR:
                await self._to_operator()
            if keys == proof.keys:
                await self._line.play((await self._prompt("resumed", self._own("resumed"))).sound)
                return True
            if is_ended and not keys:
                return False
            if keys.strip(STAR):
                await self._meanwhile(self._turns.wrong_proof, self._address)
                said = [*self._own("unproven"), *self._own(proof.block)]
        return False

    # From question to question

    async def _converse(self, key: str) -> NoReturn:
        failures = 0
        is_unheard = False
        while True:
            expects = self._open.expects
            if expects is None:
                await self._end_dialogue()
                continue
            if key:
                meaning, key = read_keys(expects, key, is_ended=False), ""
            else:
                meaning = await self._ask(expects, is_unheard=is_unheard)
            is_unheard = isinstance(meaning, Silence)
            match meaning:
                case Operator(text=text):
                    await self._to_operator(text)
                case Silence():
                    failures += 1
                case Again() | AnotherDay():
                    pass
                case Back(text=text):
                    failures = 0
                    await self._take(text)
                case Answer(text=text, at_step=at_step):
                    await self._take(text, at_step)
                    failures = failures + 1 if self._asks_again(expects) else 0
            if failures >= MOST_FAILURES:
                await self._line.play((await self._prompt("gave_up", self._own("gave_up"))).sound)
                raise _Ends(Ending.OPERATOR)

    def _asks_again(self, expects: Expected) -> bool:
        """Nothing was learnt from the answer: the same question is open as before."""
        return self._open.expects is not None and self._open.expects.at == expects.at

    async def _ask(self, expects: Expected, *, is_unheard: bool) -> Meaning:
        step = expects.at.partition(":")[0]
        said = sentences(self._open.text, self._language)
        prompt = await self._prompt(step, [*self._own("unheard"), *said] if is_unheard else said)
        if is_spoken(expects):
            return await self._listen_to_name(prompt, expects)
        how = listening(expects)
        if is_consent(expects):
            if await self._line.play(prompt.sound, until=OPERATOR) == OPERATOR:
                return Operator()
            prompt = await self._meanwhile(self._sounds.hush, step)
        keys, is_ended = await self._keys(prompt, how)
        meaning = read_keys(expects, keys, is_ended=is_ended)
        if isinstance(meaning, AnotherDay):
            prompt = await self._prompt("another_day", self._own("another_day"))
            keys, is_ended = await self._keys(prompt, Listening(DAY_KEYS, FOR_A_NUMBER))
            return read_day(expects, keys, is_ended=is_ended)
        return meaning

    async def _keys(self, prompt: Prompt, how: Listening) -> tuple[str, bool]:
        """The keys pressed after a prompt, and whether ``#`` or their number ended them."""
        pressed = await self._line.ask(prompt.sound, most=how.most, wait=how.wait, is_exact=how.is_exact)
        if how.most > 1 or pressed.keys != STAR:
            return pressed.keys, pressed.in_time
        return await self._after_a_star()

    async def _after_a_star(self) -> tuple[str, bool]:
        """A star alone, or with what follows it at once."""
        key = await self._line.key(FOR_A_SECOND_STAR)
        return (STAR, True) if key == "#" else (STAR + key, False)

    async def _listen_to_name(self, prompt: Prompt, expects: Expected) -> Meaning:
        key = await self._line.play(prompt.sound, until=OPERATOR + STAR)
        if key:
            keys, is_ended = (key, False) if key == OPERATOR else await self._after_a_star()
            return read_keys(expects, keys, is_ended=is_ended)
        sound = f"{self._recordings}/{_NOT_IN_A_PATH.sub('-', self._caller.call_id)}-{self._taken}"
        length = await self._line.record(sound, most=LONGEST_NAME, silence=NAME_ENDS)
        if length is not None and length < SHORTEST_NAME:
            return Silence()
        if length is not None:
            number = await self._meanwhile(self._turns.recorded, self._address, sound)
            return Answer(f"Nahrávka {number}", expects.at)
        if self._caller.phone is None:
            return Operator()
        await self._meanwhile(self._turns.call_back, self._caller.phone, self._language)
        await self._line.play((await self._prompt("no_recording", self._own("no_recording"))).sound)
        return await self._finish()

    # Endings

    async def _end_dialogue(self) -> None:
        """Say the last words of a dialogue, and begin another one if she likes."""
        if not self._open.text:  # another gateway answered in our place
            raise _Ends(Ending.OPERATOR)
        prompt = await self._prompt("end", sentences(self._open.text, self._language))
        await self._line.play(prompt.sound, until=OPERATOR if self._open.is_over else "")
        if not self._open.is_over:  # it failed, and the words say so
            raise _Ends(Ending.OPERATOR)
        prompt = await self._prompt("anything_else", self._own("anything_else"))
        keys, _ = await self._keys(prompt, Listening(1, FOR_A_LANGUAGE))
        if keys == OPERATOR:
            await self._to_operator()
        if keys == MORE_KEY:
            await self._take(MENU)
            return
        if keys != STAR:
            await self._line.play((await self._prompt("goodbye", self._own("goodbye"))).sound)
            await self._finish()

    async def _finish(self) -> NoReturn:
        """The last thing: only the variable tells the dialplan that nothing broke."""
        await self._meanwhile(self._turns.heard, self._open.mts)
        await self._line.set_variable(OUTCOME, Ending.DONE.value)
        raise _Ends(Ending.DONE)

    async def _to_operator(self, text: str = Operator().text) -> NoReturn:
        await self._take(text)
        words = sentences(self._open.text, self._language)[:1]
        await self._line.play((await self._prompt("operator", words)).sound)
        raise _Ends(Ending.OPERATOR)

    # Turns, words and sounds, none of which may leave her in silence

    async def _take(self, text: str, at_step: str | None = None) -> None:
        """A turn of the dialogue; one that brings no words leaves the question open that was."""
        self._taken += 1
        turn = f"{self._caller.call_id}.{self._taken}"
        answered = await self._meanwhile(
            self._turns.answer, self._address, text, turn=turn, at_step=at_step, heard=self._open.mts
        )
        self._open = answered if answered.mts else replace(self._open, mts=())

    def _own(self, block: str, language: str = "") -> list[Spoken]:
        """The call's own words."""
        language = language or self._language
        return sentences(self._library.words.render(Say(CALL, block, language, {}), IVR), language)

    async def _prompt(self, step: str, said: Sequence[Spoken]) -> Prompt:
        prompt = await self._meanwhile(self._sounds.prompt, step, said)
        self._prompts.append(prompt)
        return prompt

    async def _meanwhile(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of slow work, behind a filler; raises TooSlow when it never comes."""
        task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
        self._unfinished.add(task)  # a thread cannot be stopped, whatever the caller does
        try:
            async with asyncio.timeout(self._turn_within.total_seconds()):
                patience = PATIENCE
                while not (await asyncio.wait({task}, timeout=patience.total_seconds()))[0]:
                    if self._filler:
                        await self._line.play(self._filler.sound)
                    patience = NEXT_FILLER
        except TimeoutError:
            raise TooSlow from None
        self._unfinished.discard(task)
        return task.result()
