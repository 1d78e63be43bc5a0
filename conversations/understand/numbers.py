"""Whose digits are these: insurance number, insurer, PSČ or phone, typed with any spaces.

The digits of a message come in groups (``40 51 23/123 111 586 01``). Every way to give neighbouring
groups to fields, each at most once, is weighed; the way that explains most digits wins, and what
the best ways do not agree about is ambiguous. Whether an insurance number is right, the core judges.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from conversations.understand.field_words import INSURER_CODES, Field

_MOST_GROUPS: Final = 14  # a message with more is no registration
_GROUP: Final = re.compile(r"\+?[0-9]+")
_JOINT: Final = re.compile(r" {0,2}[-/.]? {0,2}")
# Fixed, then mobile, as the metadata of libphonenumber for CZ has them.
_CZECH_PHONE: Final = re.compile(
    r"(?:2\d|3[1257-9]|4[16-9]|5[13-9])\d{7}|(?:60[1-8]|70[2-5]|7[2379]\d)\d{6}", re.ASCII
)
_PSC: Final = re.compile(r"[1-7]\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands in the text."""

    value: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Group:
    digits: str  # with a + before them if typed
    begin: int
    end: int
    joint: str | None  # what stands before the next group, if they may be one number
    label: Field | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    field: Field
    digits: str
    found: Found
    likely: bool


_Way: TypeAlias = Mapping[Field, _Candidate]


def share_out(
    text: str,
    *,
    wanted: Collection[Field],
    labels: Mapping[int, Field],
    knows_psc: Callable[[str], bool] | None,
) -> tuple[dict[Field, Found], frozenset[Field]]:
    """The wanted fields whose digits are certain, and those that are ambiguous.

    ``labels`` says which numbers were announced ("RČ", "tel."), by where they begin.
    """
    groups = _groups(text, labels)
    if len(groups) > _MOST_GROUPS:
        return {}, frozenset()
    starts: list[list[tuple[int, _Candidate]]] = []
    for first in range(len(groups)):
        starts.append([])
        for last in range(first + 1, len(groups) + 1):
            run = groups[first:last]
            if len(run) > 1 and (run[-2].joint is None or run[-1].label or run[-1].digits[0] == "+"):
                break
            for candidate in _candidates(text, run, free=len(run) == len(groups), wanted=wanted):
                if candidate.field is Field.PSC and knows_psc and not knows_psc(candidate.digits):
                    continue
                starts[-1].append((last, candidate))
    ways = list(_ways(starts, 0, {}))
    best = max(_score(way, wanted) for way in ways)
    return _agreed([way for way in ways if _score(way, wanted) == best], wanted)


def _agreed(ways: Sequence[_Way], wanted: Collection[Field]) -> tuple[dict[Field, Found], frozenset[Field]]:
    certain: dict[Field, Found] = {}
    ambiguous: set[Field] = set()
    for field in wanted:
        values = {way[field].digits if field in way else None for way in ways}
        if len(values) > 1:
            ambiguous.add(field)
        elif field in ways[0]:
            certain[field] = ways[0][field].found
    return certain, frozenset(ambiguous)


def _groups(text: str, labels: Mapping[int, Field]) -> list[_Group]:
    matches = list(_GROUP.finditer(text))
    groups = []
    for i, match in enumerate(matches, 1):
        between = text[match.end() : matches[i].start()] if i < len(matches) else None
        joint = between if between is not None and _JOINT.fullmatch(between) else None
        groups.append(_Group(match[0], *match.span(), joint, labels.get(match.start())))
    return groups


def _ways(starts: Sequence[Sequence[tuple[int, _Candidate]]], at: int, way: _Way) -> Iterator[_Way]:
    if at == len(starts):
        yield way
        return
    yield from _ways(starts, at + 1, way)
    for end, candidate in starts[at]:
        if candidate.field not in way:
            yield from _ways(starts, end, {**way, candidate.field: candidate})


