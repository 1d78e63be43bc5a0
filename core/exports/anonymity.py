"""Rows about people that tell nobody apart: every row that is published stands there at least k times.

Local recoding by steps: rows whose like are too few lose one more fact, and are counted together with their
new like. What a step finds enough of keeps everything that the step left it.

Source: P. Samarati, L. Sweeney, Protecting Privacy when Disclosing Information: k-Anonymity, 1998.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from core.exports.sheet import Cells

DEFAULT_K: Final = 10

Many: TypeAlias = tuple[Cells, int]
"""A row, and how many of the like there are."""


@dataclass(frozen=True, slots=True)
class Step:
    """Columns, by their position, that are emptied; ``told`` says in words what is lost."""

    told: str
    emptied: frozenset[int] = frozenset()

    def coarser(self, cells: Cells) -> Cells:
        if not self.emptied:
            return cells
        left = list(cells)
        for n in self.emptied:
            left[n] = ""
        return tuple(left)


@dataclass(slots=True)
class Tally:
    """How many rows came through, by the words of the last step that they had to take."""

    published: Counter[str] = field(default_factory=Counter)
    left_out: int = 0

    @property
    def rows(self) -> int:
        return self.published.total() + self.left_out


class Crowd:
    """Rows of one scope that wait for their like."""

    def __init__(self, steps: Sequence[Step], k: int, tally: Tally) -> None:
        self._steps = steps
        self._k = k
        self._tally = tally
        self._waiting: Counter[Cells] = Counter()

    def add(self, rows: Iterable[Many]) -> None:
        for cells, count in rows:
            self._waiting[cells] += count

    def large_enough(self) -> Iterator[Many]:
        """Give out each class of at least k rows at the first step that makes it one; the others stay."""
        for step in self._steps:
            coarser: Counter[Cells] = Counter()
            for cells, count in self._waiting.items():
                coarser[step.coarser(cells)] += count
            self._waiting = Counter({cells: n for cells, n in coarser.items() if n < self._k})
            for cells, count in sorted(coarser.items()):
                if count >= self._k:
                    self._tally.published[step.told] += count
                    yield cells, count

    def rest(self) -> list[Many]:
        """Take out those whose like are still too few."""
        left = sorted(self._waiting.items())
        self._waiting = Counter()
        return left
