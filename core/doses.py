"""Doses of one person: which of them follows, which cannot be, and when her course is complete."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from uuid import UUID

from core.products import Product, Products


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as a site reports it; who gave it does not make it another one."""

    number: int
    """From 1, as the site counts them."""
    product: str
    given_on: date
    site_id: UUID
    lot: str
    given_by: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Follows:
    """It is the next dose of her course; ``doubts`` are what does not fit in it, though it was given."""

    is_last: bool
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownAlready:
    """The very same dose is recorded."""


@dataclass(frozen=True, slots=True)
class Contradicts:
    """A dose of this number is recorded, and it says something else."""

    recorded: Dose


@dataclass(frozen=True, slots=True)
class Lacks:
    """An earlier dose is not recorded."""

    number: int


@dataclass(frozen=True, slots=True)
class TooMany:
    """Her course has fewer doses."""

    course: Product


@dataclass(frozen=True, slots=True)
class NotAfter:
    """An earlier dose was given on that day, or later."""

    day: date


Refusal: TypeAlias = Contradicts | Lacks | TooMany | NotAfter
Verdict: TypeAlias = Follows | KnownAlready | Refusal


def judge(new: Dose, earlier: Sequence[Dose], products: Products) -> Verdict:
    """Say what a dose is to somebody who has had the ``earlier`` ones, numbered from 1 without a gap.

    The vaccine of the first dose decides how many there are. What was given too early, too late or of
    another vaccine was given all the same: it counts, and is pointed out.
    """
    same = next((dose for dose in earlier if dose.number == new.number), None)
    if same is not None:
        return KnownAlready() if same == new else Contradicts(same)
    course = products.by_key[(earlier[0] if earlier else new).product]
    if new.number > course.doses:
        return TooMany(course)
    if new.number > len(earlier) + 1:
        return Lacks(len(earlier) + 1)
    if earlier and new.given_on <= earlier[-1].given_on:
        return NotAfter(earlier[-1].given_on)
    return Follows(new.number == course.doses, tuple(_doubts(new, earlier, course)))


def is_complete(given: Sequence[Dose], products: Products) -> bool:
    """She has had all doses of her course."""
    return bool(given) and len(given) == products.by_key[given[0].product].doses


def second_window(first: Dose, products: Products) -> tuple[date, date] | None:
    """The days on which a second dose may follow the one that was given; None where there is no such rule."""
    product = products.by_key[first.product]
    interval = None if product.is_single_dose else product.interval_on(first.given_on)
    return interval.window(first.given_on) if interval else None


def _doubts(new: Dose, earlier: Sequence[Dose], course: Product) -> Iterator[str]:
    if not earlier:
        return
    if new.product != course.key:
        yield f"dose {new.number} of {new.product} after dose 1 of {course.key}"
    previous = earlier[-1].given_on
    if interval := course.interval_on(previous):
        opens, closes = interval.window(previous)
        if not opens <= new.given_on <= closes:
            when = "early" if new.given_on < opens else "late"
            longest = interval.days_max if interval.days_max > interval.days_min else None
            days = (new.given_on - previous).days
            yield (
                f"too {when}: {days} days after dose {earlier[-1].number}, "
                f"the interval is {interval.days_min}{f' to {longest}' if longest else ''}"
            )