def _score(way: _Way, wanted: Collection[Field]) -> tuple[int, int, int]:
    """Digits explained, those of them wanted, numbers that look like what they are taken for."""
    return (
        sum(len(candidate.digits) for candidate in way.values()),
        sum(len(candidate.digits) for field, candidate in way.items() if field in wanted),
        sum(candidate.likely for candidate in way.values()),
    )


def _candidates(
    text: str, run: Sequence[_Group], *, free: bool, wanted: Collection[Field]
) -> Iterator[_Candidate]:
    """What neighbouring groups may be; ``free`` if they are all there is, and may be grouped anyhow."""
    digits = "".join(group.digits for group in run)
    sizes = [len(group.digits) for group in run]
    begin, end = run[0].begin, run[-1].end
    label = run[0].label
    free = free and max(sizes) < 9 and all(group.joint == " " for group in run[:-1])
    for field in (Field.INSURANCE_NUMBER, Field.PHONE, Field.PSC, Field.INSURER):
        anyhow = free and field in wanted
        if label not in (None, field):
            continue
        match field:
            case Field.INSURANCE_NUMBER:
                if (
                    digits.isdecimal()
                    and len(digits) in (9, 10)
                    and (anyhow or _grouped_as_number(run, sizes))
                ):
                    found = Found(text[begin:end], begin, end)
                    yield _Candidate(field, digits, found, label is field or _has_a_birth_date(digits))
            case Field.PHONE:
                phone = _phone(digits)
                if phone and (anyhow or _grouped_as_phone(run, sizes)):
                    likely = label is field or phone[0] == "+" or _CZECH_PHONE.fullmatch(phone) is not None
                    yield _Candidate(field, digits, Found(phone, begin, end), likely)
            case Field.PSC:
                spaced = sizes == [3, 2] and run[0].joint in (" ", "  ")
                if _PSC.fullmatch(digits) and (anyhow or sizes == [5] or spaced):
                    yield _Candidate(field, digits, Found(digits, begin, end), likely=True)
            case _:
                if digits in INSURER_CODES and (anyhow or len(run) == 1):
                    yield _Candidate(field, digits, Found(digits, begin, end), likely=True)


def _grouped_as_number(run: Sequence[_Group], sizes: Sequence[int]) -> bool:
    """405123123, 405123/123, 40 51 23 123, 405 123 123: a cut after six, nothing after the rest."""
    if len(run) == 1:
        return True
    slashed = [i for i, group in enumerate(run[:-1]) if group.joint and "/" in group.joint]
    return sum(sizes[:-1]) == 6 and min(sizes) > 1 and slashed in ([], [len(run) - 2])


def _grouped_as_phone(run: Sequence[_Group], sizes: Sequence[int]) -> bool:
    """603123456, 603 123 456, 603/123456, 603 12 34 56, with or without the country."""
    if any(group.joint and "/" in group.joint for group in run[1:-1]):
        return False
    if run[0].digits[0] == "+" or run[0].digits.startswith(("00", "420")):
        return len(run) <= 6 and min(sizes) > 1
    return len(run) == 1 or (sizes[0] == 3 and min(sizes) > 1)


def _phone(digits: str) -> str | None:
    """The number without spaces, with + and the country if it was typed; ``None`` if it cannot be dialled."""
    if digits.startswith("00") and len(digits) > 10:
        digits = f"+{digits[2:]}"
    elif digits.startswith("420") and len(digits) == 12:
        digits = f"+{digits}"
    if digits.startswith("+420"):
        return digits if len(digits) == 13 and digits[4] in "23456789" else None
    if digits[0] == "+":
        return digits if 9 <= len(digits) <= 16 and digits[1] != "0" else None
    return digits if len(digits) == 9 and digits[0] in "23456789" else None


def _has_a_birth_date(digits: str) -> bool:
    """The month and day an insurance number may have; telling it from a phone needs no more."""
    month, day = int(digits[2:4]), int(digits[4:6])
    months = {*range(1, 13), *range(51, 63)}
    if len(digits) == 10:
        months |= {*range(21, 33), *range(71, 83)}
    # +40: ČSSZ's EČP; +50: a foreigner's.
    return month in months and (1 <= day <= 31 or 41 <= day <= 81)
