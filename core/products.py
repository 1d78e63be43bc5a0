"""Vaccines: how many doses, and how far apart on which day."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import TypeAlias

from core.open_data import BadRow, Row, Source, UnreadableFile, fold, read_table

_NOISE = {"covid", "19", "vaccine", "vakcina", "and", "a", "by"}
_MAKERS = {"johnson": "janssen", "biontech": "pfizer", "oxford": "astrazeneca"}


@dataclass(frozen=True, slots=True)
class DoseInterval:
    """How many days after the first dose the second may be given, both ends included."""

    days_min: int
    days_max: int

    def window(self, first: date) -> tuple[date, date]:
        """Give the first and last day on which the second dose may be given."""
        opens = first + timedelta(self.days_min)
        return opens, opens if self.days_min == self.days_max else first + timedelta(self.days_max)


IntervalOn: TypeAlias = Callable[[date], DoseInterval | None]
"""The interval for a first dose on a day; None where there is no rule yet."""


@dataclass(frozen=True, slots=True)
class Period:
    """The interval that holds for first doses from one day to another (None: until further notice)."""

    begins: date
    ends: date | None
    interval: DoseInterval


@dataclass(frozen=True, slots=True)
class Product:
    """A vaccine under one key, whatever name a file calls it."""

    key: str
    name: str
    doses: int
    doses_per_vial: int
    words: frozenset[str]
    periods: tuple[Period, ...]

    @classmethod
    def of_one_round(cls, key: str, name: str) -> "Product":
        """What is done once and comes in no vial, such as a test."""
        return cls(key, name, doses=1, doses_per_vial=1, words=_words(name) | {key}, periods=())

    @property
    def is_single_dose(self) -> bool:
        return self.doses == 1

    def interval_on(self, first: date) -> DoseInterval | None:
        """Give the interval for a first dose on this day; where two periods meet, the later one holds."""
        for period in reversed(self.periods):
            if period.begins <= first and (period.ends is None or first <= period.ends):
                return period.interval
        return None


@dataclass(frozen=True, slots=True)
class Products:
    """The vaccines in use, by key."""

    by_key: Mapping[str, Product]

    def __iter__(self) -> Iterator[Product]:
        return iter(self.by_key.values())

    def find(self, name: str) -> Product | None:
        """Recognise a vaccine by its trade name, its maker or both; one foreign word, and it is not."""
        words = _words(name)
        found = [p for p in self if words and words <= p.words]
        return found[0] if len(found) == 1 else None


def load_products(table: Source) -> Products:
    """Load ``vaccine_dose_intervals_cz_2021.csv``: one row per vaccine and period."""
    grouped: dict[str, list[Row]] = {}
    columns = ("vaccine", "doses", "from", "to", "interval_days_min", "interval_days_max", "doses_per_vial")
    for row in read_table(table, *columns).rows:
        grouped.setdefault(row["vaccine"], []).append(row)
    try:
        products = [_product(name, rows) for name, rows in grouped.items()]
    except BadRow as wrong:
        raise UnreadableFile(f"The table of intervals cannot be used: {wrong}") from wrong
    return Products(MappingProxyType({p.key: p for p in products}))


def _product(name: str, rows: list[Row]) -> Product:
    words = _words(name)
    periods = sorted((_period(r) for r in rows if r["interval_days_min"]), key=lambda p: p.begins)
    doses = rows[0].number("doses")
    if doses > 1 and not periods:
        raise BadRow(f"{name} has {doses} doses and no interval")
    return Product(
        key=_key(name),
        name=name,
        doses=doses,
        doses_per_vial=rows[0].number("doses_per_vial"),
        words=words | {alias for alias, maker in _MAKERS.items() if maker in words},
        periods=tuple(periods),
    )


def _period(row: Row) -> Period:
    shortest, longest = row.number("interval_days_min"), row.number("interval_days_max")
    if not 0 < shortest <= longest:
        raise BadRow(f"line {row.line_number}: an interval of {shortest} to {longest} days")
    return Period(row.day("from"), row.day("to") if row["to"] else None, DoseInterval(shortest, longest))


def _key(name: str) -> str:
    """Choose the trade name: in brackets for "COVID-19 Vaccine …", else the first telling word."""
    inner = re.search(r"\((.*)\)", name)
    generic = fold(name).startswith("covid")
    telling = inner.group(1) if generic and inner else name
    words: list[str] = re.findall(r"[a-z0-9]+", fold(telling))
    return next(w for w in words if w not in _NOISE)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", fold(name))) - _NOISE
