"""How dates, places and PINs are put into words: the filters that templates use.

For the ear (``medium`` is ``ivr``) every figure is written out.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context

from conversations.long_dates import long_moment
from conversations.media import IVR
from conversations.media.speech import SPEECH, Speech
from conversations.media.speech.names import name_aloud
from core.calendars.calendar import PRAGUE

_WEEKDAYS: Final = {
    "cs": ("po", "út", "st", "čt", "pá", "so", "ne"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "uk": ("пн", "вт", "ср", "чт", "пт", "сб", "нд"),
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LEGAL_FORM: Final = re.compile(
    r",?\s*\b(?:a\.\s?s|s\.?\s?r\.\s?o|p\.\s?o|o\.\s?z|o\.\s?p\.\s?s|z\.\s?ú|v\.\s?o\.\s?s)\.?(?!\w)"
    r"|,?\s*\bpříspěvková organizace\b|,?\s*\bpřísp\. organizace\b|\s*\(KZ\s*\)",
    re.IGNORECASE,
)
_LARGE: Final = re.compile(r"\bvelkokapacitní ", re.IGNORECASE)
_CUT: Final = "..."
_UNTIL: Final = {"cs": "do", "en": "until", "uk": "до"}
_KILOMETRE: Final = {"cs": "kilometr", "en": "kilometre", "uk": "кілометр"}


@pass_context
def moment(context: Context, value: Any) -> str:
    """``po 25.1. 8:00``, ``Mon 25 Jan 8:00``: in Prague."""
    at = _local(value)
    if at and (speech := _aloud(context)):
        return speech.moment(at)
    return f"{_day(at, context['language'])} {at.hour}:{at.minute:02}" if at else str(value or "")


@pass_context
def in_full(context: Context, value: Any) -> str:
    """``pondělí 25. ledna 2021 v 8:00``: in Prague."""
    at = _local(value)
    return long_moment(at, context["language"]) if at else str(value or "")


@pass_context
def day(context: Context, value: Any) -> str:
    """``po 25.1.``, ``Mon 25 Jan``."""
    at = _local(value)
    if at and (speech := _aloud(context)):
        return speech.day(at)
    return _day(at, context["language"]) if at else str(value or "")


@pass_context
def opening(context: Context, value: Any) -> str:
    """``po 25.1.``, with the hour where it is not midnight: ``pá 15.1. 8:00``."""
    at = _local(value)
    return moment(context, value) if at and at.time() > time.min else day(context, value)


@pass_context
def full_date(context: Context, value: Any) -> str:
    """``25.1.2021``, ``25 Jan 2021``."""
    at = _local(value)
    if at is None:
        return str(value or "")
    if speech := _aloud(context):
        return speech.full_date(at)
    if context["language"] == "en":
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{at.day}.{at.month}.{at.year}"


@pass_context
def clock(context: Context, value: Any) -> str:
    """``8:00``, ``v osm hodin``: in Prague."""
    at = _local(value)
    if at and (speech := _aloud(context)):
        return speech.clock(at)
    return f"{at.hour}:{at.minute:02}" if at else str(value or "")


def short(value: Any, most: int) -> str:
    """At most so many characters, cut at a word where there is one."""
    text = " ".join(str(value or "").split())
    if len(text) <= most:
        return text
    kept = text[: most - len(_CUT) + 1]
    head = kept.rsplit(" ", 1)[0] if " " in kept[most // 3 :] else kept[:-1]
    return head.rstrip(" ,;-(") + _CUT


def place(value: Any, most: int) -> str:
    """The name of a site without its legal form, shortened: by its last parts first."""
    text = " ".join(_LEGAL_FORM.sub("", str(value or "")).split()).strip(" ,-")
    if len(text) > most and (plainer := _LARGE.sub("", text)):
        text = plainer[0].upper() + plainer[1:]
    while len(text) > most:
        head = re.split(r"\s+-\s+|,\s|\s\(", text)
        if len(head) == 1 or len(head[0]) < most // 3:
            return short(text, most)
        text = text[: text.rindex(head[-1])].rstrip(" ,-(")
    return text


@pass_context
def name(context: Context, value: Any) -> str:
    """The name of a person, a group or a site, as it is written or as it is read aloud."""
    speech = _aloud(context)
    written = str(value or "")
    return name_aloud(written, cardinal=speech.cardinal, digits=speech.digits) if speech else written


@pass_context
def _place(context: Context, value: Any, most: int) -> str:
    return name(context, place(value, most))


@pass_context
def until(context: Context, value: Any) -> str:
    """``do 8:00``, ``until 8:00``, ``do osmi hodin``: in Prague."""
    at = _local(value)
    if at is None:
        return str(value or "")
    if speech := _aloud(context):
        return speech.until(at)
    return f"{_UNTIL.get(context['language'], _UNTIL['en'])} {at.hour}:{at.minute:02}"


@pass_context
def figures(context: Context, value: Any) -> str:
    """A number that is read figure by figure: an insurer, a PSČ, a phone."""
    speech = _aloud(context)
    return speech.digits(str(value or "")) if speech else str(value or "")


@pass_context
def number(context: Context, value: Any) -> str:
    """A number as one: a place in the queue, tries that are left."""
    speech = _aloud(context)
    return speech.cardinal(value) if speech and isinstance(value, int) else str(value)


@pass_context
def year(context: Context, value: Any) -> str:
    """A year as it is read: ``devatenáct set čtyřicet``."""
    speech = _aloud(context)
    return speech.year(value) if speech and isinstance(value, int) else str(value)


@pass_context
def spaced(context: Context, value: Any) -> str:
    """A PIN as it is read aloud: ``4711 0922``."""
    digits = str(value or "")
    if speech := _aloud(context):
        return speech.digits(digits)
    return f"{digits[: len(digits) // 2]} {digits[len(digits) // 2 :]}" if len(digits) == 8 else digits


@pass_context
def km(context: Context, value: Any) -> str:
    """A distance in whole kilometres."""
    try:
        whole = max(1, round(float(value)))
    except (TypeError, ValueError, OverflowError):
        return ""
    if speech := _aloud(context):
        return speech.counted(whole, _KILOMETRE[context["language"]])
    return f"{whole} km"


def _aloud(context: Context) -> Speech | None:
    """The language read aloud, where the words are for the ear."""
    if context.get("medium") != IVR:
        return None
    return SPEECH.get(context["language"])


def _local(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if isinstance(at, datetime):
        return at.astimezone(PRAGUE) if at.tzinfo else at
    if isinstance(at, date):
        return datetime(at.year, at.month, at.day)  # noqa: DTZ001 - a day, only to be written
    return None


def _day(at: datetime, language: str) -> str:
    weekday = _WEEKDAYS.get(language, _WEEKDAYS["en"])[at.weekday()]
    return (
        f"{weekday} {at.day}.{at.month}."
        if language != "en"
        else f"{weekday} {at.day} {_MONTHS[at.month - 1]}"
    )


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "moment": moment,
    "in_full": in_full,
    "day": day,
    "full_date": full_date,
    "opening": opening,
    "clock": clock,
    "short": short,
    "place": _place,
    "spaced": spaced,
    "km": km,
    "name": name,
    "until": until,
    "figures": figures,
    "number": number,
    "year": year,
}
