"""How long an answer waits before it leaves, and the sentence that says so."""

import math
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from conversations.media.gsm import segments
from core.messages import NewMt
from core.store.work import Work

GOOD_FOR: Final = timedelta(seconds=2)  # the queue is read once in so long by each process
NOT_WORTH_TELLING: Final = timedelta(minutes=1)
_MINUTES: Final = (2, 3, 5, 10, 15, 20, 30, 45, 60)  # what a person would say; above that, whole hours


class Backlog:
    """The answers that wait at each operator, against its capacity; safe to share between threads.

    Answers leave before everything else, so only they are in the way of an answer.
    """

    def __init__(self, segments_per_second: Mapping[str, float]) -> None:
        self._rates = segments_per_second
        self._queued: dict[str, int] = {}
        self._read_at: datetime | None = None
        self._lock = threading.Lock()

    def wait(self, work: Work, operator: str, *, now: datetime) -> timedelta:
        """How long an answer queued now would wait; none at an operator that is not in the settings."""
        rate = self._rates.get(operator)
        if rate is None:
            return timedelta(0)
        with self._lock:
            if self._read_at is None or abs(now - self._read_at) >= GOOD_FOR:
                self._queued, self._read_at = work.asking.queued_answers(), now
            return timedelta(seconds=self._queued.get(operator, 0) / rate)

    def add(self, mt: NewMt) -> None:
        """Count an answer of ours that has come since the queue was read."""
        with self._lock:
            self._queued[mt.operator] = self._queued.get(mt.operator, 0) + mt.segments


def told_wait(wait: timedelta) -> dict[str, int]:
    """A wait as it is told, in `hours` or `minutes`, never shorter than it is; empty: not worth a word."""
    if wait <= NOT_WORTH_TELLING:
        return {}
    minutes = wait / timedelta(minutes=1)
    told = next((each for each in _MINUTES if each >= minutes), None)
    return {"hours": math.ceil(minutes / 60)} if told is None else {"minutes": told}


def with_room_for(text: str, sentences: Iterable[str], *, spare: int) -> str:
    """The text with the first of the sentences that costs at most `spare` segments more, or without any."""
    most = segments(text) + spare
    longer = (f"{text} {sentence}" for sentence in sentences)
    return next((each for each in longer if segments(each) <= most), text)
