"""The linter of calendars: how many pairs can be booked, which slots cannot be paired, and why."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from operator import attrgetter

from core.calendars.calendar import PRAGUE, Calendar, Round, Slot
from core.calendars.findings import Cause, Finding
from core.calendars.holidays import holiday
from core.calendars.pairing import match_days
from core.products import IntervalOn, Product, Products


@dataclass(frozen=True, slots=True)
class Lint:
    """What can be booked at one site, per product's key, and what is wrong.

    ``pairs_by_product`` counts free places (for a single-dose product, simply those of V1) whose first date
    can still be chosen; ``room_by_product`` counts as if nothing were taken: whether the calendars make sense
    at all.
    """

    pairs_by_product: dict[str, int]
    room_by_product: dict[str, int]
    findings: tuple[Finding, ...]
    has_first_round: bool

    @property
    def has_broken_link(self) -> bool:
        return any(f.cause.breaks_link for f in self.findings)

    @property
    def has_unknown_product(self) -> bool:
        return any(f.cause is Cause.UNKNOWN_PRODUCT for f in self.findings)

    @property
    def can_serve(self) -> bool:
        """At least one person could have gone through these calendars from today on."""
        return any(self.room_by_product.values())


def lint(
    calendars: Sequence[Calendar],
    products: Products,
    *,
    today: date,
    elsewhere: Collection[str] = (),
    first_from: datetime | None = None,
) -> Lint:
    """Judge the calendars of one site from ``today`` on; ``elsewhere`` are names of other sites' calendars.

    First dates before ``first_from`` can no longer be chosen, and make no pair.
    Calendars that are over altogether are named, and judged no further.
    """
    findings: list[Finding] = []
    pairs: Counter[str] = Counter()
    room: Counter[str] = Counter()
    by_name = {c.name: c for c in calendars}
    linked: dict[str, list[Calendar]] = defaultdict(list)
    first_rounds = 0
    coming_of = {c.calendar_id: coming_from(today, c.slots) for c in calendars}
    for calendar in calendars:
        coming = coming_of[calendar.calendar_id]
        product = products.find(calendar.product)
        if not coming:
            findings.append(Finding(calendar, None, Cause.PAST, f"{calendar.name} has no slot from today on"))
        elif product is None:
            findings.append(_unknown(calendar))
        if calendar.round is not Round.FIRST or not coming:
            continue
        first_rounds += 1
        if product is None:
            continue
        if product.is_single_dose:
            pairs[product.key] += sum(s.free for s in coming if _can_be_chosen(s, first_from))
            room[product.key] += sum(s.capacity for s in coming)
        elif broken := _broken_link(calendar, by_name, elsewhere, products):
            findings += _for_each(calendar, coming, *broken)
            pairs[product.key] += 0
        elif calendar.links_to:
            linked[calendar.links_to].append(calendar)
    for name, firsts in linked.items():
        second = by_name[name]
        judged = _Linked(firsts, second, _known(second, products), coming_of)
        pairs[judged.product.key] += judged.pairs(first_from)
        room[judged.product.key] += judged.room()
        findings += judged.findings()
    named = {c.links_to for c in calendars if c.round is Round.FIRST and not coming_of[c.calendar_id]}
    findings += _never_linked(calendars, named | linked.keys(), products, coming_of)
    return Lint(dict(pairs), dict(room), tuple(findings), first_rounds > 0)


def coming_from(today: date, slots: Sequence[Slot]) -> Sequence[Slot]:
    """The slots from a local day on, of slots in the order of time."""
    midnight = datetime.combine(today, time(), PRAGUE).astimezone(UTC)
    return slots[bisect_left(slots, midnight, key=attrgetter("begins_at")) :]


class _Linked:
    """One V2 calendar with every V1 calendar that links to it: they compete for the same second places.

    A year of slots has few days: each slot is asked for its day once, and each day judged once.
    """

    def __init__(
        self,
        firsts: Sequence[Calendar],
        second: Calendar,
        product: Product,
        coming_of: Mapping[int, Sequence[Slot]],
    ) -> None:
        self.firsts, self.second, self.product = firsts, second, product
        self.interval_on: IntervalOn = product.interval_on
        self.first_coming = [(c, s, s.day) for c in firsts for s in coming_of[c.calendar_id]]
        self.second_coming = [(s, s.day) for s in coming_of[second.calendar_id]]
        self.second_free: Counter[date] = Counter()
        self.second_capacity: Counter[date] = Counter()
        for slot, day in self.second_coming:
            self.second_free[day] += slot.free
            self.second_capacity[day] += slot.capacity
        self.second_days = sorted(self.second_capacity)
        self.first_free: Counter[date] = Counter()
        self.first_capacity: Counter[date] = Counter()
        for _, slot, day in self.first_coming:
            self.first_free[day] += slot.free
            self.first_capacity[day] += slot.capacity
        self._reasons: dict[date, tuple[Cause, str]] = {}

    def pairs(self, first_from: datetime | None) -> int:
        if first_from is None or not self.first_coming:
            return self._served.total()
        first: Counter[date] = Counter()
        for _, slot, day in self.first_coming:
            if slot.begins_at >= first_from:
                first[day] += slot.free
        return match_days(first, self.second_free, self.interval_on).total()

    def room(self) -> int:
        if (self.first_capacity, self.second_capacity) == (self.first_free, self.second_free):
            return self._served.total()  # nothing is taken yet
        return match_days(self.first_capacity, self.second_capacity, self.interval_on).total()

    @cached_property
    def _served(self) -> Counter[date]:
        return match_days(self.first_free, self.second_free, self.interval_on)

    def findings(self) -> Iterator[Finding]:
        served = self._served.copy()
        for calendar, slot, day in self.first_coming:
            paired = min(slot.free, served[day])
            served[day] -= paired
            if lost := slot.free - paired:
                cause, why = self._why(day)
                places = f"{lost} of {slot.free} free places" if paired else f"{lost} free places"
                yield Finding(calendar, slot, cause, f"{places} have no second date: {why}", lost)
        reached = self._reached()
        for slot, day in self.second_coming:
            if slot.free and day not in reached:
                words = f"{slot.free} free places that no first date leads to within the interval"
                yield Finding(self.second, slot, Cause.NEVER_REACHED, words, slot.free)

    def _why(self, day: date) -> tuple[Cause, str]:
        if day not in self._reasons:
            self._reasons[day] = self._reason(day)
        return self._reasons[day]

    def _reason(self, first: date) -> tuple[Cause, str]:
        name = self.second.name
        interval = self.interval_on(first)
        if interval is None:
            return Cause.NO_INTERVAL, f"{self.product.name} has no interval for first doses on {first}"
        opens, closes = interval.window(first)
        window = f"{opens}" if opens == closes else f"{opens} to {closes}"
        last = self.second.slots[-1].day if self.second.slots else None
        if last is None or last < opens:
            ends = f"{name} ends on {last or 'no day at all'}"
            return Cause.SECOND_TOO_SHORT, f"it would be {window}, and {ends}"
        inside = self._days_within(opens, closes)
        if not inside:
            feast = holiday(opens) if opens == closes else None
            return Cause.GAP, f"{name} has no slot on {window}{f', {feast}' if feast else ''}"
        if not any(self.second_capacity[day] for day in inside):
            return Cause.CLOSED_DAY, f"{name} is closed on {window}"
        free = sum(self.second_free[day] for day in inside)
        words = f"{name} has {free} free places on {window}, and other first dates need them"
        return Cause.SECOND_TOO_SMALL, words

    def _reached(self) -> set[date]:
        """Days some first slot leads to, past ones too: their second doses are still to come."""
        reached: set[date] = set()
        for day in {s.day for c in self.firsts for s in c.slots}:
            if interval := self.interval_on(day):
                reached.update(self._days_within(*interval.window(day)))
        return reached

    def _days_within(self, opens: date, closes: date) -> Sequence[date]:
        """The days of second slots in a window, both ends included."""
        days = self.second_days
        return days[bisect_left(days, opens) : bisect_right(days, closes)]


def _can_be_chosen(first: Slot, first_from: datetime | None) -> bool:
    return first_from is None or first.begins_at >= first_from


def _broken_link(
    calendar: Calendar, by_name: dict[str, Calendar], elsewhere: Collection[str], products: Products
) -> tuple[Cause, str] | None:
    mine, name = calendar.name, calendar.links_to
    target = by_name.get(name) if name else None
    if name is None:
        found = Cause.UNLINKED, f"{mine} is not linked to a calendar of second doses"
    elif name == mine:
        found = Cause.LINKS_TO_ITSELF, f"{mine} is linked to itself"
    elif target is None and name in elsewhere:
        found = Cause.LINKS_TO_ANOTHER_SITE, f"{mine} is linked to {name}, a calendar of another site"
    elif target is None:
        found = Cause.LINKS_TO_NOTHING, f"{mine} is linked to {name}, which does not exist"
    elif target.round is not Round.SECOND:
        found = Cause.LINKS_TO_ANOTHER_ROUND, f"{mine} is linked to {name}, which is {target.round}, not V2"
    elif products.find(target.product) != products.find(calendar.product):
        words = f"{mine} is for {calendar.product}, and is linked to {name}, which is for {target.product}"
        found = Cause.LINKS_TO_ANOTHER_PRODUCT, words
    else:
        return None
    return found


def _for_each(calendar: Calendar, slots: Iterable[Slot], cause: Cause, words: str) -> list[Finding]:
    """Name every free slot that the link costs, or the calendar where none is free."""
    lost = [Finding(calendar, s, cause, words, s.free) for s in slots if s.free]
    return lost or [Finding(calendar, None, cause, words)]


def _unknown(calendar: Calendar) -> Finding:
    words = f"{calendar.name} is for {calendar.product!r}, a vaccine we do not know"
    return Finding(calendar, None, Cause.UNKNOWN_PRODUCT, words)


def _never_linked(
    calendars: Iterable[Calendar],
    linked: Collection[str | None],
    products: Products,
    coming_of: Mapping[int, Sequence[Slot]],
) -> Iterator[Finding]:
    for calendar in calendars:
        is_second = calendar.round is Round.SECOND and products.find(calendar.product) is not None
        if is_second and calendar.name not in linked:
            words = f"no calendar of first doses is linked to {calendar.name}"
            lost = (s for s in coming_of[calendar.calendar_id] if s.free)
            yield from (Finding(calendar, s, Cause.NEVER_REACHED, words, s.free) for s in lost)


def _known(calendar: Calendar, products: Products) -> Product:
    product = products.find(calendar.product)
    assert product is not None, calendar  # noqa: S101 - an unknown product was no good link
    return product
