"""A moment as a letter says it, in full: ``pondělí 25. ledna 2021 v 8:00``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple


class _Names(NamedTuple):
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    """As they follow the day."""
    pattern: str


_NAMES: Final[Mapping[str, _Names]] = {
    "cs": _Names(
        ("pondělí", "úterý", "středa", "čtvrtek", "pátek", "sobota", "neděle"),
        (
            *("ledna", "února", "března", "dubna", "května", "června"),
            *("července", "srpna", "září", "října", "listopadu", "prosince"),
        ),
        "{weekday} {day}. {month} {year} v {clock}",
    ),
    "en": _Names(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        (
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        "{weekday} {day} {month} {year} at {clock}",
    ),
    "uk": _Names(
        ("понеділок", "вівторок", "середа", "четвер", "пʼятниця", "субота", "неділя"),
        (
            *("січня", "лютого", "березня", "квітня", "травня", "червня"),
            *("липня", "серпня", "вересня", "жовтня", "листопада", "грудня"),
        ),
        "{weekday}, {day} {month} {year} року, {clock}",
    ),
}


def long_moment(local: datetime, language: str) -> str:
    """A local time in full; in English where we do not know the language."""
    names = _NAMES.get(language, _NAMES["en"])
    return names.pattern.format(
        weekday=names.weekdays[local.weekday()],
        day=local.day,
        month=names.months[local.month - 1],
        year=local.year,
        clock=f"{local.hour}:{local.minute:02}",
    )
