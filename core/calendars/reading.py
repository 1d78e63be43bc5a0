"""Reading the calendars that sites send: one row per run of equal slots on one day."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from core.calendars.calendar import PRAGUE, Calendar, Round, Slot
from core.open_data import BadRow, Quarantined, Row, Source, read_table
from core.products import Products

COLUMNS = (
    "site_id",
    "calendar",
    "round",
    "product",
    "links_to",
    "date",
    "from",
    "to",
    "slot_minutes",
    "capacity",
)

# The largest site of 2021 stated 7 000 people for a whole day.
MOST_PLACES_IN_A_SLOT = 1_000


@dataclass(frozen=True, slots=True, order=True)
class SlotDraft:
    """A slot before the store has given it an id; ``begins_at`` in UTC."""

    begins_at: datetime
    capacity: int


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """A calendar before it has an id; its natural key is (site_id, name)."""

    site_id: UUID
    name: str
    round: Round
    product: str
    links_to: str | None
    slots: tuple[SlotDraft, ...]


@dataclass(frozen=True, slots=True)
class CalendarsRead:
    """Calendars in the order of their first row, and the rows that could not be believed."""

    calendars: tuple[CalendarDraft, ...]
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Equal slots from one time to another, in UTC."""

    line_number: int
    begins: datetime
    ends: datetime
    step: timedelta
    capacity: int

    def slots(self) -> list[SlotDraft]:
        count = (self.ends - self.begins) // self.step
        return [SlotDraft(self.begins + n * self.step, self.capacity) for n in range(count)]


@dataclass(slots=True)
class _Heading:
    """What all rows of one calendar have to agree on."""

    line_number: int
    round: Round
    product: str
    links_to: str | None
    runs: dict[date, list[_Run]] = field(default_factory=lambda: defaultdict(list))

    def agree(self, round_: Round, product: str, links_to: str | None) -> None:
        for what, mine, theirs in (
            ("round", self.round, round_),
            ("product", self.product, product),
            ("links_to", self.links_to, links_to),
        ):
            if mine != theirs:
                raise BadRow(
                    f"line {self.line_number} says {what} {mine or 'empty'} for the same calendar, "
                    f"this row {theirs or 'empty'}"
                )


def read_calendars(source: Source, *, sites: Collection[UUID], products: Products) -> CalendarsRead:
    """Read calendars; times are local, and a slot lasts its minutes also on the night the clocks change.

    Links and products are taken as they are written: the linter judges them.
    Raises UnreadableFile for a wrong encoding or missing columns.
    """
    headings: dict[tuple[UUID, str], _Heading] = {}

    def read(row: Row) -> None:
        site_id = _site_id(row, sites)
        name, round_, product = row.filled("calendar"), _round(row), _product(row, products)
        links_to = row["links_to"] or None
        run = _run(row)
        heading = headings.get((site_id, name)) or _Heading(row.line_number, round_, product, links_to)
        heading.agree(round_, product, links_to)
        # A run may cross midnight; only its neighbours can overlap it.
        nearby = (run.begins.date() + timedelta(days=d) for d in (-1, 0, 1))
        for other in (o for day in nearby for o in heading.runs.get(day, ())):
            if run.begins < other.ends and other.begins < run.ends:
                same = (run.begins, run.ends) == (other.begins, other.ends)
                raise BadRow(f"{'repeats' if same else 'overlaps'} line {other.line_number}")
        heading.runs[run.begins.date()].append(run)
        headings[site_id, name] = heading

    _, quarantined = read_table(source, *COLUMNS).sift(read)
    calendars = (
        CalendarDraft(site_id, name, h.round, h.product, h.links_to, _slots(h))
        for (site_id, name), h in headings.items()
    )
    return CalendarsRead(tuple(calendars), tuple(quarantined))


def numbered(drafts: Collection[CalendarDraft]) -> list[Calendar]:
    """Give drafts passing numbers, to pair and lint them before they are stored."""
    calendars: list[Calendar] = []
    slot_id = 0
    for calendar_id, draft in enumerate(drafts, start=1):
        slots: list[Slot] = []
        for slot in draft.slots:
            slot_id += 1
            slots.append(Slot(slot_id, calendar_id, slot.begins_at, slot.capacity))
        calendars.append(
            Calendar(
                calendar_id,
                draft.site_id,
                draft.name,
                draft.round,
                draft.product,
                draft.links_to,
                tuple(slots),
            )
        )
    return calendars


def _slots(heading: _Heading) -> tuple[SlotDraft, ...]:
    return tuple(sorted(s for runs in heading.runs.values() for run in runs for s in run.slots()))


def _site_id(row: Row, sites: Collection[UUID]) -> UUID:
    text = row.filled("site_id")
    try:
        site_id = UUID(text)
    except ValueError:
        raise BadRow(f"site_id {text!r} is not a UUID") from None
    if site_id not in sites:
        raise BadRow(f"there is no site {site_id}; import the sites first")
    return site_id


def _round(row: Row) -> Round:
    try:
        return Round(row.filled("round").upper())
    except ValueError:
        raise BadRow(f"round {row['round']!r} is none of {', '.join(Round)}") from None


def _product(row: Row, products: Products) -> str:
    written = row.filled("product")
    known = products.find(written)
    return known.key if known else written


def _run(row: Row) -> _Run:
    day = row.day("date")
    begins, ends = _instant(row, "from", day), _instant(row, "to", day)
    if begins >= ends:
        raise BadRow(f"from {row['from']} is not before to {row['to']}")
    minutes, capacity = row.number("slot_minutes"), row.number("capacity")
    if minutes == 0:
        raise BadRow("slot_minutes is 0")
    step = timedelta(minutes=min(minutes, 24 * 60))
    if (ends - begins) % step:
        raise BadRow(f"slots of {minutes} minutes do not fill {row['from']} to {row['to']}")
    if not 0 < capacity <= MOST_PLACES_IN_A_SLOT:
        raise BadRow(f"capacity {capacity} is not between 1 and {MOST_PLACES_IN_A_SLOT} places a slot")
    return _Run(row.line_number, begins, ends, step, capacity)


def _instant(row: Row, column: str, day: date) -> datetime:
    """Read a local time of day as UTC; 24:00 is the end of the day."""
    cell = row.filled(column)
    if cell == "24:00":
        day, cell = day + timedelta(days=1), "00:00"
    try:
        local = datetime.combine(day, time.fromisoformat(cell.zfill(5)), PRAGUE)
    except ValueError:
        raise BadRow(f"{column} {cell!r} is not a time (write it as 08:00)") from None
    instant = local.astimezone(UTC)
    if instant.astimezone(PRAGUE).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise BadRow(f"{column} {cell}: the clocks skip this hour on {day}")
    return instant
