"""The ministry's numbers per day: registrations, reservations, the waiting, doses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Date, and_, cast, func, or_, select

from core.calendars.calendar import PRAGUE
from core.services import VACCINATION
from core.states import DOSE
from core.store import tables as t

_r: Final = t.registrations.c
_d: Final = t.doses.c
_IS_GIVEN: Final = _d.state == DOSE.begins_as
_IS_VACCINATION: Final = _r.service == VACCINATION  # orders of other services are counted by themselves


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """The state at the end of a day, Prague time; registrations = reservations + waiting.

    Each of the three is counted by itself. `doses` are those given at the sites up to that day, and
    `completed` the people who have had all of theirs; also those who never registered.
    """

    date: date
    registrations: int
    reservations: int
    waiting: int
    doses: int
    completed: int


@dataclass(frozen=True, slots=True)
class Orders:
    """How many began to order a service, and how many of them got a date."""

    service: str
    orders: int
    reservations: int


def end_of(day: date) -> datetime:
    """The moment a local day ends."""
    return datetime.combine(day + timedelta(days=1), time(), PRAGUE)


class NumbersBook:
    """Reads the tables `registrations` and `doses` as statistics."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def on(self, day: date) -> DayNumbers:
        """The numbers at the end of one day."""
        end = end_of(day)
        is_living = and_(_r.registered_at < end, or_(_r.ended_at.is_(None), _r.ended_at >= end))
        counted = select(
            func.count().filter(is_living),
            func.count().filter(is_living, _r.reserved_at < end),
            func.count().filter(is_living, or_(_r.reserved_at.is_(None), _r.reserved_at >= end)),
        ).where(_IS_VACCINATION)
        registrations, reservations, waiting = self._db.execute(counted).one()
        given = select(func.count(), func.count().filter(_d.is_last)).where(_IS_GIVEN, _d.given_on <= day)
        doses, completed = self._db.execute(given).one()
        return DayNumbers(day, registrations, reservations, waiting, doses, completed)

    def daily(self, *, until: date) -> list[DayNumbers]:
        """The numbers of every day from the first registration or dose to `until`."""
        came = self._per_day(_r.registered_at)
        ended = self._per_day(_r.ended_at)
        reserved = self._per_day(_r.reserved_at)
        reserved_ended = self._per_day(func.greatest(_r.reserved_at, _r.ended_at), both=True)
        no_longer_waiting = self._per_day(func.least(_r.reserved_at, _r.ended_at))
        given, completed = self._given_per_day(), self._given_per_day(_d.is_last)
        days = _days_between(min((*came, *given), default=None), until)
        return [
            DayNumbers(*of_day)
            for of_day in zip(
                days,
                _sum_up(days, came, ended),
                _sum_up(days, reserved, reserved_ended),
                _sum_up(days, came, no_longer_waiting),
                _sum_up(days, given, {}),
                _sum_up(days, completed, {}),
                strict=True,
            )
        ]

    def orders(self, *, until: datetime) -> list[Orders]:
        """What was ordered of the other services until then, by service."""
        rows = self._db.execute(
            select(
                _r.service,
                func.count(),
                func.count().filter(_r.reserved_at.is_not(None), _r.reserved_at < until),
            )
            .where(~_IS_VACCINATION, _r.registered_at < until)
            .group_by(_r.service)
            .order_by(_r.service)
        )
        return [Orders(*row) for row in rows]

    def _per_day(self, moment: Any, *, both: bool = False) -> dict[date, int]:
        day = cast(func.timezone(PRAGUE.key, moment), Date)
        counted = [moment.is_not(None)]
        if both:
            counted = [_r.reserved_at.is_not(None), _r.ended_at.is_not(None)]
        rows = self._db.execute(select(day, func.count()).where(_IS_VACCINATION, *counted).group_by(day))
        return {row[0]: row[1] for row in rows}

    def _given_per_day(self, *which: ColumnElement[bool]) -> dict[date, int]:
        rows = self._db.execute(
            select(_d.given_on, func.count()).where(_IS_GIVEN, *which).group_by(_d.given_on)
        )
        return {row[0]: row[1] for row in rows}


def _days_between(first: date | None, last: date) -> Sequence[date]:
    if first is None:
        return []
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _sum_up(days: Iterable[date], up: dict[date, int], down: dict[date, int]) -> list[int]:
    return list(accumulate(up.get(day, 0) - down.get(day, 0) for day in days))
