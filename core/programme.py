"""A programme of vaccination: which groups may register, from when, and in what order they are invited."""

import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_KEY: Final = re.compile(r"[a-z0-9_]+")


class UnusableProgramme(Exception):
    """The programme's configuration contradicts itself; the message says where."""


class Proof(StrEnum):
    """How somebody shows that they belong to a group."""

    NONE = "none"
    NRZP = "nrzp"
    """Found in the register of health workers."""
    CODE = "code"
    """A code from the employer or the physician."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some people who may register; ``opens_at`` is aware, None means not decided yet."""

    key: str
    score: int
    proof: Proof
    opens_at: datetime | None
    closes_at: datetime | None
    ages: tuple[int, int | None] | None
    """From and up to and including; None for an occupation or an illness."""
    labels: Mapping[str, str]

    def is_open(self, now: datetime) -> bool:
        """Say whether the group may register at this moment."""
        has_begun = self.opens_at is not None and self.opens_at <= now
        return has_begun and (self.closes_at is None or now < self.closes_at)

    def has_age(self, age: int) -> bool:
        """Say whether somebody is in the group by age alone."""
        if self.ages is None:
            return False
        youngest, oldest = self.ages
        return youngest <= age and (oldest is None or age <= oldest)

    def label(self, language: str) -> str:
        """Name the group for people; Czech where the language is missing."""
        return self.labels.get(language) or self.labels["cs"]


@dataclass(frozen=True, slots=True)
class Programme:
    """All groups, the highest score first."""

    zone: ZoneInfo
    youngest_worker: int
    groups: tuple[Group, ...]

    def group(self, key: str) -> Group | None:
        return next((g for g in self.groups if g.key == key), None)


def load_programme(text: str) -> Programme:
    """Read ``programme.toml``; times in it are local.

    Raises UnusableProgramme.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise UnusableProgramme(f"The programme cannot be read: {wrong}") from wrong
    _keys_are(raw, needed={"zone", "youngest_worker", "group"}, where="the programme")
    if not isinstance(raw["group"], list) or not all(isinstance(g, dict) for g in raw["group"]):
        raise UnusableProgramme("Write each group of the programme under a line [[group]]")
    try:
        zone = ZoneInfo(raw["zone"])
    except (ZoneInfoNotFoundError, TypeError, ValueError) as wrong:
        raise UnusableProgramme(f"zone {raw['zone']!r} is no time zone, such as Europe/Prague") from wrong
    groups = [_group(g, zone, f"group {g.get('key', number)}") for number, g in enumerate(raw["group"], 1)]
    youngest = _number(raw["youngest_worker"], "youngest_worker", "the programme")
    programme = Programme(zone, youngest, tuple(sorted(groups, key=lambda g: -g.score)))
    _check(programme)
    return programme


def groups_open(programme: Programme, *, now: datetime) -> list[Group]:
    """Name the groups that may register now, the highest score first."""
    return [g for g in programme.groups if g.is_open(now)]


def age(birth_date: date, on: date) -> int:
    """Count full years; somebody born on 29 February is a year older on 1 March."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def group_of_age(programme: Programme, birth_date: date, now: datetime) -> Group | None:
    """Name the group somebody is in by age alone, open or not."""
    years = age(birth_date, now.astimezone(programme.zone).date())
    return next((g for g in programme.groups if g.has_age(years)), None)


def choices_for(programme: Programme, birth_date: date, now: datetime) -> list[Group]:
    """Name the open groups worth asking about, the highest score first.

    One group by age and nothing else means that there is nothing to ask: the age decides. A group that would
    put somebody no further forward than their age does is not offered. Empty: not yet.
    """
    mine = group_of_age(programme, birth_date, now)
    floor = mine.score if mine and mine.is_open(now) else -1
    works = age(birth_date, now.astimezone(programme.zone).date()) >= programme.youngest_worker
    return [
        g
        for g in groups_open(programme, now=now)
        if g is mine or (g.ages is None and works and g.score > floor)
    ]


