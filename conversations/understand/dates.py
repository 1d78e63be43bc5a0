"""Days as people type them: 25.1., 25. ledna, Jan 25, v pondělí, zítra, za týden; a time may follow."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final, TypeAlias

from conversations.understand import vocabulary as v
from conversations.understand.text import plain


@dataclass(frozen=True, slots=True)
class Day:
    """One day, today or later."""

    day: date
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week without a date: 1 is Monday, 7 Sunday."""

    iso_weekday: int
    soonest: date  # today, if it is that weekday
    at: time | None = None


@dataclass(frozen=True, slots=True)
class PastDay:
    """The day is over."""

    day: date


@dataclass(frozen=True, slots=True)
class NoSuchDay:
    """The calendar has no such day: 31.2., or 29.2. when no leap year is near."""


@dataclass(frozen=True, slots=True)
class WrongWeekday:
    """The date is not the weekday that was said with it."""

    day: date
    said: int  # 1 is Monday


DayReading: TypeAlias = Day | Weekday | PastDay | NoSuchDay | WrongWeekday

_WEEKDAY: Final = v.numbered(v.WEEKDAYS)
_MONTH: Final = v.numbered(v.MONTHS)
_CARDINAL: Final = v.numbered(v.CARDINALS)
_DAYS_AWAY: Final = {word: away for table in v.DAYS_AWAY.values() for word, away in table.items()}
_SPAN: Final = {word: length for table in v.SPANS.values() for word, length in table.items()}
_NEXT: Final = v.merged(v.NEXT)
_THIS: Final = v.merged(v.THIS)
_WEEK: Final = v.merged(v.WEEK)
_AFTERNOON: Final = v.merged(v.AFTERNOON)
_AROUND: Final = v.merged(v.AROUND_A_DAY) | v.merged(v.POLITE) | v.merged(v.MORNING) | _AFTERNOON


def _any_of(said: dict[str, int]) -> str:
    return "|".join(sorted(said, key=len, reverse=True))


_HOURS: Final = r"(?: ?(?:hodin[aeuy]?|hod|h|o.?clock)\b\.?)"
_HALF: Final = r"(?: ?(?P<half>am|pm)\b)"
_AT: Final = r"\b(?:v|ve|at|od|kolem|okolo|around|from) "
_CLOCK: Final = re.compile(rf"(?<![\d.])(?P<h>\d{{1,2}}):(?P<min>\d\d)(?!\d){_HOURS}?{_HALF}?")
_AT_CLOCK: Final = re.compile(rf"{_AT}(?P<h>\d{{1,2}})\.(?P<min>\d\d)(?!\d|\.|/){_HOURS}?{_HALF}?")
_HOUR: Final = re.compile(rf"(?<![\d.])(?P<h>\d{{1,2}})(?:{_HOURS}{_HALF}?|{_HALF.replace('half', 'half2')})")
_AT_HOUR: Final = re.compile(rf"{_AT}(?P<h>\d{{1,2}})(?![\d/]|\. ?\d)")

_DATES: Final = (
    re.compile(r"(?<!\d)(?P<y>\d{4}) ?[-/.] ?(?P<m>\d{1,2}) ?[-/.] ?(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})(?!\d)"),
    re.compile(
        r"""(?<![\d.])(?P<d>\d{1,2})\ ?[./]\ ?(?P<m>\d{1,2})(?!\d)
            (?:(?:\ ?[./]\ ?|\ )(?P<y>\d{4})(?!\d) | [./](?P<yy>\d\d)(?!\d|[.]\d) | (?P<dot>\ ?\.))?
            (?!\.?\d)""",
        re.VERBOSE,
    ),
    re.compile(
        rf"(?<![\d.])(?P<d>\d{{1,2}})(?: ?\.|st|nd|rd|th)? ?(?:of )?"
        rf"(?P<month>{_any_of(_MONTH)})\b\.?(?:,? ?(?P<y>\d{{4}})\b)?"
    ),
    re.compile(
        rf"\b(?P<month>{_any_of(_MONTH)})\.? (?:the )?"
        r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\b(?:,? (?P<y>\d{4})\b)?"
    ),
)
_AWAY: Final = re.compile(rf"\b(?:the )?(?:{_any_of(_DAYS_AWAY)})\b")
_IN: Final = re.compile(
    rf"\b(?:za|in) (?:(?P<n>\d{{1,3}}|an?|{_any_of(_CARDINAL)}) )?(?P<span>{_any_of(_SPAN)})\b"
)
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")
_SUNDAY_OR_NO: Final = {"ne"}


