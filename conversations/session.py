"""An address's place in a dialogue, and only that; plain JSON so that it survives restarts and releases."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

Plain: TypeAlias = str | int | float | bool | list[Any] | dict[str, Any] | None
Option: TypeAlias = Mapping[str, Any]  # always with a ``value``; what else it has, the words need

DEFAULT_LANGUAGE: Final = "cs"
SESSION_LASTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Session:
    """Where an address stands: script, version and step, what it has answered and what the core has said.

    ``facts`` keeps the last outcome of every verb under the verb's name, its own name under ``outcome``,
    and the options that were picked under ``chosen``.
    Answers hold insurance numbers and PINs: keep a stored session as safe as a registration.
    """

    language: str = DEFAULT_LANGUAGE
    dialogue: str = ""  # none: nothing was begun, or it is over
    version: int = 0
    step: str = ""
    answers: Mapping[str, Plain] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Plain]] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    tries: int = 0  # answers in a row that could not be read
    history: tuple[str, ...] = ()  # questions asked, the open one last
    page: int = 0
    paused: Mapping[str, Any] = field(
        default_factory=dict
    )  # what an aside interrupted, as ``to_json`` gives it

    @classmethod
    def new(cls, language: str = DEFAULT_LANGUAGE) -> "Session":
        """The session of an address we have not met."""
        return cls(language=language)

    @property
    def is_open(self) -> bool:
        """A dialogue is under way."""
        return bool(self.dialogue)

    @property
    def at(self) -> str:
        """The question that is open, as a button remembers it: another one when anything was learnt since.

        The mark is too short to tell anything of what it is made from.
        """
        known = json.dumps([self.answers, self.facts, self.options], sort_keys=True, default=dict)
        return f"{self.dialogue}.{self.step}:{zlib.crc32(known.encode()) & 0xFFFF:x}"

    def over(self) -> "Session":
        """Nothing is under way; the language stays."""
        return Session(language=self.language)

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is empty is left out."""
        every = {
            "language": self.language,
            "dialogue": self.dialogue,
            "version": self.version,
            "step": self.step,
            "answers": dict(self.answers),
            "facts": {verb: dict(values) for verb, values in self.facts.items()},
            "options": [dict(option) for option in self.options],
            "tries": self.tries,
            "history": list(self.history),
            "page": self.page,
            "paused": dict(self.paused),
        }
        return {name: value for name, value in every.items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Session":
        """Read what ``to_json`` wrote; names it does not know are left out."""
        known = {name: value for name, value in stored.items() if name in cls.__slots__}
        session = cls(**known)
        return replace(session, options=tuple(session.options), history=tuple(session.history))

    @classmethod
    def resume(cls, stored: Mapping[str, Any], moved_at: datetime, *, now: datetime) -> "Session":
        """A stored session as it counts now: one that has rested too long is over."""
        session = cls.from_json(stored)
        return session if now - moved_at < SESSION_LASTS else session.over()