def is_asked(choices: list[Group]) -> bool:
    """Say whether a person has to be asked which of these groups is theirs."""
    return len(choices) > 1 or any(g.ages is None for g in choices)


def score(programme: Programme, key: str) -> int:
    """Give a group's score; 0 for a group that the programme does not know any more."""
    group = programme.group(key)
    return group.score if group else 0


def _group(raw: Mapping[str, Any], zone: ZoneInfo, where: str) -> Group:
    _keys_are(
        raw,
        needed={"key", "score", "proof", "label"},
        allowed={"ages", "opens_at", "closes_at"},
        where=where,
    )
    if not isinstance(raw["key"], str) or not _KEY.fullmatch(raw["key"]):
        raise UnusableProgramme(f"The key of {where} must be small letters, digits and _")
    if not isinstance(raw["label"], dict) or "cs" not in raw["label"]:
        raise UnusableProgramme(f"{where} has no label.cs, its name for people")
    if raw["proof"] not in list(Proof):
        raise UnusableProgramme(f"{where}: proof {raw['proof']!r} is none of {', '.join(Proof)}")
    return Group(
        key=raw["key"],
        score=_number(raw["score"], "score", where),
        proof=Proof(raw["proof"]),
        opens_at=_moment(raw.get("opens_at"), zone, f"{where}: opens_at"),
        closes_at=_moment(raw.get("closes_at"), zone, f"{where}: closes_at"),
        ages=_ages(raw.get("ages"), where),
        labels=MappingProxyType({language: str(label) for language, label in raw["label"].items()}),
    )


def _keys_are(
    raw: Mapping[str, Any], *, needed: Set[str], allowed: Set[str] = frozenset(), where: str
) -> None:
    """Refuse what is missing, and what is not known: a mistyped opens_at keeps a group closed for ever."""
    if missing := sorted(needed - raw.keys()):
        raise UnusableProgramme(f"{where} lacks {', '.join(missing)}")
    for key in sorted(raw.keys() - needed - allowed):
        near = get_close_matches(key, needed | allowed, n=1)
        raise UnusableProgramme(
            f"{where}: {key} is not known" + (f"; did you mean {near[0]}?" if near else "")
        )


def _number(value: object, name: str, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UnusableProgramme(f"{where}: {name} {value!r} is not a whole number from 0 up")
    return value


def _ages(value: object, where: str) -> tuple[int, int | None] | None:
    match value:
        case None:
            return None
        case [int(youngest)]:
            return youngest, None
        case [int(youngest), int(oldest)] if youngest <= oldest:
            return youngest, oldest
        case _:
            raise UnusableProgramme(
                f"{where}: ages {value!r} is neither [from] nor [from, to], in full years"
            )


def _moment(value: object, zone: ZoneInfo, where: str) -> datetime | None:
    match value:
        case None:
            return None
        case datetime(tzinfo=None):
            return value.replace(tzinfo=zone)
        case datetime():
            return value
        case date():
            return datetime.combine(value, time(), zone)
        case _:
            raise UnusableProgramme(
                f"{where} {value!r} is neither a date nor a time; write 2021-01-15T08:00:00, without quotes"
            )


def _check(programme: Programme) -> None:
    keys = [g.key for g in programme.groups]
    if twice := {k for k in keys if keys.count(k) > 1}:
        raise UnusableProgramme(f"Two groups share the key {', '.join(sorted(twice))}")
    by_age = [g for g in programme.groups if g.ages]
    for years in range(121):
        if len(both := [g.key for g in by_age if g.has_age(years)]) > 1:
            raise UnusableProgramme(f"Somebody aged {years} is in two groups: {', '.join(both)}")
    for g in programme.groups:
        if g.opens_at and g.closes_at and g.closes_at <= g.opens_at:
            raise UnusableProgramme(f"Group {g.key} closes before it opens")
