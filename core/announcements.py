"""Deliveries that were announced: what a site may expect on which day, until they come or are cut."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.open_data import BadRow, Quarantined, Row, Source, read_table
from core.products import Products
from core.stock import Doubt, doses_in, product_in, site_in, vials_doubt

COLUMNS = ("datum", "ockovaci_misto_id", "ockovaci_latka", "pocet_ampulek", "pocet_davek")


@dataclass(frozen=True, slots=True)
class Announced:
    """Doses that are to come to a site on a day; 0 takes an earlier announcement back."""

    site_id: UUID
    product: str
    due_on: date
    doses: int


@dataclass(frozen=True, slots=True)
class AnnouncedRead:
    deliveries: tuple[Announced, ...]
    quarantined: tuple[Quarantined, ...]
    doubts: tuple[Doubt, ...]


def read_announced(source: Source, products: Products, *, today: date) -> AnnouncedRead:
    """Read a file of expected deliveries: the columns of ``ockovani-distribuce`` without what moved where.

    One row for each site, vaccine and day. Raises UnreadableFile for a wrong encoding or missing columns.
    """
    lines: dict[tuple[UUID, str, date], int] = {}
    doubts: list[Doubt] = []

    def read(row: Row) -> Announced:
        what = Announced(
            site_in(row, "ockovaci_misto_id"),
            product_in(row, products),
            row.day("datum"),
            doses_in(row, "pocet_davek"),
        )
        if what.due_on < today:
            raise BadRow(f"datum {what.due_on} is past: import what came with `crs deliveries import`")
        key = (what.site_id, what.product, what.due_on)
        if (line := lines.setdefault(key, row.line_number)) != row.line_number:
            raise BadRow(f"the same site, vaccine and day as in line {line}: write them in one row")
        if doubt := vials_doubt(row, products):
            doubts.append(Doubt(row.line_number, doubt))
        return what

    deliveries, quarantined = read_table(source, *COLUMNS).sift(read)
    return AnnouncedRead(tuple(deliveries), tuple(quarantined), tuple(doubts))
