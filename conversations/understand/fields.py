"""Several answers in one message, in any order: what is in it, and what is left.

``REG 405123123 Jan Novak 58601`` (without REG) fills a number, a name and a PSČ. Two candidates for one
field fill it with neither.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from conversations.understand import field_words as fw
from conversations.understand.field_words import Field
from conversations.understand.names import Word, find_names
from conversations.understand.numbers import Found, share_out
from conversations.understand.text import plain

__all__ = ["Field", "Scan", "scan"]

_EMAIL: Final = re.compile(
    r"(?<![\w.+@-])(?P<local>\w[\w.+-]{0,63}) ?@ ?"
    r"(?P<domain>(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})(?![\w@])",
    re.ASCII,
)
_HAS_AT: Final = re.compile(r"\S*@\S*")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’ʼ`-][^\W\d_]+)*")
_BEFORE_NUMBER: Final = re.compile(r"[\s.:=#-]*")
_HIDDEN: Final = "\x00"
_EDGES: Final = " \n,;:.-/"


@dataclass(frozen=True, slots=True)
class Scan:
    """The fields one message fills; those it fills twice; and what none of them took."""

    found: Mapping[Field, str]
    rest: str
    ambiguous: frozenset[Field]


@dataclass(frozen=True, slots=True)
class _Phrase:
    means: str
    words: tuple[Word, ...]


def _phrases(tables: Iterable[tuple[str, Iterable[str]]]) -> dict[tuple[str, ...], str]:
    return {tuple(said.split()): means for means, table in tables for said in table}


_MANNERS: Final = "manners"
_TITLE: Final = "title"
_AFTER_A_NAME: Final = "after a name"
_KNOWN: Final = (
    _phrases(fw.LABELS.items())
    | _phrases(fw.INSURERS.items())
    | _phrases(((_MANNERS, fw.MANNERS), (_TITLE, fw.TITLES), (_AFTER_A_NAME, fw.AFTER_A_NAME)))
    | {fw.PHD: _TITLE}
)
_LONGEST: Final = max(map(len, _KNOWN))


def scan(text: str, *, wanted: Collection[Field], knows_psc: Callable[[str], bool] | None = None) -> Scan:
    """Read the wanted fields of one message.

    The values: ``INSURANCE_NUMBER`` as it was typed, for the core to judge; ``INSURER`` its code; ``PSC``
    five digits that ``knows_psc`` knows; ``PHONE`` without spaces, with + and country if typed;
    ``NAME`` with capitals and without titles, in the order it was typed; ``EMAIL``.
    """
    text = _tidy(text)
    found: dict[Field, list[Found]] = {field: [] for field in Field}
    ambiguous: set[Field] = set()

    found[Field.EMAIL] = [
        Found(f"{match['local']}@{match['domain'].lower()}", *match.span()) for match in _EMAIL.finditer(text)
    ]
    open_text = _HAS_AT.sub(_hide, _EMAIL.sub(_hide, text))

    words = [Word(m[0], *m.span(), plain(m[0])) for m in _WORD.finditer(open_text)]
    phrases, unexplained = _read_phrases(words)
    found[Field.INSURER] = [
        Found(phrase.means, phrase.words[0].begin, phrase.words[-1].end)
        for phrase in phrases
        if phrase.means in fw.INSURER_CODES
    ]

    labels = _labels(open_text, phrases)
    certain, unclear = share_out(open_text, wanted=wanted, labels=labels, knows_psc=knows_psc)
    ambiguous |= unclear
    for field, value in certain.items():
        found[field].append(value)

    titles = [word for phrase in phrases if phrase.means == _TITLE for word in phrase.words]
    announced = [word for phrase in phrases if phrase.means == Field.NAME for word in phrase.words]
    names = find_names(open_text, unexplained, titles=titles, labels=announced)
    found[Field.NAME] = [Found(name, begin, end) for name, begin, end in names]

    filled: dict[Field, str] = {}
    taken = [
        (word.begin, word.end) for phrase in phrases if phrase.means == _MANNERS for word in phrase.words
    ]
    for field in wanted:
        values = {plain(value.value): value.value for value in found[field]}
        if len(values) > 1:
            ambiguous.add(field)
        elif values and field not in ambiguous:
            (filled[field],) = values.values()
            taken += [(value.begin, value.end) for value in found[field]]
    explaining = {*filled, *((_TITLE,) if Field.NAME in filled else ())}
    taken += [(w.begin, w.end) for phrase in phrases if phrase.means in explaining for w in phrase.words]
    return Scan(filled, _without(text, taken), frozenset(ambiguous))


def _tidy(text: str) -> str:
    lines = unicodedata.normalize("NFKC", text).splitlines()
    visible = (
        "".join(" " if c in "\t\x00" else c for c in line if unicodedata.category(c) != "Cf")
        for line in lines
    )
    return "\n".join(visible)


def _hide(match: re.Match[str]) -> str:
    return _HIDDEN * len(match[0])


def _read_phrases(words: list[Word]) -> tuple[list[_Phrase], list[Word]]:
    """The known phrases, longest first, and the words that are in none."""
    if [word.plain for word in words] == [fw.SKODA[0]]:
        return [_Phrase(fw.SKODA[1], tuple(words))], []
    phrases: list[_Phrase] = []
    others: list[Word] = []
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            said = tuple(words[at : at + length])
            means = _KNOWN.get(tuple(word.plain for word in said))
            if means is not None:
                phrases.append(_Phrase(means, said))
                at += length
                break
        else:
            others.append(words[at])
            at += 1
    return phrases, others


def _labels(text: str, phrases: Iterable[_Phrase]) -> dict[int, Field]:
    """Where a number begins that was announced, and as what."""
    labels: dict[int, Field] = {}
    for phrase in phrases:
        if phrase.means in fw.LABELS:
            between = _BEFORE_NUMBER.match(text, phrase.words[-1].end)
            labels[between.end() if between else phrase.words[-1].end] = Field(phrase.means)
    return labels


def _without(text: str, taken: Iterable[tuple[int, int]]) -> str:
    chars = list(text)
    for begin, end in taken:
        chars[begin:end] = " " * (end - begin)
    return " ".join("".join(chars).split()).strip(_EDGES)
