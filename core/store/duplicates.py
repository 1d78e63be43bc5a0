"""Living registrations that are likely of one person: two on a phone, or a number with one digit wrong.

A check digit finds a wrong digit in a number of ten; a number of nine has none, so its neighbours are valid
as well, and all of them are compared. Numbers are sealed: they are opened one after another, compared here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Connection, Label, Row, and_, cast, func, or_, select

from core.open_data import fold
from core.services import VACCINATION
from core.store import tables as t
from core.store.registrations import NUMBER
from core.vault import Vault

SIMILAR: Final = 0.8  # "Novak Jan" and "Nováková Jana" are 0.8; "Jan" and "Karel Novák" are not

NINE_DIGITS_UNTIL: Final = date(1954, 1, 1)  # born before: no check digit
DIGITS: Final = 9
AT_ONCE: Final = 1_000  # pairs whose names are looked at in one statement

_a, _b = t.registrations.alias("a"), t.registrations.alias("b")
_IS_LIVING: Final = and_(_a.c.ended_at.is_(None), _a.c.service == VACCINATION)
_ARE_LIVING: Final = and_(_IS_LIVING, _b.c.ended_at.is_(None), _b.c.service == VACCINATION)
_IS_SUSPICIOUS: Final = _a.c.number_verdict == "suspicious"
_IS_OF_NINE: Final = and_(_a.c.number_verdict == "valid", _a.c.birth_date < NINE_DIGITS_UNTIL)


class Likeness(StrEnum):
    """Why two registrations are likely of one person."""

    SAME_PHONE = "same phone and day of birth, similar name"
    ONE_DIGIT = "numbers differ by one digit, similar name"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two registrations, the older first; ids and states only."""

    first_id: int
    second_id: int
    first: str
    """Its state and the verdict on its number."""
    second: str
    likeness: Likeness


def to_compare(db: Connection) -> int:
    """How many numbers `likely_pairs` opens, for whoever shows how far it is."""
    opened = select(func.count()).where(_IS_LIVING, or_(_IS_SUSPICIOUS, _IS_OF_NINE))
    return int(db.execute(opened).scalar_one())


def likely_pairs(
    db: Connection, vault: Vault, *, with_some: Callable[[int], None] = lambda _: None
) -> Iterator[Pair]:
    """Every such pair, each once; ``with_some`` hears how many numbers more were compared, as it goes."""
    seen: set[tuple[int, int]] = set()
    for row, likeness in _alike(db, vault, with_some):
        pair = _pair(row, likeness)
        if (pair.first_id, pair.second_id) not in seen and _is_similar(row):
            seen.add((pair.first_id, pair.second_id))
            yield pair


def is_likely_pair(vault: Vault, one: Row[Any], other: Row[Any]) -> bool:
    """Whether two whole rows of `registrations` are likely of one person, as `likely_pairs` sees it."""
    if not _are_similar(_name(one), _name(other)):
        return False
    if one.phone == other.phone and one.birth_date == other.birth_date:
        return True
    first, second = vault.open(one.number_sealed), vault.open(other.number_sealed)
    return len(first) == len(second) and sum(map(str.__ne__, first, second)) == 1


def _alike(
    db: Connection, vault: Vault, with_some: Callable[[int], None]
) -> Iterator[tuple[Row[Any], Likeness]]:
    """Pairs that only the names have to bear out."""
    same = and_(
        _a.c.phone == _b.c.phone,
        _a.c.birth_date == _b.c.birth_date,
        _a.c.registration_id < _b.c.registration_id,
    )
    for row in db.execute(select(_a, *_renamed()).join_from(_a, _b, same).where(_ARE_LIVING)):
        yield row, Likeness.SAME_PHONE
    for row in _near_suspicious(db, vault, with_some):
        yield row, Likeness.ONE_DIGIT
    for row in _near_nine(db, vault, with_some):
        yield row, Likeness.ONE_DIGIT


