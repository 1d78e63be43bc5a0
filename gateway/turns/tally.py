"""How many people went which way, counted in memory: a turn waits for no row that all turns share."""

import threading
from collections import Counter
from collections.abc import Iterable

from core.store.step_counts import Way
from core.store.work import Store


class Tally:
    """What was counted since it was last written down; a kill loses that much of the counts only."""

    def __init__(self) -> None:
        self._counts: Counter[Way] = Counter()
        self._one_at_a_time = threading.Lock()

    def add(self, ways: Iterable[Way]) -> None:
        """Count the ways of turns that are committed."""
        with self._one_at_a_time:
            self._counts.update(ways)

    def write(self, store: Store) -> None:
        """Write down what was counted; what cannot be written is kept for the next time."""
        with self._one_at_a_time:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with store.begin() as work:
                work.step_counts.add(counts)
        except BaseException:
            with self._one_at_a_time:
                self._counts.update(counts)
            raise
