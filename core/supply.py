"""Whether the vaccine of a site lasts for the dates it gave: day by day, and who loses where it does not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import heappop, heappush
from itertools import accumulate
from typing import TypeAlias

Coming: TypeAlias = Mapping[date, int]
"""Doses that are to come, by day."""


@dataclass(frozen=True, slots=True)
class Need:
    """The days on which somebody with confirmed dates is to get a dose; ``is_begun``: she has had the first.

    Whoever has had the first is owed the second, and loses nothing here.
    """

    registration_id: int
    days: tuple[date, ...]
    is_begun: bool = False


def runs_out_on(on_hand: int, coming: Coming, needs: Iterable[Need]) -> date | None:
    """The first day on which the vaccine does not last for the dates; None where it lasts for all."""
    return next((day for day, left in curve(on_hand, coming, needs).items() if left < 0), None)


def curve(on_hand: int, coming: Coming, needs: Iterable[Need]) -> dict[date, int]:
    """Doses left at the end of each day on which something comes or is needed; below 0 where they lack.

    What comes on a day can be given on that day.
    """
    return _running(on_hand, _changes(coming, needs))


def who_loses(on_hand: int, coming: Coming, in_order: Sequence[Need]) -> list[Need]:
    """Those whose dates the vaccine does not last for, the lowest priority first: O(n log n).

    ``in_order`` is from the highest priority down. Nobody keeps dates that lack vaccine, as far as others
    may lose theirs, and nobody loses dates that could be kept.
    """
    changes = _changes(coming, in_order)
    beginning: defaultdict[date, list[int]] = defaultdict(list)
    for rank, need in enumerate(in_order):
        if not need.is_begun:
            beginning[need.days[0]].append(-rank)
    left = on_hand
    lowest: list[int] = []
    lost: list[int] = []
    for day in sorted(changes):
        left += changes[day]
        for minus_rank in beginning[day]:
            heappush(lowest, minus_rank)
        while left < 0 and lowest:
            rank = -heappop(lowest)
            lost.append(rank)
            changes.update(in_order[rank].days)
            left += sum(1 for each in in_order[rank].days if each <= day)
    # Two doses were given up where one lacked: somebody may fit in again.
    kept_after_all = {rank for rank in sorted(lost) if _fits(on_hand, changes, in_order[rank])}
    return [in_order[rank] for rank in sorted(lost, reverse=True) if rank not in kept_after_all]


def _fits(on_hand: int, changes: Counter[date], need: Need) -> bool:
    """Take the doses of one more from ``changes`` if they last; else leave it as it was."""
    day = need.days[0]
    changes.subtract(need.days)
    if all(left >= 0 for at, left in _running(on_hand, changes).items() if at >= day):
        return True
    changes.update(need.days)
    return False


def _changes(coming: Coming, needs: Iterable[Need]) -> Counter[date]:
    changes = Counter(dict(coming))
    for need in needs:
        changes.subtract(need.days)
    return changes


def _running(on_hand: int, changes: Mapping[date, int]) -> dict[date, int]:
    days = sorted(changes)
    moved = accumulate(changes[day] for day in days)
    return {day: on_hand + so_far for day, so_far in zip(days, moved, strict=True)}
