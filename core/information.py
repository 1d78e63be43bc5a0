"""What people are told who ask for information: texts with the days they hold, for a place or for all."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from core.geography import Postcode, Postcodes, nuts3, region_names
from core.services import LANGUAGES

MOST_TEXT: Final = 230  # characters, as the price of a message is reckoned with them
_PLACES: Final = ("psc", "district", "region")  # the nearest first
_KNOWN: Final = frozenset({"from", "until", "heard", *_PLACES, *LANGUAGES})

Words: TypeAlias = Mapping[str, str]


class UnusableInformation(Exception):
    """The texts cannot be used; the message says which one and what to mend."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text; ``words`` and ``heard`` are by language, and Czech is always there."""

    number: int
    """Its place in the file, from 1."""
    since: date
    until: date | None
    """Its last day; None: for good."""
    words: Words
    heard: Words
    place: str = ""
    """One of psc, district and region; empty: the whole country."""
    codes: frozenset[str] = frozenset()

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)

    def is_for(self, home: Postcode) -> bool:
        codes = {"psc": home.psc, "district": home.district, "region": nuts3(home.district)}
        return bool(self.place) and codes[self.place] in self.codes

    def said(self, language: str) -> str:
        return self.words.get(language, self.words["cs"])

    def spoken(self, language: str) -> str:
        return self.heard.get(language) or self.said(language)


@dataclass(frozen=True, slots=True)
class Information:
    """Every text, in the order of the file."""

    texts: tuple[Text, ...] = ()

    def national(self, on: date) -> Text | None:
        """What holds for the whole country that day; the one that began last."""
        return max(
            (each for each in self.texts if not each.place and each.holds(on)),
            key=lambda each: (each.since, each.number),
            default=None,
        )

    def local(self, home: Postcode, on: date) -> list[Text]:
        """What holds there that day besides, the nearest first, and of the same place the latest."""
        found = [each for each in self.texts if each.is_for(home) and each.holds(on)]
        latest = sorted(found, key=lambda each: (each.since, each.number), reverse=True)
        return sorted(latest, key=lambda each: _PLACES.index(each.place))


NO_TEXTS: Final = Information()


def load_information(text: str) -> Information:
    """Read ``information.toml``; raises UnusableInformation."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise UnusableInformation(f"it is not TOML: {wrong}") from wrong
    tables = raw.pop("text", [])
    if raw or not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise UnusableInformation("write each text under a line [[text]], and nothing else")
    return Information(tuple(_text(each, number) for number, each in enumerate(tables, 1)))


def doubts(information: Information, postcodes: Postcodes, *, today: date) -> Iterator[str]:
    """What to mend: words that lack or cost too much, days that are over or meet, places unheard of."""
    for each in information.texts:
        yield from (f"text {each.number}: {doubt}" for doubt in _doubts(each, postcodes, today))
    for one, other in combinations(information.texts, 2):
        shared = one.codes & other.codes
        if one.place == other.place and (shared or not one.place) and _meet(one, other):
            where = ", ".join(sorted(shared)) or "the whole country"
            yield f"texts {one.number} and {other.number} hold on the same days for {where}"
    if information.national(today) is None:
        yield "no text holds for the whole country today"


def _doubts(text: Text, postcodes: Postcodes, today: date) -> Iterator[str]:
    if text.until and text.until < today:
        yield f"it ended on {text.until}; take it out"
    for language in LANGUAGES:
        if language not in text.words:
            yield f"it has no words in {language}; people are told them in Czech"
        for kind, words in (("", text.words), (" to be heard", text.heard)):
            if (length := len(words.get(language, ""))) > MOST_TEXT:
                yield f"its words in {language}{kind} have {length} characters, at most {MOST_TEXT} may"
    known = {"psc": postcodes.by_psc, "district": postcodes.districts, "region": region_names(postcodes)}
    for code in sorted(text.codes - known.get(text.place, {}).keys()):
        yield f"there is no {text.place} {code}"


def _meet(one: Text, other: Text) -> bool:
    return one.holds(other.since) or other.holds(one.since)


def _text(raw: Mapping[str, Any], number: int) -> Text:
    def refuse(what: str) -> UnusableInformation:
        return UnusableInformation(f"text {number}: {what}")

    if unknown := sorted(raw.keys() - _KNOWN):
        raise refuse(f"it says {', '.join(unknown)}, which nobody knows")
    since, until = raw.get("from"), raw.get("until")
    if type(since) is not date or not (until is None or type(until) is date):
        raise refuse("write from (and until) as a day, such as from = 2021-01-15, without quotes")
    if until is not None and until < since:
        raise refuse(f"it ends on {until}, before it begins")
    places = [place for place in _PLACES if place in raw]
    if len(places) > 1:
        raise refuse(f"it is for {' and '.join(places)}; write one of them")
    codes = raw[places[0]] if places else []
    codes = codes if isinstance(codes, list) else [codes]
    if places and not (codes and all(isinstance(code, str) for code in codes)):
        raise refuse(f'write {places[0]} as "CODE", or ["CODE", "CODE"]')
    heard = raw.get("heard", {})
    if not isinstance(heard, dict) or heard.keys() - set(LANGUAGES):
        raise refuse(f"heard has words by language: {', '.join(LANGUAGES)}")
    words = {language: raw[language] for language in LANGUAGES if language in raw}
    if not all(isinstance(said, str) and said.strip() for said in (*words.values(), *heard.values())):
        raise refuse("its words are empty, or no text in quotes")
    if "cs" not in words:
        raise refuse("it has no words in cs")
    return Text(
        number,
        since,
        until,
        _one_line(words),
        _one_line(heard),
        places[0] if places else "",
        frozenset("".join(code.split()) for code in codes),
    )


def _one_line(words: Mapping[str, str]) -> Words:
    return MappingProxyType({language: " ".join(said.split()) for language, said in words.items()})
