"""People as they text: they read what the MT says, think, and answer; some of them make mistakes."""

import random
import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final

from conversations.media.gsm import fold
from gateway.demo.people import Person

INVITED: Final = re.compile(r"odpovezte pinem (\d{4} ?\d{4})")
OWN_GROUP: Final = re.compile(r"(\d) (?:\d\d az \d\d let|\d\d let a vice)")
DATES: Final = re.compile(r"\b(\d) (?:po|ut|st|ct|pa|so|ne) \d")

# Nothing to answer: it is done, or all there is to do is wait.
CLOSING: Final = ("registrace prijata", "tuto registraci uz mate", "mate termin", "terminy jsou ted obsazene")
AGREEING: Final = ("drzime vam", "souhlasi?", "opravdu?", "presne z karticky?")
SITES: Final = ("nejblizsi mista:", "dalsi mista:", "cislem mista")

MOST_REPLIES: Final = 40  # then even a robot gives up


class Style(Enum):
    """How somebody begins."""

    AT_ONCE = "everything in one message"
    STEP_BY_STEP = "REG and then what is asked"
    GREETING = "a greeting, as to a person"


@dataclass(frozen=True, slots=True)
class Reply:
    """An MO, and how long it takes to write it."""

    text: str = field(repr=False)
    after: timedelta


class Robot:
    """One person with a phone; ``begin`` once, then ``read`` every MT."""

    def __init__(self, person: Person, *, chance: random.Random) -> None:
        self.person = person
        self.style = chance.choices(list(Style), (6, 3, 1))[0]
        self._chance = chance
        self._pin: str | None = None
        self._patience = MOST_REPLIES
        self._writes_accents = chance.random() < 0.15
        self._errs = chance.random() < 0.12
        self._is_curious = chance.random() < 0.08

    def begin(self) -> Reply:
        """The first MO."""
        person = self.person
        match self.style:
            case Style.AT_ONCE:
                number = self._number()
                text = f"REG {number} {person.name} {person.insurer} {person.psc}"
            case Style.STEP_BY_STEP:
                text = self._chance.choice(("REG", "reg", "Registrace"))
            case Style.GREETING:
                text = self._chance.choice(
                    ("Dobrý den, chci se očkovat", "Dobrý den", "jak se prosím registruji")
                )
        return self._reply(text, (0, 1))

    def read(self, mt: str) -> Reply | None:
        """What is written back; None where nothing needs to be."""
        text = " ".join(fold(mt).lower().split())
        if self._patience <= 0:
            return None
        self._patience -= 1
        if invited := INVITED.search(text):
            self._pin = invited[1]
            return self._reply(self._pin, (4, 40))
        if "zase volno" in text and self._pin:
            return self._reply(self._pin, (4, 40))
        if any(words in text for words in CLOSING):
            return self._ask_status() if "registrace prijata" in text else None
        answer = self._answer(text)
        return None if answer is None else self._reply(answer, (2, 8))

    def _answer(self, text: str) -> str | None:
        if any(words in text for words in AGREEING):
            return self._chance.choice(("ANO", "ano", "Ano"))
        if numbers := DATES.findall(text):
            return str(self._chance.choice(numbers[:3]))
        if "skupina?" in text or "cislem skupiny" in text:
            own = OWN_GROUP.search(text)
            return own[1] if own else "0"
        if any(words in text for words in SITES):
            return self._mistake("to bližší") or self._chance.choices(("1", "2"), (9, 1))[0]
        return self._fact(text)

    def _fact(self, text: str) -> str | None:
        """What somebody knows about themselves."""
        person = self.person
        facts = {
            "odpovezte znovu": "ZNOVU",
            "mam pin": "1",
            "jmeno": person.name,
            "kod sve pojistovny": person.insurer,
            "kod pojistovny": person.insurer,
            "odpovezte kodem": person.insurer,
            "psc": person.psc,
            "cislo pojistence": None,
            "cislo znovu": None,
        }
        asked = next((words for words in facts if words in text), None)
        return None if asked is None else facts[asked] or self._number()

    def _number(self) -> str:
        """The insurance number; once in a while with a month that does not exist."""
        number = self.person.insurance_number
        if self._mistake("x"):
            return number[:2] + "99" + number[4:]
        return f"{number[:6]}/{number[6:]}" if self._chance.random() < 0.5 else number

    def _mistake(self, text: str) -> str | None:
        """Err, but only once."""
        if self._errs and self._chance.random() < 0.5:
            self._errs = False
            return text
        return None

    def _ask_status(self) -> Reply | None:
        if not self._is_curious:
            return None
        self._is_curious = False
        return self._reply("STAV", (5, 30))

    def _reply(self, text: str, seconds: tuple[float, float]) -> Reply:
        written = text if self._writes_accents else fold(text)
        return Reply(written, timedelta(seconds=self._chance.uniform(*seconds)))
