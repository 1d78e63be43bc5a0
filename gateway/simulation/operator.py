"""A fake operator: takes MTs at most at its capacity, with latency and every fault that real ones have."""

import random
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from core.messages import ClaimedMt
from core.store.receipts import FinalReceipt
from gateway.capacity.arithmetic import SECOND
from gateway.simulation.scenario import Network
from gateway.simulation.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken; ``message_id`` is the operator's."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """RTHROTTLED: not taken, to be sent again later."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Taken, and the answer was lost."""


Answer: TypeAlias = Accepted | Refused | Silent


@dataclass(slots=True)
class Log:
    """What was handed over: the centre's own record, against which the database is checked."""

    moments: list[int] = field(default_factory=list)
    """Of every part that was taken, in microseconds, in order."""
    parts: dict[tuple[int, int], int] = field(default_factory=dict)
    """How often each part of each MT was taken."""
    refused: int = 0
    silent: int = 0

    def most_in_a_second(self, *, since: int = 0, until: int | None = None) -> int:
        """The most parts in any sliding second."""
        most, first = 0, bisect_left(self.moments, since)
        last = len(self.moments) if until is None else bisect_left(self.moments, until)
        for position in range(first, last):
            while self.moments[first] <= self.moments[position] - SECOND:
                first += 1
            most = max(most, position - first + 1)
        return most


class FakeOperator:
    """One centre and the phones behind it."""

    def __init__(
        self,
        name: str,
        network: Network,
        *,
        timeline: Timeline,
        hear: Callable[[str, str], None],
        receipt: Callable[[FinalReceipt], None],
        chance: random.Random,
    ) -> None:
        """``hear`` gets number and text of every MT delivered, ``receipt`` what became of each part."""
        self.name = name
        self.log = Log()
        self._network = network
        self._timeline = timeline
        self._hear = hear
        self._receipt = receipt
        self._chance = chance
        self._next_id = 1000
        self._parts: dict[tuple[int, int], int] = {}  # how many parts of an attempt have come

    def submit(self, mt: ClaimedMt, number: int, *, at: datetime, moment: int) -> Answer:
        """Take one part at a moment (in microseconds, the same instant as ``at``)."""
        if self._chance.random() < self._network.throttled:
            self.log.refused += 1
            return Refused()
        self.log.moments.append(moment)
        self.log.parts[mt.mt_id, number] = self.log.parts.get((mt.mt_id, number), 0) + 1
        self._next_id += 1
        key = (mt.mt_id, mt.attempt)
        self._parts[key] = self._parts.get(key, 0) + 1
        if self._parts[key] == mt.segments:
            del self._parts[key]
            spread = self._chance.uniform(0.5, 1.5)
            delivered = at + self._network.delivered_after * spread
            self._timeline.at(delivered, lambda: self._hear(mt.address.number, mt.text))
        self._send_receipt(str(self._next_id), mt, at)
        if self._chance.random() < self._network.answers_lost:
            self.log.silent += 1
            return Silent()
        return Accepted(str(self._next_id))

    def _send_receipt(self, message_id: str, mt: ClaimedMt, at: datetime) -> None:
        if self._chance.random() < self._network.receipts_lost:
            return
        receipt = FinalReceipt(self.name, (message_id,), True, None, mt.address.number)
        times = 2 if self._chance.random() < self._network.receipts_doubled else 1
        for _ in range(times):
            after = self._network.receipt_after * self._chance.uniform(0.5, 1.5)
            self._timeline.at(at + after, lambda: self._receipt(receipt))
