"""A call led document by document: what came back from the last one, and what is asked next."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from conversations.engine import COMMON
from conversations.events import Say
from conversations.library import Library
from conversations.media import IVR
from conversations.media.keypad import (
    DAY_KEYS,
    FOR_A_NUMBER,
    NONE,
    OPERATOR,
    STAR,
    Again,
    AnotherDay,
    Answer,
    Back,
    Meaning,
    Operator,
    Silence,
    is_consent,
    is_spoken,
    listening,
    read_day,
    read_keys,
    replies,
)
from conversations.session import DEFAULT_LANGUAGE, Session
from core.messages import Expected
from core.phones import Phone, parse_phone
from gateway.voice.call import (
    CALL,
    FOR_A_LANGUAGE,
    LANGUAGE_KEYS,
    LONGEST_NAME,
    MENU,
    MORE_KEY,
    MOST_FAILURES,
    MOST_PROOFS,
    NAME_ENDS,
)
from gateway.voice.proof import proof_of
from gateway.voice.sounds import Spoken, digest, sentences
from gateway.voice.turns import Turns
from gateway.voice.wave import says_nothing
from gateway.voicexml import documents
from gateway.voicexml.documents import Frame, How, Keys, Sentence
from gateway.voicexml.place import Place, Stage

UNREADABLE: Final = "#"  # what no question takes for an answer
_ANY_KEY: Final = "123456789"
_NUMBER: Final = re.compile(r"^(?:tel|sips?):([^@;]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the platform sent back; ``caller`` as the network names her, ``recording`` a WAV file."""

    how: How
    keys: str = field(default="", repr=False)
    caller: str = field(default="", repr=False)
    recording: bytes | None = field(default=None, repr=False)


