"""Capacities that cannot be right: an extra nought, a number of another column."""

from collections.abc import Iterable
from statistics import median
from typing import Final

# The registry's largest site of 2021 stated 7 000 people for a whole day.
MOST_PLACES_A_DAY: Final = 7_000
# A big day is a few times the usual one; a typing error is ten times and more.
TIMES_THE_USUAL: Final = 10
# Small numbers vary: two substitutes one day, twenty-five the next.
NEVER_ABSURD_BELOW: Final = 100
# Of fewer capacities nobody can say what is usual.
FEWEST_TO_COMPARE: Final = 10


def usual(capacities: Iterable[int]) -> int | None:
    """The capacity in the middle of those above 0; None of too few."""
    stated = [capacity for capacity in capacities if capacity > 0]
    return int(median(stated)) if len(stated) >= FEWEST_TO_COMPARE else None


def is_absurd(capacity: int, usual: int | None) -> bool:
    """Judge a slot or a day against what is usual in its calendar."""
    if capacity > MOST_PLACES_A_DAY:
        return True
    return usual is not None and capacity > max(NEVER_ABSURD_BELOW, TIMES_THE_USUAL * usual)
