"""Leftover doses of the day: whom to ask, how many at once, and until when anybody can still come."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeAlias

from core.calendars.calendar import PRAGUE

WITHIN: Final = timedelta(hours=1)
"""Who is a substitute has said that she can come within so long."""
WIDEN_AFTER: Final = timedelta(minutes=10)
"""Whoever has not answered in so long is not counted on any more, and others are asked."""
LASTS: Final = timedelta(hours=2)
"""How long a site waits for those who come, where it does not say so itself."""
MOST_AT_ONCE: Final = 200
"""People who are asked at once; everybody but a few would hear that it is too late."""

# Covidliste, same-day doses in France in 2021: 6.6 % of those who were asked came.
_USUAL_RATE: Final = 0.066
_WEIGHT: Final = 30.0
"""So many people of its own weigh as much as what is usual elsewhere."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a site has seen: how many were asked, and how many of them would have come."""

    asked: int = 0
    willing: int = 0

    @property
    def rate(self) -> float:
        """The share that says yes, above 0; what is usual elsewhere until enough were asked here."""
        return (self.willing + _USUAL_RATE * _WEIGHT) / (self.asked + _WEIGHT)


def how_many(doses: int, answers: Answers) -> int:
    """How many to ask so that on the average every dose is taken: the fewest that reach it."""
    return min(MOST_AT_ONCE, math.ceil(doses / answers.rate)) if doses > 0 else 0


@dataclass(frozen=True, slots=True)
class Day:
    """The local hours between which a site may ask people to come at once; it ends on the same day."""

    begins: time = time(8)
    ends: time = time(20)

    def __post_init__(self) -> None:
        if self.begins >= self.ends:
            raise ValueError(f"{self.words()} is no day: it has to end after it begins")

    def words(self) -> str:
        """As commands show it."""
        return f"{self.begins:%-H:%M} to {self.ends:%-H:%M}"

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """The two moments of the local day that it is now, in UTC."""
        today = now.astimezone(PRAGUE).date()
        begins, ends = (
            datetime.combine(today, at, PRAGUE).astimezone(UTC) for at in (self.begins, self.ends)
        )
        return begins, ends


@dataclass(frozen=True, slots=True)
class Window:
    """Whoever says yes before ``answer_until`` can be there by ``come_by``."""

    answer_until: datetime
    come_by: datetime


@dataclass(frozen=True, slots=True)
class AtNight:
    """Nobody is woken for a dose: the site's day has not begun, or is over."""

    day: Day


@dataclass(frozen=True, slots=True)
class TooLate:
    """Nobody who needs an hour can come by then."""

    come_by: datetime


WindowOutcome: TypeAlias = Window | AtNight | TooLate


def window(day: Day, come_by: datetime | None, *, now: datetime) -> WindowOutcome:
    """When leftover doses may be asked for, and when people have to be there: by then, else soon.

    Everything ends with the site's day: the last may come then.
    """
    begins, ends = day.bounds(now)
    if not begins <= now < ends:
        return AtNight(day)
    soon = (now + LASTS).replace(second=0, microsecond=0)
    by = min(come_by or soon, ends)
    return Window(by - WITHIN, by) if by - WITHIN > now else TooLate(by)
