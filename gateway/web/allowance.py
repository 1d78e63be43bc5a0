"""How often somebody may ask: a number at once, then so many a second. Counted in this process."""

from collections import OrderedDict
from typing import Final

MOST_REMEMBERED: Final = 20_000


class Allowance:
    """GCRA for each who asks; who has rested longest is forgotten first."""

    def __init__(self, *, at_once: int, per_second: float) -> None:
        self._apart = 1 / per_second
        self._ahead = (at_once - 1) / per_second
        self._due: OrderedDict[str, float] = OrderedDict()

    def admits(self, who: str, now: float) -> bool:
        """``now`` in seconds of any clock that only goes forward."""
        due = max(self._due.pop(who, now), now)
        is_admitted = due - now <= self._ahead
        self._due[who] = due + self._apart if is_admitted else due
        if len(self._due) > MOST_REMEMBERED:
            self._due.popitem(last=False)
        return is_admitted