class Calls:
    """Synchronous, and keeps nothing of a call: any process may answer any of its documents."""

    def __init__(
        self,
        turns: Turns,
        library: Library,
        *,
        seal: Callable[[Place], str],
        path: str,
        transfer_to: str,
        country: str,
        recorded: Path,
        recordings: Path,
    ) -> None:
        """``recorded`` holds sentences said by a person, ``recordings`` will hold what callers said."""
        self._turns = turns
        self._library = library
        self._seal = seal
        self._path = path
        self._transfer_to = transfer_to
        self._country = country
        self._recorded = recorded
        self._recordings = recordings

    def begin(self, place: Place) -> bytes:
        """The first document of a call."""
        return documents.start(self._frame(place))

    def lead(self, place: Place, sent: Sent) -> bytes:
        """The document that follows."""
        match sent.how:
            case How.HANGUP:
                self._turns.forget(place.address)
                return documents.gone()
            case How.OPERATOR:
                return self._to_operator(place)
            case How.BEGAN:
                return self._greet(place, sent.caller)
            case How.AGAIN:
                return self._ask(place)
            case How.KEYS | How.NO_MATCH | How.SILENCE:
                return self._filled(place, sent)

    def _filled(self, place: Place, sent: Sent) -> bytes:
        match place.stage:
            case Stage.START | Stage.GREETING:
                return self._choose_language(place, sent.keys)
            case Stage.PROOF:
                return self._prove(place, sent.keys)
            case Stage.QUESTION | Stage.DAY:
                return self._answer(place, sent)
            case Stage.CLOSING:
                return self._go_on(place, sent.keys)

    # Beginnings

    def _greet(self, place: Place, caller: str) -> bytes:
        """Say hello, and let the language be chosen."""
        found = _NUMBER.match(caller)
        reading = parse_phone(found[1] if found else caller, self._country)
        phone = reading.e164 if isinstance(reading, Phone) else None
        session = self._session(phone)
        language = session.language if session.language in self._offered else DEFAULT_LANGUAGE
        place = place.at(Stage.GREETING, phone=phone, language=language)
        others = {key: each for key, each in LANGUAGE_KEYS.items() if each in self._offered - {language}}
        said = self._own(place, "greeting")
        for each in sorted(others.values()):
            said += self._own(place, "language", each)
        keys = Keys((*others, OPERATOR), wait=FOR_A_LANGUAGE)
        return documents.greet(self._frame(place), said, keys)

    @property
    def _offered(self) -> set[str]:
        return set(LANGUAGE_KEYS.values()) & self._library.languages.keys()

    def _session(self, phone: str | None) -> Session:
        """Where the owner of a phone stands; whether it is she who calls is another question."""
        return self._turns.begin(Place.of_phone(phone)) if phone else Session.new()

    def _choose_language(self, place: Place, keys: str) -> bytes:
        if keys == OPERATOR:
            return self._to_operator(place)
        place = replace(place, language=LANGUAGE_KEYS.get(keys, place.language))
        proof = proof_of(self._session(place.phone))
        if proof is None:
            self._turns.forget_proof(Place.of_phone(place.phone or ""))
            return self._open(replace(place, is_proven=True))
        if self._turns.is_blocked(Place.of_phone(place.phone or "")):
            return self._open(place)
        place = place.at(Stage.PROOF)
        return self._ask_proof(place, self._own(place, proof.block), len(proof.keys))

    def _prove(self, place: Place, keys: str) -> bytes:
        """Whoever goes on where another call broke off shows that she is the same person."""
        if keys == OPERATOR:
            return self._to_operator(place)
        proof = proof_of(self._session(place.phone))
        if proof is None:
            return self._open(replace(place, failures=0))
        if keys == proof.keys:
            return self._open(replace(place, is_proven=True), self._own(place, "resumed"))
        said = self._own(place, proof.block)
        if keys and not keys.strip(STAR):
            return self._ask_proof(place, said, len(proof.keys))
        if keys:
            self._turns.wrong_proof(Place.of_phone(place.phone or ""))
        if not keys or place.failures + 1 >= MOST_PROOFS:
            return self._open(replace(place, failures=0))
        place = replace(place, failures=place.failures + 1)
        return self._ask_proof(place, [*self._own(place, "unproven"), *said], len(proof.keys))

    def _ask_proof(self, place: Place, said: Sequence[Sentence], most: int) -> bytes:
        return documents.question(
            self._frame(place),
            said,
            Keys(most=most, wait=FOR_A_NUMBER),
            unheard=self._own(place, "unheard"),
            gave_up=self._own(place, "gave_up"),
        )

    def _open(self, place: Place, before: Sequence[Sentence] = ()) -> bytes:
        """The open question of the session, else the menu."""
        return self._take(place, self._library.languages[place.language][0], before=before)

    # From question to question

    def _answer(self, place: Place, sent: Sent) -> bytes:
        return self._open(place) if place.expects is None else self._heard(place, place.expects, sent)

    def _heard(self, place: Place, expects: Expected, sent: Sent) -> bytes:
        match self._meaning(place, expects, sent):
            case Operator():
                return self._to_operator(place)
            case AnotherDay():
                return self._ask(place.at(Stage.DAY))
            case Again():
                return self._ask(place.at(Stage.QUESTION))
            case Silence():
                return self._ask_unheard(place)
            case Back(text=text):
                return self._take(replace(place, failures=0), text)
            case Answer(text=text, at_step=at_step):
                return self._take(place, text, at_step)

    def _meaning(self, place: Place, expects: Expected, sent: Sent) -> Meaning:
        if sent.how is How.NO_MATCH:
            return Answer(UNREADABLE, expects.at)
        if is_spoken(expects) and sent.recording is not None:
            if says_nothing(sent.recording):
                return Silence()
            return Answer(f"Nahrávka {self._keep(place, sent.recording)}", expects.at)
        read = read_day if place.stage is Stage.DAY else read_keys
        return read(expects, sent.keys, is_ended=False)

    def _keep(self, place: Place, wav: bytes) -> int:
        """Keep what was spoken for the desk to write down; the number of the recording."""
        self._recordings.mkdir(parents=True, exist_ok=True, mode=0o700)
        sound = (self._recordings / f"{place.turn}.wav").resolve()
        sound.write_bytes(wav)
        return self._turns.recorded(place.address, str(sound.with_suffix("")))

    def _take(
        self, place: Place, text: str, at_step: str | None = None, *, before: Sequence[Sentence] = ()
    ) -> bytes:
        """A turn, and the document with what the dialogue says to it."""
        answered = self._turns.answer(place.address, text, turn=place.turn, at_step=at_step, heard=())
        if not answered.mts:  # it was answered before, and the document was lost on its way
            again = self._library.languages[place.language][0]
            turn = f"{place.turn}.{secrets.token_hex(4)}"
            answered = self._turns.answer(place.address, again, turn=turn, at_step=None, heard=())
        self._turns.heard(answered.mts)
        was_asked = place.expects and answered.expects and answered.expects.at == place.expects.at
        failures = place.failures + 1 if was_asked and at_step else 0
        place = place.at(
            Stage.QUESTION,
            text=answered.text,
            expects=answered.expects,
            taken=place.taken + 1,
            failures=failures,
        )
        if failures >= MOST_FAILURES:
            return self._to_operator(place, self._own(place, "gave_up"))
        if answered.expects is not None:
            return self._ask(place, before)
        said = self._said(place)
        return self._offer(place, said) if answered.is_over else self._to_operator(place, said)

    def _ask_unheard(self, place: Place) -> bytes:
        """Nothing was said or pressed; the third time a person shall answer."""
        failures = place.failures + 1
        if failures >= MOST_FAILURES:
            return self._to_operator(place, self._own(place, "gave_up"))
        return self._ask(place.at(Stage.QUESTION, failures=failures), self._own(place, "unheard"))

    def _ask(self, place: Place, before: Sequence[Sentence] = ()) -> bytes:
        """The open question."""
        expects = place.expects
        if expects is None:
            return self._open(place)
        frame, unheard, gave_up = (
            self._frame(place),
            self._own(place, "unheard"),
            self._own(place, "gave_up"),
        )
        said = [*before, *self._said(place)]
        if is_spoken(expects):
            return documents.record(
                frame, said, longest=LONGEST_NAME, silence=NAME_ENDS, unheard=unheard, gave_up=gave_up
            )
        keys = _keys(expects)
        if place.stage is Stage.DAY:
            said, keys = self._own(place, "another_day"), Keys(most=DAY_KEYS, wait=FOR_A_NUMBER)
        return documents.question(
            frame, said, keys, unheard=unheard, gave_up=gave_up, may_interrupt=not is_consent(expects)
        )

    # Endings

    def _offer(self, place: Place, said: Sequence[Sentence]) -> bytes:
        place = place.at(Stage.CLOSING, text="", expects=None)
        return documents.offer(
            self._frame(place),
            [*said, *self._own(place, "anything_else")],
            Keys((MORE_KEY, OPERATOR), wait=FOR_A_LANGUAGE),
            goodbye=self._own(place, "goodbye"),
        )

    def _go_on(self, place: Place, keys: str) -> bytes:
        match keys:
            case "1":
                return self._take(place, MENU)
            case "0":
                return self._to_operator(place)
            case _:
                return documents.goodbye(self._frame(place), self._own(place, "goodbye"))

    def _to_operator(self, place: Place, said: Sequence[Sentence] = ()) -> bytes:
        """The dialogue knows of it; its words, or others that say why, are said first."""
        answered = self._turns.answer(
            place.address, Operator().text, turn=f"{place.turn}.operator", at_step=None, heard=()
        )
        self._turns.heard(answered.mts)
        return documents.to_operator(self._frame(place), said)

    # Words

    def _frame(self, place: Place) -> Frame:
        return Frame(
            self._seal(place),
            place.language,
            self._path,
            self._transfer_to,
            operator=self._sentences(
                self._library.words.render(Say(COMMON, "operator", place.language, {}), IVR), place.language
            ),
            unreachable=self._own(place, "no_operator"),
        )

    def _said(self, place: Place) -> list[Sentence]:
        return self._sentences(place.text, place.language)

    def _own(self, place: Place, block: str, language: str = "") -> list[Sentence]:
        """The words of every call on the hotline."""
        language = language or place.language
        return self._sentences(self._library.words.render(Say(CALL, block, language, {}), IVR), language)

    def _sentences(self, text: str, language: str) -> list[Sentence]:
        return [Sentence(each.text, language, self._sound(each)) for each in sentences(text, language)]

    def _sound(self, spoken: Spoken) -> str | None:
        """Where a sentence is that a person has recorded."""
        name = f"{spoken.language}/{digest(spoken)}.wav"
        return f"{self._path}/{name}" if (self._recorded / name).exists() else None


def _keys(expects: Expected) -> Keys:
    """What the grammar of a question takes."""
    how = listening(expects)
    if how.most > 1:
        return Keys(most=how.most, wait=how.wait)
    offered = [*replies(expects), *([NONE] if "day" in expects.fields else [])] or _ANY_KEY
    return Keys((*offered, OPERATOR), wait=how.wait)
