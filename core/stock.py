"""Vaccine at a site: delivered, passed on, used, wasted, promised."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from typing import TypeAlias
from uuid import UUID

from core.open_data import BadRow, Quarantined, Row, Source, fold, read_table
from core.products import Products

DELIVERY_COLUMNS = (
    "datum",
    "ockovaci_misto_id",
    "cilove_ockovaci_misto_id",
    "ockovaci_latka",
    "akce",
    "pocet_ampulek",
    "pocet_davek",
)
USE_COLUMNS = ("datum", "ockovaci_misto_id", "ockovaci_latka", "pouzite_davky", "znehodnocene_davky")

# The largest delivery of 2021 brought 100 620 doses.
MOST_DOSES_AT_ONCE = 1_000_000

Stock: TypeAlias = dict[tuple[UUID, str], int]
"""Doses per site and product's key."""


class Action(StrEnum):
    """Received from outside (Příjem), or issued (Výdej) to another site or out of our sight."""

    RECEIVED = "Příjem"
    ISSUED = "Výdej"


class Reserve(Enum):
    """What is kept for second doses already promised."""

    FULL = "every one of them"
    ROLLING = "those that announced deliveries will not bring for sure"
    NONE = "nothing; they come with a later delivery"


@dataclass(frozen=True, slots=True)
class Movement:
    """One move of doses; ``key`` is the same whenever the same row is read again."""

    key: str
    moved_on: date
    site_id: UUID
    action: Action
    to_site: UUID | None
    product: str
    vials: int
    doses: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Doses came to a site on a day, from wherever."""

    site_id: UUID
    product: str
    day: date


@dataclass(frozen=True, slots=True)
class Use:
    """Doses used and wasted at a site on one day."""

    site_id: UUID
    product: str
    used_on: date
    used: int
    wasted: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row that is believed, though something in it does not fit."""

    line_number: int
    what: str


@dataclass(frozen=True, slots=True)
class DeliveriesRead:
    """``doubts`` are rows that were read all the same, with what does not fit in them, by line."""

    movements: tuple[Movement, ...]
    quarantined: tuple[Quarantined, ...]
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class UsesRead:
    uses: tuple[Use, ...]
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True)
class Promised:
    """Doses not given yet that reservations of one site and product count on."""

    first: int
    second: int


def read_deliveries(source: Source, products: Products) -> DeliveriesRead:
    """Read ``ockovani-distribuce``; a third of its rows are equal to another, and each of them counts.

    Raises UnreadableFile for a wrong encoding or missing columns.
    """
    occurrences: Counter[tuple[object, ...]] = Counter()

    doubts: list[Doubt] = []

    def read(row: Row) -> Movement:
        facts = _facts(row, products)
        occurrences[facts] += 1
        if what := vials_doubt(row, products):
            doubts.append(Doubt(row.line_number, what))
        return Movement(_key(facts, occurrences[facts]), *facts)

    movements, quarantined = read_table(source, *DELIVERY_COLUMNS).sift(read)
    return DeliveriesRead(tuple(movements), tuple(quarantined), tuple(doubts))


def read_uses(source: Source, products: Products) -> UsesRead:
    """Read ``ockovani-spotreba``."""

    def read(row: Row) -> Use:
        return Use(
            site_in(row, "ockovaci_misto_id"),
            product_in(row, products),
            row.day("datum"),
            doses_in(row, "pouzite_davky"),
            doses_in(row, "znehodnocene_davky"),
        )

    uses, quarantined = read_table(source, *USE_COLUMNS).sift(read)
    return UsesRead(tuple(uses), tuple(quarantined))


def doses_on_hand(movements: Iterable[Movement], uses: Iterable[Use]) -> Stock:
    """Add up what every site should have; below 0 where the reports disagree with each other."""
    stock: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    for m in movements:
        if m.action is Action.RECEIVED:
            stock[m.site_id, m.product] += m.doses
            continue
        stock[m.site_id, m.product] -= m.doses
        if m.to_site is not None:
            stock[m.to_site, m.product] += m.doses
    for use in uses:
        stock[use.site_id, use.product] -= use.used + use.wasted
    return dict(stock)


def uncommitted_courses(
    on_hand: int,
    promised: Promised,
    *,
    doses_per_course: int,
    reserve: Reserve = Reserve.FULL,
    expected: int = 0,
    haircut: float = 0.5,
) -> int:
    """Say how many more people may be promised a whole course, at least 0.

    ``expected`` doses are announced and not here. A rolling reserve counts on them less the ``haircut``, for
    second doses: a first dose is always one that is here.
    """
    spare = on_hand - promised.first - promised.second
    match reserve:
        case Reserve.FULL:
            return max(0, spare) // doses_per_course
        case Reserve.ROLLING:
            coming = int(expected * (1 - haircut))
            return max(0, min((spare + coming) // doses_per_course, on_hand - promised.first))
        case Reserve.NONE:
            return max(0, on_hand - promised.first)


_Facts: TypeAlias = tuple[date, UUID, Action, UUID | None, str, int, int]


def _facts(row: Row, products: Products) -> _Facts:
    doses = doses_in(row, "pocet_davek")
    if doses == 0:
        raise BadRow("pocet_davek is 0: nothing was moved")
    action = _action(row)
    to_site = site_in(row, "cilove_ockovaci_misto_id") if row["cilove_ockovaci_misto_id"] else None
    if action is Action.RECEIVED and to_site is not None:
        raise BadRow("a Příjem names a target site (cilove_ockovaci_misto_id); only a Výdej has one")
    return (
        row.day("datum"),
        site_in(row, "ockovaci_misto_id"),
        action,
        to_site,
        product_in(row, products),
        row.number("pocet_ampulek"),
        doses,
    )


def _key(facts: _Facts, occurrence: int) -> str:
    """Name a row by what it says, and how many equal rows came before; names of sites change, ids do not."""
    text = "|".join("" if f is None else str(f) for f in (*facts, occurrence))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _action(row: Row) -> Action:
    written = row.filled("akce")
    for action in Action:
        if fold(action) == fold(written):
            return action
    raise BadRow(f"akce {written!r} is neither Příjem nor Výdej")


def vials_doubt(row: Row, products: Products) -> str:
    """What does not fit between the vials and the doses of a row; empty when they agree."""
    product = products.by_key[product_in(row, products)]
    vials, doses = row.number("pocet_ampulek"), doses_in(row, "pocet_davek")
    if doses == vials * product.doses_per_vial:
        return ""
    return f"{doses} doses in {vials} vials of {product.name}, which hold {product.doses_per_vial} each"


def product_in(row: Row, products: Products) -> str:
    """The key of the vaccine that a row names."""
    written = row.filled("ockovaci_latka")
    if (product := products.find(written)) is None:
        raise BadRow(f"ockovaci_latka {written!r} is a vaccine we do not know")
    return product.key


def doses_in(row: Row, column: str) -> int:
    """A number of doses that can be believed."""
    doses = row.number(column)
    if doses > MOST_DOSES_AT_ONCE:
        raise BadRow(f"{column} {doses} cannot be right (at most {MOST_DOSES_AT_ONCE})")
    return doses


def site_in(row: Row, column: str) -> UUID:
    """The id of a site, or of a warehouse."""
    text = row.filled(column)
    try:
        return UUID(text)
    except ValueError:
        raise BadRow(f"{column} {text!r} is not a UUID") from None
