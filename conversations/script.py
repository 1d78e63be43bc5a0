"""A dialogue as data: steps of five kinds, read from TOML; no wording and no medium in it."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from conversations.events import Expect

YES, NO, PICKED, MORE, OTHER_DAY, NONE_OF_THEM = "yes", "no", "picked", "more", "other_day", "none_of_them"
READ_BRANCHES: Final = frozenset({YES, NO, PICKED, MORE, OTHER_DAY, NONE_OF_THEM})
DEFAULT_GIVE_UP: Final = "hotline"
INTO_DIALOGUE: Final = "@"  # "@reservation": the first step of that dialogue


class UnusableScript(Exception):
    """A script cannot be read; the message says where and what is wrong."""


class Field(StrEnum):
    """What a person may be asked for."""

    INSURANCE_NUMBER = "insurance_number"
    NAME = "name"
    INSURER = "insurer"
    PSC = "psc"
    EMAIL = "email"
    PIN = "pin"
    DIGITS = "digits"  # the last four of the insurance number
    CODE = "code"  # from an employer or a physician
    REFERRAL = "referral"  # the number of a physician's referral
    PHONE = "phone"
    PIN1 = "pin1"  # told by SMS to a phone that is to be proven


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    name: str
    segments: int = 1  # its words cost at most so many, with the longest values
    forget: tuple[str, ...] = ()  # answers dropped on coming here
    have: Mapping[str, str] = field(default_factory=dict)  # answer -> where to go at once if it is there
    needs: tuple[str, ...] = ()  # answers without which one begins again, asked only for what is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell(_Step):
    """Say it and go on."""

    next: str

    @property
    def targets(self) -> tuple[str, ...]:
        """Where it may lead."""
        return (*self.have.values(), self.next)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(_Step):
    """Ask for one or more fields; what is known already is not asked again."""

    ask: tuple[Field, ...]
    next: str
    no: str = ""  # where "nemám" leads, if it is an answer
    give_up: str = DEFAULT_GIVE_UP
    back: str = ""  # where ZPĚT leads, if not to the question before

    @property
    def targets(self) -> tuple[str, ...]:
        return (*self.have.values(), self.next, *(each for each in (self.no, self.back) if each))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(_Step):
    """Offer options: those of a verb's outcome, a fixed menu, or yes and no."""

    choose: Mapping[str, str]  # branch -> target
    options_from: str = ""  # the ``do`` step whose outcome has the options; ZPĚT asks it again
    into: str = ""  # the answer that gets what was picked
    takes: tuple[Field, ...] = ()  # may come with the answer: "ANO jan@novak.cz"
    give_up: str = DEFAULT_GIVE_UP
    back: str = ""

    @property
    def menu(self) -> tuple[str, ...]:
        """The branches that are options themselves, in the order of their numbers."""
        return tuple(branch for branch in self.choose if branch not in READ_BRANCHES)

    @property
    def expects(self) -> Expect:
        return Expect.YES_NO if YES in self.choose else Expect.CHOICE

    @property
    def targets(self) -> tuple[str, ...]:
        return (*self.have.values(), *self.choose.values(), *([self.back] if self.back else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Do(_Step):
    """Ask the core for something and go where the outcome leads."""

    do: str
    on: Mapping[str, str]  # outcome -> target
    keep: tuple[str, ...] = ()  # values of the outcome that become answers

    @property
    def targets(self) -> tuple[str, ...]:
        return (*self.have.values(), *self.on.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class End(_Step):
    """Say it; the dialogue is over."""

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.have.values())


Step: TypeAlias = Tell | Ask | Choose | Do | End
Question: TypeAlias = Ask | Choose


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One dialogue."""

    name: str
    version: int
    start: str
    steps: Mapping[str, Step]
    keywords: Mapping[str, tuple[str, ...]]  # language, or "any" -> words and phrases that start it
    opened_by: tuple[Field, ...] = ()  # a message with one of these needs no keyword
    needs_phone: bool = False  # nobody comes in before the phone is proven; some channels prove it themselves
    is_aside: bool = False  # a look at something: what was under way goes on afterwards
    hears_idle: bool = False  # begins with a yes or no that answers no open question, as the answer ``idle``
    takes: tuple[Field, ...] = ()  # fields any answer may carry, asked for or not
    renamed: Mapping[str, str] = field(default_factory=dict)  # a step's old name -> its name now
    borrows: tuple[str, ...] = ()  # dialogues whose words serve for steps of the same name

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field a message may fill, without repetition."""
        asked = (asked for step in self.steps.values() if isinstance(step, Ask) for asked in step.ask)
        return tuple(dict.fromkeys((*asked, *self.takes)))

    def resting(self, name: str) -> "Question | Do | None":
        """The step where a session stands, by its name today; None if the script has lost it."""
        step = self.steps.get(name) or self.steps.get(self.renamed.get(name, ""))
        return step if isinstance(step, Question | Do) else None  # no session rests at the others

    def claimed(self) -> Iterator[tuple[str, str]]:
        """Each keyword with its language."""
        return ((word, language) for language, words in self.keywords.items() for word in words)


_KINDS: Final[Mapping[str, Callable[..., Step]]] = {
    "tell": Tell,
    "ask": Ask,
    "choose": Choose,
    "do": Do,
    "end": End,
}
_FIELDS: Final = frozenset({"ask", "takes", "opened_by"})
_TUPLES: Final = frozenset({"forget", "keep", "needs"}) | _FIELDS


def read_script(text: str) -> Script:
    """Read one script; raises UnusableScript. Whether it makes sense, the lint says."""
    try:
        raw = tomllib.loads(text)
        name = str(raw["dialogue"])
        steps = {step: _step(step, dict(body)) for step, body in raw["step"].items()}
        return Script(
            name=name,
            version=int(raw["version"]),
            start=raw["start"],
            steps=steps,
            keywords={language: tuple(words) for language, words in raw.get("keywords", {}).items()},
            opened_by=tuple(map(Field, raw.get("opened_by", ()))),
            takes=tuple(map(Field, raw.get("takes", ()))),
            needs_phone=bool(raw.get("needs_phone", False)),
            is_aside=bool(raw.get("aside", False)),
            hears_idle=bool(raw.get("hears_idle", False)),
            renamed=dict(raw.get("renamed", {})),
            borrows=tuple(map(str, raw.get("borrows", ()))),
        )
    except UnusableScript:
        raise
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise UnusableScript(f"the script cannot be read: {wrong!r}") from wrong


def _step(name: str, body: dict[str, Any]) -> Step:
    kinds = [kind for kind in _KINDS if kind in body]
    if len(kinds) != 1:
        kinds_said = " and ".join(kinds) or "of no kind"
        raise UnusableScript(f"step {name} is {kinds_said}, and not one of {', '.join(_KINDS)}")
    kind = kinds[0]
    if kind in ("tell", "end") and body.pop(kind) is not True:
        raise UnusableScript(f"step {name}: {kind} = true, the words are in the templates")
    for key in _TUPLES & body.keys():
        if not isinstance(body[key], list):
            raise UnusableScript(f"step {name}: {key} is a list")
        body[key] = tuple(map(Field if key in _FIELDS else str, body[key]))
    try:
        return _KINDS[kind](name=name, **body)
    except TypeError as wrong:
        raise UnusableScript(f"step {name}: {wrong}") from wrong
