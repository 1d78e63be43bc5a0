"""Living registrations that are likely of one person: two on a phone, or a number with one digit wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Label, Row, and_, select

from core.open_data import fold
from core.store import tables as t
from core.store.registrations import NUMBER
from core.vault import Vault

SIMILAR: Final = 0.8  # "Novak Jan" and "Nováková Jana" are 0.8; "Jan" and "Karel Novák" are not

_a, _b = t.registrations.alias("a"), t.registrations.alias("b")


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


def likely_pairs(db: Connection, vault: Vault) -> Iterator[Pair]:
    """Every such pair; of numbers, only neighbours of suspicious ones are looked for."""
    living = and_(_a.c.ended_at.is_(None), _b.c.ended_at.is_(None))
    same = and_(
        _a.c.phone == _b.c.phone,
        _a.c.birth_date == _b.c.birth_date,
        _a.c.registration_id < _b.c.registration_id,
    )
    seen = set()
    for row in db.execute(select(_a, *_renamed()).join_from(_a, _b, same).where(living)):
        if _is_similar(row):
            seen.add((row.registration_id, row.b_registration_id))
            yield _pair(row, Likeness.SAME_PHONE)
    doubtful = select(_a.c.registration_id, _a.c.number_sealed).where(
        _a.c.ended_at.is_(None), _a.c.number_verdict == "suspicious"
    )
    for registration_id, sealed in db.execute(doubtful.order_by(_a.c.registration_id)).all():
        near = [
            each
            for number in _one_digit_off(vault.open(sealed))
            for each in vault.digests(number, purpose=NUMBER)
        ]
        others = and_(_b.c.number_digest.in_(near), _a.c.registration_id == registration_id)
        for row in db.execute(select(_a, *_renamed()).join_from(_a, _b, others).where(living)):
            both = (
                min(registration_id, row.b_registration_id),
                max(registration_id, row.b_registration_id),
            )
            if both not in seen and _is_similar(row):
                seen.add(both)
                yield _pair(row, Likeness.ONE_DIGIT)


def _renamed() -> list[Label[Any]]:
    names = ("registration_id", "first_name", "last_name", "state", "number_verdict")
    return [_b.c[name].label(f"b_{name}") for name in names]


def _is_similar(row: Row[Any]) -> bool:
    one, other = f"{row.first_name} {row.last_name}", f"{row.b_first_name} {row.b_last_name}"
    return SequenceMatcher(None, fold(one), fold(other)).ratio() >= SIMILAR


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
