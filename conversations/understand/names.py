"""A person's name among the words that nothing else explains."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from conversations.understand.field_words import NOT_A_NAME, PARTICLES

MAX_NAME: Final = 80
_MOST_WORDS: Final = 6
_INSIDE: Final = re.compile(r"[ .]*(?: - )?[ .]*")
_TURNED: Final = re.compile(r"[\s,/.:]*")  # Novák, Jan
_PART: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as typed, where it stands, and its plain form."""

    text: str
    begin: int
    end: int
    plain: str


def find_names(
    text: str, words: Sequence[Word], *, titles: Sequence[Word], labels: Sequence[Word]
) -> list[tuple[str, int, int]]:
    """Every name that the words may make, properly written, with its place; the order is as typed.

    A name is two to six neighbouring words, or two that only a comma or a label parts. Titles
    stand inside a name without being part of it.
    """
    runs = _runs(text, words, skipped=titles)
    names = {_written(run): run for run in runs if _is_name(run)}
    if not names and len(runs) == 2 and all(len(run) == 1 for run in runs):
        (first,), (second,) = runs
        if _is_name((first, second)) and _TURNED.fullmatch(_between(text, first, second, [*titles, *labels])):
            names = {_written((first, second)): (first, second)}
    return [(name, run[0].begin, run[-1].end) for name, run in names.items() if len(name) <= MAX_NAME]


def _runs(text: str, words: Sequence[Word], *, skipped: Iterable[Word]) -> list[Sequence[Word]]:
    runs: list[list[Word]] = [[word] for word in words[:1]]
    for before, word in pairwise(words):
        if _INSIDE.fullmatch(_between(text, before, word, skipped)):
            runs[-1].append(word)
        else:
            runs.append([word])
    return [trimmed for run in runs if (trimmed := _trimmed(run))]


def _between(text: str, before: Word, word: Word, skipped: Iterable[Word]) -> str:
    between = text[before.end : word.begin]
    for title in skipped:
        if before.end <= title.begin < word.begin:
            between = between.replace(title.text, "", 1)
    return between


def _trimmed(run: list[Word]) -> list[Word]:
    """Without single letters at its ends."""
    long = [i for i, word in enumerate(run) if len(word.text) > 1]
    return run[long[0] : long[-1] + 1] if long else []


def _is_name(run: Sequence[Word]) -> bool:
    return (
        2 <= len(run) <= _MOST_WORDS
        and all(word.plain not in NOT_A_NAME for word in run)
        and sum(len(word.text) > 1 for word in run) >= 2
    )


def _written(run: Sequence[Word]) -> str:
    """Jan Novák for jan novák and JAN NOVÁK; what was typed with care (McDonald) stays."""
    return " ".join(
        word.text if i and word.text.islower() and word.plain in PARTICLES else _capitalised(word.text)
        for i, word in enumerate(run)
    )


def _capitalised(word: str) -> str:
    if not (word.islower() or word.isupper()):
        return word
    return _PART.sub(lambda part: part[0][0].upper() + part[0][1:].lower(), word)
