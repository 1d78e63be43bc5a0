"""Virtual time: what is to happen when, one thing after another."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]


class Timeline:
    """A clock that jumps to the next thing to do; at one instant, things happen in the order set."""

    def __init__(self, begins: datetime) -> None:
        """``begins`` is aware."""
        self._now = begins
        self._due: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The virtual time."""
        return self._now

    def at(self, moment: datetime, action: Action) -> None:
        """Do something then; at once when that has passed."""
        heapq.heappush(self._due, (max(moment, self._now), next(self._order), action))

    def after(self, span: timedelta, action: Action) -> None:
        """Do something that much later."""
        self.at(self._now + span, action)

    def every(self, span: timedelta, action: Action, *, until: datetime) -> None:
        """Do something now and again, for the last time at ``until`` or before."""

        def again() -> None:
            action()
            if self._now + span <= until:
                self.after(span, again)

        self.at(self._now, again)

    def run(self, until: datetime) -> None:
        """Let everything happen that is due by then."""
        while self._due and self._due[0][0] <= until:
            self._now, _, action = heapq.heappop(self._due)
            action()
        self._now = until
