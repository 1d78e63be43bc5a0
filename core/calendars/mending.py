"""How to mend what the linter found: in words always, and as a change where one is likely right.

A change is safe when it only points a broken link at the one calendar it can mean: no slot and no place is
touched, and no pair is lost. Anything else is for a person to decide.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from core.calendars.calendar import Calendar, Round
from core.calendars.capacity import usual
from core.calendars.findings import Cause, Finding, Severity
from core.calendars.hints import hints
from core.calendars.lint import Lint, lint
from core.products import Products


@dataclass(frozen=True, slots=True)
class Relink:
    """Point a calendar of first doses at another one of second doses; safe."""

    calendar: Calendar
    to: Calendar

    is_safe = True


@dataclass(frozen=True, slots=True)
class Resize:
    """Give slots the capacity usual in their calendar, or that of those who have a place; only proposed."""

    calendar: Calendar
    capacities: tuple[tuple[int, int], ...]
    """(slot_id, capacity)."""

    is_safe = False


Change: TypeAlias = Relink | Resize


@dataclass(frozen=True, slots=True)
class Mending:
    """What to do, in words; ``change`` does it, where a value can say it."""

    words: str
    change: Change | None = None

    @property
    def is_safe(self) -> bool:
        return self.change is not None and self.change.is_safe


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong with one calendar for one reason, at every slot it concerns, and how to mend it."""

    calendar: Calendar
    cause: Cause
    findings: tuple[Finding, ...]
    mending: Mending

    @property
    def severity(self) -> Severity:
        return self.cause.severity


@dataclass(frozen=True, slots=True)
class Inspection:
    """The verdict on one site's calendars, and advice on each thing wrong, the worst first."""

    lint: Lint
    advice: tuple[Advice, ...]

    @property
    def safe(self) -> tuple[Relink, ...]:
        """The changes that may be made without asking."""
        return tuple(a.mending.change for a in self.advice if isinstance(a.mending.change, Relink))


def inspect(
    calendars: Sequence[Calendar], products: Products, *, today: date, elsewhere: Collection[str] = ()
) -> Inspection:
    """Lint the calendars of one site, hints and mendings too; ``elsewhere`` as for the linter."""
    judged = lint(calendars, products, today=today, elsewhere=elsewhere)
    grouped: dict[tuple[int, Cause], list[Finding]] = defaultdict(list)
    for finding in (*judged.findings, *hints(calendars, today=today)):
        grouped[finding.calendar.calendar_id, finding.cause].append(finding)
    advice = [
        Advice(
            found[0].calendar, cause, tuple(found), _mending(cause, found, calendars, products, today=today)
        )
        for (_, cause), found in grouped.items()
    ]
    return Inspection(judged, tuple(sorted(advice, key=lambda a: a.severity)))


def mend(calendars: Iterable[Calendar], changes: Iterable[Change]) -> list[Calendar]:
    """Show the calendars as they would be after the changes."""
    changed = {calendar.calendar_id: calendar for calendar in calendars}
    for change in changes:
        mine = changed[change.calendar.calendar_id]
        match change:
            case Relink(to=to):
                mended = replace(mine, links_to=to.name)
            case Resize(capacities=capacities):
                sizes = dict(capacities)
                slots = (replace(s, capacity=sizes.get(s.slot_id, s.capacity)) for s in mine.slots)
                mended = replace(mine, slots=tuple(slots))
        changed[mine.calendar_id] = mended
    return list(changed.values())


def _mending(
    cause: Cause,
    found: Sequence[Finding],
    calendars: Sequence[Calendar],
    products: Products,
    *,
    today: date,
) -> Mending:
    calendar = found[0].calendar
    if cause.breaks_link:
        return _relinking(calendar, list(_candidates(calendar, calendars, products, today)))
    if cause is Cause.ABSURD_CAPACITY:
        return _resizing(calendar, found)
    if cause is Cause.NEVER_REACHED:
        return _leading_to(calendar, calendars, products)
    return Mending(_WORDS[cause])


def _candidates(
    calendar: Calendar, calendars: Iterable[Calendar], products: Products, today: date
) -> Iterator[Calendar]:
    """The calendars of second doses which this link can mean: the same vaccine, and not over."""
    product = products.find(calendar.product)
    for other in calendars:
        is_second = other.round is Round.SECOND and other.calendar_id != calendar.calendar_id
        is_coming = bool(other.slots) and other.slots[-1].day >= today
        if is_second and is_coming and product is not None and products.find(other.product) == product:
            yield other


def _relinking(calendar: Calendar, candidates: Sequence[Calendar]) -> Mending:
    match candidates:
        case []:
            return Mending(f"import a calendar of second doses (V2) for {calendar.product} first")
        case [only]:
            return Mending(f"link it to {only.name}", Relink(calendar, only))
        case _:
            names = ", ".join(c.name for c in candidates)
            return Mending(f"decide which calendar of second doses is meant, and link it: {names}")


def _resizing(calendar: Calendar, found: Sequence[Finding]) -> Mending:
    as_ever = usual(slot.capacity for slot in calendar.slots)
    slots = [finding.slot for finding in found if finding.slot and finding.slot.slot_id]
    if as_ever is None or any(slot.capacity <= as_ever for slot in slots):
        return Mending("correct the capacity in the file and import it again")
    sizes = tuple((slot.slot_id, max(as_ever, slot.taken)) for slot in slots)
    words = f"if it is a mistake, import these slots with the usual {as_ever} places"
    return Mending(words, Resize(calendar, sizes))


def _leading_to(calendar: Calendar, calendars: Iterable[Calendar], products: Products) -> Mending:
    """Second doses are reached through a link: where it is broken, mending that one is all there is to do."""
    product = products.find(calendar.product)
    is_linked = any(c.links_to == calendar.name for c in calendars if c.round is Round.FIRST)
    if is_linked:
        return Mending("import first dates that lead to them, or take these places away")
    firsts = [c.name for c in calendars if c.round is Round.FIRST and products.find(c.product) == product]
    if firsts:
        return Mending(f"link the right calendar of first doses to it: {', '.join(firsts)}")
    return Mending(f"import a calendar of first doses (V1) for {calendar.product}")


_WORDS = {
    Cause.UNKNOWN_PRODUCT: "write the vaccine by its trade name or maker, such as Comirnaty",
    Cause.NO_INTERVAL: "no second dose can be planned yet: move these first dates to a day with a rule",
    Cause.SECOND_TOO_SHORT: "import second dates up to the days named",
    Cause.GAP: "import second dates on the days named, or take these first dates away",
    Cause.CLOSED_DAY: "open the day named for second doses, or take these first dates away",
    Cause.SECOND_TOO_SMALL: "import more places for second doses on the days named",
    Cause.OVERLAP: "look at the day: two imports with different lengths of a slot may lie over each other",
    Cause.TWICE: "take the places of one of them away if the site has only one table",
    Cause.HOLIDAY: "if it is closed, take the places of the day away: `crs calendars close`",
    Cause.WEEKEND: "if it is closed, take the places of the day away: `crs calendars close`",
    Cause.NIGHT: "correct the hours in the file and import it again",
    Cause.PAST: "nothing of it is offered; import days that are to come",
}