def _near_suspicious(db: Connection, vault: Vault, with_some: Callable[[int], None]) -> Iterator[Row[Any]]:
    doubtful = select(_a.c.registration_id, _a.c.number_sealed).where(_IS_LIVING, _IS_SUSPICIOUS)
    for registration_id, sealed in db.execute(doubtful.order_by(_a.c.registration_id)).all():
        near = [
            each
            for number in _one_digit_off(vault.open(sealed))
            for each in vault.digests(number, purpose=NUMBER)
        ]
        others = and_(_b.c.number_digest.in_(near), _a.c.registration_id == registration_id)
        yield from db.execute(select(_a, *_renamed()).join_from(_a, _b, others).where(_ARE_LIVING))
        with_some(1)


def _near_nine(db: Connection, vault: Vault, with_some: Callable[[int], None]) -> Iterator[Row[Any]]:
    """One reading of the table; what differs in one digit is alike with that digit left out."""
    of_nine = select(_a.c.registration_id, _a.c.number_sealed).where(_IS_LIVING, _IS_OF_NINE)
    rows = db.execute(of_nine.execution_options(yield_per=AT_ONCE))
    numbers: list[tuple[int, str]] = []
    for some in rows.partitions():
        opened = ((registration_id, vault.open(sealed)) for registration_id, sealed in some)
        numbers += [(registration_id, number) for registration_id, number in opened if len(number) == DIGITS]
        with_some(len(some))
    pairs: list[tuple[int, int]] = []
    for pair in _one_digit_apart(numbers):
        pairs.append(pair)
        if len(pairs) == AT_ONCE:
            yield from _both(db, pairs)
            pairs.clear()
    yield from _both(db, pairs)


def _one_digit_apart(numbers: Iterable[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Ids whose numbers differ in one digit; one place at a time, so that it takes little memory."""
    for at in range(DIGITS):
        alike: defaultdict[int, list[int]] = defaultdict(list)
        for registration_id, number in numbers:
            alike[int(number[:at] + number[at + 1 :])].append(registration_id)
        for ids in alike.values():
            yield from combinations(ids, 2)


def _both(db: Connection, pairs: Sequence[tuple[int, int]]) -> Iterator[Row[Any]]:
    """The rows of pairs, while both are living."""
    firsts, seconds = [one for one, _ in pairs], [other for _, other in pairs]
    ids = ARRAY(BigInteger)
    named = func.unnest(cast(firsts, ids), cast(seconds, ids)).table_valued("one", "other").render_derived()
    yield from db.execute(
        select(_a, *_renamed())
        .join_from(named, _a, _a.c.registration_id == named.c.one)
        .join(_b, _b.c.registration_id == named.c.other)
        .where(_ARE_LIVING)
    )


def _renamed() -> list[Label[Any]]:
    names = ("registration_id", "first_name", "last_name", "state", "number_verdict")
    return [_b.c[name].label(f"b_{name}") for name in names]


def _is_similar(row: Row[Any]) -> bool:
    return _are_similar(_name(row), f"{row.b_first_name} {row.b_last_name}")


def _are_similar(one: str, other: str) -> bool:
    names = SequenceMatcher(None, fold(one), fold(other))
    return names.quick_ratio() >= SIMILAR and names.ratio() >= SIMILAR


def _name(row: Row[Any]) -> str:
    return f"{row.first_name} {row.last_name}"


def _one_digit_off(number: str) -> Iterator[str]:
    for at, digit in enumerate(number):
        yield from (number[:at] + other + number[at + 1 :] for other in "0123456789" if other != digit)


def _pair(row: Row[Any], likeness: Likeness) -> Pair:
    sides = sorted(
        [
            (row.registration_id, f"{row.state}, number {row.number_verdict}"),
            (row.b_registration_id, f"{row.b_state}, number {row.b_number_verdict}"),
        ]
    )
    (first_id, first), (second_id, second) = sides
    return Pair(first_id, second_id, first, second, likeness)
