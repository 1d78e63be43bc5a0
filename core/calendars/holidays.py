"""Public holidays in Czechia: days on which somebody should ask whether the site is really open."""

from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

# Act 245/2000 Coll., § 1 and § 2; Good Friday since 2016.
_FIXED: Final = MappingProxyType(
    {
        (1, 1): "New Year's Day",
        (5, 1): "Labour Day",
        (5, 8): "Victory Day",
        (7, 5): "Cyril and Methodius Day",
        (7, 6): "Jan Hus Day",
        (9, 28): "Czech Statehood Day",
        (10, 28): "Independence Day",
        (11, 17): "Freedom and Democracy Day",
        (12, 24): "Christmas Eve",
        (12, 25): "Christmas Day",
        (12, 26): "St Stephen's Day",
    }
)


def holiday(day: date) -> str | None:
    """Name the public holiday on this day, if it is one."""
    if fixed := _FIXED.get((day.month, day.day)):
        return fixed
    return {-2: "Good Friday", 1: "Easter Monday"}.get((day - easter(day.year)).days)


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Give Easter Sunday in the Gregorian calendar.

    Source: the anonymous algorithm of 1876 (Meeus, Astronomical Algorithms, chapter 8).
    """
    century, within = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (within // 4) - epact - within % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    return date(year, 3, 22) + timedelta(days=epact + weekday - 7 * late)
