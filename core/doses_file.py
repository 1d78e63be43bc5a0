"""Doses as a site reports them: its file, read and doubted row by row, and whose each dose is.

A reason names the column and never quotes its cell: where columns have slipped, a number of a person may
stand in any of them.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from core.doses import Dose
from core.insurance_number import Impossible
from core.insurance_number import judge as judge_number
from core.open_data import BadRow, Quarantined, Row, Source, UnreadableFile, read_table
from core.products import Products
from core.stock import Doubt, product_in, site_in

COLUMNS: Final = ("datum", "ockovaci_misto_id", "ockovaci_latka", "sarze", "poradi_davky", "ockoval")
WHOSE: Final = ("cislo_pojistence", "rezervace")
"""At least one of them, in the header and in every row."""

FIRST_DOSE_EVER: Final = date(2020, 12, 27)
MOST_DOSES: Final = 2  # of any course that we know
LONGEST_NAME: Final = 80

# EJ6796, 300042698, ABV5811, 4120Z025, 21C10-05: every lot of 2021 is of this form.
_LOT: Final = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9/.-]{2,18}[A-Z0-9]")
_RESERVATION: Final = re.compile(r"#?(\d{1,9})")  # a check-in code is longer

WithCode: TypeAlias = Callable[[str], int | None]
"""Says of a check-in code whose reservation it is."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reported:
    """A dose, and how the site says whose it is."""

    line_number: int
    dose: Dose
    number: str | None = field(repr=False)
    """The insurance number, digits only."""
    reservation_id: int | None
    is_by_code: bool
    """The reservation is proven by its check-in code; a bare number may be a slip."""


@dataclass(frozen=True, slots=True)
class DosesRead:
    reported: tuple[Reported, ...]
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a reservation, and where."""

    number: str = field(repr=False)
    site_id: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """A dose of somebody."""

    line_number: int
    dose: Dose
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DosesOfPeople:
    """Each person's doses in their order, people in that of the file; ``repeats`` are rows said before."""

    people: tuple[tuple[Claim, ...], ...]
    repeats: tuple[Doubt, ...]
    quarantined: tuple[Quarantined, ...]


def read_doses(
    source: Source, *, sites: Collection[UUID], products: Products, today: date, with_code: WithCode
) -> DosesRead:
    """Read the file of a site, or of several.

    Raises UnreadableFile for a wrong encoding or missing columns.
    """
    table = read_table(source)
    missing = [column for column in COLUMNS if column not in table.columns]
    if not any(column in table.columns for column in WHOSE):
        missing.append(" or ".join(WHOSE))
    if missing:
        # What stands in the first line instead may be a person.
        raise UnreadableFile(
            f"The header lacks {', '.join(missing)}. Is it the right file? The columns needed are "
            f"{','.join(COLUMNS)} and at least one of {','.join(WHOSE)}."
        )

    def read(row: Row) -> Reported:
        dose = _dose(row, sites, products, today)
        reservation_id, is_by_code = _reservation(row, with_code)
        number = _number(row, today)
        if number is None and reservation_id is None:
            raise BadRow(f"neither {' nor '.join(WHOSE)} says whose dose it is")
        return Reported(row.line_number, dose, number, reservation_id, is_by_code)

    reported, quarantined = table.sift(read)
    return DosesRead(tuple(reported), tuple(quarantined))


def by_person(reported: Iterable[Reported], holders: Mapping[int, Holder]) -> DosesOfPeople:
    """Put together what is said of each person, however the rows name her."""
    of_person: defaultdict[str, list[Claim]] = defaultdict(list)
    repeats: list[Doubt] = []
    aside: list[Quarantined] = []
    for each in reported:
        try:
            claim = Claim(each.line_number, each.dose, _whose(each, holders))
        except BadRow as why:
            aside.append(Quarantined(each.line_number, {}, str(why)))
            continue
        known = of_person[claim.number]
        if same := next((other for other in known if other.dose == claim.dose), None):
            repeats.append(Doubt(claim.line_number, f"the same dose as in line {same.line_number}"))
        else:
            known.append(claim)
    people = (sorted(claims, key=_in_order) for claims in of_person.values())
    return DosesOfPeople(tuple(tuple(claims) for claims in people if claims), tuple(repeats), tuple(aside))


def _in_order(claim: Claim) -> tuple[int, date, int]:
    return claim.dose.number, claim.dose.given_on, claim.line_number


def _whose(reported: Reported, holders: Mapping[int, Holder]) -> str:
    if reported.reservation_id is None:
        assert reported.number, "the reader asks for one of the two"  # noqa: S101
        return reported.number
    holder = holders.get(reported.reservation_id)
    if holder is None:
        raise BadRow("rezervace is no reservation for vaccination")
    if reported.number not in (None, holder.number):
        raise BadRow("cislo_pojistence is not that of whose reservation it is")
    if not reported.is_by_code and holder.site_id != reported.dose.site_id:
        raise BadRow("rezervace is one of another site; write its check-in code if it is meant")
    return holder.number


def _dose(row: Row, sites: Collection[UUID], products: Products, today: date) -> Dose:
    given_on = _unquoted("datum", "is not a date (write it as 2021-01-22)", lambda: row.day("datum"))
    if given_on > today:
        raise BadRow("datum is in the future")
    if given_on < FIRST_DOSE_EVER:
        raise BadRow(f"datum is before {FIRST_DOSE_EVER}, when nobody was vaccinated yet")
    site_id = _unquoted(
        "ockovaci_misto_id", "is not the id of a site", lambda: site_in(row, "ockovaci_misto_id")
    )
    if site_id not in sites:
        raise BadRow("ockovaci_misto_id is no site of the registry (bring it in: `crs sites import FILE`)")
    number = _unquoted("poradi_davky", "is not a whole number", lambda: row.number("poradi_davky"))
    if not 1 <= number <= MOST_DOSES:
        raise BadRow(f"poradi_davky is not from 1 to {MOST_DOSES}")
    return Dose(
        number=number,
        product=_unquoted("ockovaci_latka", "is a vaccine we do not know", lambda: product_in(row, products)),
        given_on=given_on,
        site_id=site_id,
        lot=_lot(row),
        given_by=_given_by(row),
    )


def _lot(row: Row) -> str:
    lot = row.filled("sarze").upper()
    if not _LOT.fullmatch(lot):
        raise BadRow("sarze is no lot: 4 to 20 letters and digits, at least one of them a digit")
    return lot


def _given_by(row: Row) -> str:
    name = row.filled("ockoval")
    if len(name) > LONGEST_NAME:
        raise BadRow(f"ockoval is longer than {LONGEST_NAME} characters")
    return name


def _number(row: Row, today: date) -> str | None:
    if not row["cislo_pojistence"]:
        return None
    verdict = judge_number(row["cislo_pojistence"], today=today)
    if isinstance(verdict, Impossible):
        raise BadRow(f"cislo_pojistence is no insurance number ({verdict.reason.value})")
    return verdict.number


def _reservation(row: Row, with_code: WithCode) -> tuple[int | None, bool]:
    written = row["rezervace"]
    if not written:
        return None, False
    if bare := _RESERVATION.fullmatch(written):
        return int(bare[1]), False
    if (reservation_id := with_code(written)) is None:
        raise BadRow("rezervace is neither a check-in code nor the number of a reservation")
    return reservation_id, True


def _unquoted(column: str, otherwise: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except BadRow as wrong:
        is_empty = str(wrong) == f"{column} is empty"
        raise BadRow(str(wrong) if is_empty else f"{column} {otherwise}") from None