def read_day(text: str, *, today: date) -> DayReading | None:
    """Read one day, and the time if one is said with it.

    ``None`` if there is no day or more than one, or words that could change the meaning. A date
    without a year is the next such day, today included; "příští pondělí", "next Monday" is
    the Monday of the next week.
    """
    said = _Said(plain(text), today)
    said.lift(_CLOCK, said.hear_time)
    said.lift(_AT_CLOCK, said.hear_time)
    for pattern in _DATES:
        said.lift(pattern, said.hear_date)
    said.lift(_IN, said.hear_span)
    said.lift(_HOUR, said.hear_time)
    said.lift(_AT_HOUR, said.hear_time)
    said.lift(_AWAY, said.hear_away)

    tokens = _TOKEN.findall(said.left)
    names = {token for token in tokens if token in _WEEKDAY}
    weekdays = {_WEEKDAY[name] for name in names}
    others = set(tokens) - names - _AROUND
    if said.impossible or len(said.days) > 1 or len(weekdays) > 1:
        return NoSuchDay() if said.impossible == 1 and not said.days else None
    at = said.time(afternoon=not _AFTERNOON.isdisjoint(tokens))
    weekday = next(iter(weekdays), None)
    if said.days and not others:
        day = said.days.pop()
        if weekday is None or weekday == day.isoweekday():
            return _not_past(day, at, today)
        return None if names == _SUNDAY_OR_NO else WrongWeekday(day, weekday)
    if said.days or weekday is None or names == _SUNDAY_OR_NO:
        return None
    return _in_week(weekday, others, at, today)


def _not_past(day: date, at: time | None, today: date) -> Day | PastDay:
    return PastDay(day) if day < today else Day(day, at)


def _in_week(weekday: int, others: set[str], at: time | None, today: date) -> DayReading | None:
    is_next, is_this = not others.isdisjoint(_NEXT), not others.isdisjoint(_THIS)
    if others - _NEXT - _THIS - _WEEK or (is_next and is_this):
        return None
    if not is_next and not is_this:
        return None if others else Weekday(weekday, today + timedelta((weekday - today.isoweekday()) % 7), at)
    return _not_past(today + timedelta(weekday - today.isoweekday() + (7 if is_next else 0)), at, today)


class _Said:
    """What is left to read, and what has been heard so far."""

    def __init__(self, left: str, today: date) -> None:
        self.left = left
        self.today = today
        self.days: set[date] = set()
        self.impossible = 0
        self._times: list[tuple[time, bool]] = []  # and whether am or pm was said

    def lift(self, pattern: re.Pattern[str], hear: Callable[[re.Match[str]], bool]) -> None:
        """Take out what the pattern finds, where ``hear`` can make sense of it."""
        self.left = pattern.sub(lambda match: " ; " if hear(match) else match[0], self.left)

    def hear_time(self, match: re.Match[str]) -> bool:
        said = match.groupdict()
        return self._add_time(said["h"], said.get("min") or "0", said.get("half") or said.get("half2"))

    def hear_date(self, match: re.Match[str]) -> bool:
        said = match.groupdict()
        if self._is_rather_a_time(said):
            return self._add_time(said["d"], said["m"], None)
        month = _MONTH[said["month"]] if "month" in said else int(said["m"])
        year = said.get("y") or (said.get("yy") and f"20{said['yy']}")
        day = _date(int(said["d"]), month, int(year) if year else None, self.today)
        if day is None:
            self.impossible += 1
        else:
            self.days.add(day)
        return True

    def hear_span(self, match: re.Match[str]) -> bool:
        said = match["n"] or "1"
        count = int(said) if said.isdecimal() else _CARDINAL.get(said, 1)  # "in a week"
        self.days.add(self.today + timedelta(count * _SPAN[match["span"]]))
        return True

    def hear_away(self, match: re.Match[str]) -> bool:
        self.days.add(self.today + timedelta(_DAYS_AWAY[match[0].removeprefix("the ")]))
        return True

    def time(self, *, afternoon: bool) -> time | None:
        """The time said, if it is one; "ve 2 odpoledne" is 14:00."""
        if len(self._times) != 1:
            return None
        at, is_exact = self._times[0]
        return at.replace(hour=at.hour + 12) if afternoon and not is_exact and at.hour < 12 else at

    def _is_rather_a_time(self, said: dict[str, str | None]) -> bool:
        """10.30 is no day; 9.10 after a date is no second one."""
        minute = said.get("m")
        if minute is None or len(minute) < 2 or said.get("y") or said.get("yy") or said.get("dot"):
            return False
        no_month = not 1 <= int(minute) <= 12
        return (no_month or bool(self.days)) and int(said["d"] or 0) < 24 and int(minute) < 60

    def _add_time(self, hour: str, minute: str, half: str | None) -> bool:
        hours = int(hour) % 12 + (12 if half == "pm" else 0) if half else int(hour)
        if hours > 23 or int(minute) > 59 or (half and not 1 <= int(hour) <= 12):
            return False
        self._times.append((time(hours, int(minute)), half is not None))
        return True


def _date(day: int, month: int, year: int | None, today: date) -> date | None:
    """The date, or without a year the next such, today included; ``None`` if there is none."""
    for guess in (year,) if year is not None else (today.year, today.year + 1):
        try:
            found = date(guess, month, day)
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    return None
