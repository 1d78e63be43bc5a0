"""The numbers of today for whoever asks: counted now and then, not at every question."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from core.calendars.calendar import PRAGUE
from core.store.numbers import DayNumbers, NumbersBook

LASTS: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Counted:
    at: datetime
    numbers: DayNumbers


_counted: Final[WeakKeyDictionary[Engine, _Counted]] = WeakKeyDictionary()
_one_counts: Final = Lock()


def todays_numbers(db: Connection, *, now: datetime) -> DayNumbers:
    """Registrations, dates, the waiting and doses so far; at most some minutes old.

    While they are counted anew, others are told those from before.
    """
    kept = _counted.get(db.engine)
    if kept is not None and (kept.at <= now < kept.at + LASTS or _one_counts.locked()):
        return kept.numbers
    with _one_counts:
        kept = _counted.get(db.engine)
        if kept is None or not kept.at <= now < kept.at + LASTS:
            numbers = NumbersBook(db).on(now.astimezone(PRAGUE).date())
            kept = _counted[db.engine] = _Counted(now, numbers)
        return kept.numbers
