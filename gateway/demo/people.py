"""Synthetic people of realistic age, name and home, with insurance numbers that hold; nobody real."""

import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from core.geography import Postcodes
from core.insurance_number import Sex, Valid, judge
from core.insurers import INSURERS
from core.programme import age

T = TypeVar("T")

SHARE_80: Final = 0.85  # the others are 70 to 79
LAST_AGE: Final = 99

# The commonest surnames of the country; the file of surnames says which exist, not how often.
COMMON: Final = tuple(
    """
    Novák Svoboda Novotný Dvořák Černý Procházka Kučera Veselý Horák Němec Pokorný Pospíšil Hájek Král
    Jelínek Růžička Beneš Fiala Sedláček Doležal Zeman Kolář Navrátil Čermák Vaněk Urban Kříž Blažek
    """.split()  # noqa: SIM905 - easier to read
)
SHARE_COMMON: Final = 0.5

# Women's names that end like men's.
WOMEN: Final = frozenset({"Dagmar", "Elen", "Ester", "Ingrid", "Karin", "Miriam", "Nikol"})
MEN: Final = frozenset({"Arne", "Nikola", "René", "Saša"})

# Shares of the insured in 2021, in percent.
INSURED: Final = {"111": 56, "201": 7, "205": 12, "207": 7, "209": 2, "211": 12, "213": 4}

# The ranges people's phones are in; the browser's phone is offered another (+420 77…).
PHONE_RANGES: Final = tuple("601 602 603 604 605 606 607 608 721 723 724 731 732".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be vaccinated, with a phone of their own."""

    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    sex: Sex = field(repr=False)
    born: date = field(repr=False)
    insurance_number: str = field(repr=False)
    insurer: str
    psc: str
    phone: str = field(repr=False)  # E.164

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Census:
    """What is known of the people of a country: how old, where, and how they are called."""

    def __init__(self, folder: Path, postcodes: Postcodes) -> None:
        """``folder`` holds the open data (``data/README.md``)."""
        self._folder = folder
        self._postcodes = postcodes

    def people(self, count: int, *, chance: random.Random, today: date) -> list[Person]:
        """Make people up, each with a number and a phone that no other has; the same for the same chance."""
        numbers: set[str] = set()
        phones: set[str] = set()
        made: list[Person] = []
        while len(made) < count:
            person = self.person(chance, today=today)
            if person.insurance_number not in numbers and person.phone not in phones:
                numbers.add(person.insurance_number)
                phones.add(person.phone)
                made.append(person)
        return made

    def person(
        self, chance: random.Random, *, today: date, youngest: int | None = None, psc: str | None = None
    ) -> Person:
        """Make one person up, not younger than ``youngest``."""
        if youngest is None:
            youngest, oldest = (80, LAST_AGE) if chance.random() < SHARE_80 else (70, 79)
        else:
            oldest = LAST_AGE
        ages = range(youngest, oldest + 1)
        years = _weighted(chance, list(ages), [sum(self._population[a].values()) for a in ages])
        born = _birthday(chance, years, today)
        sex = Sex.FEMALE if chance.random() < 0.5 + (years - 65) / 200 else Sex.MALE
        if psc is None:
            districts = self._population[years]
            psc = chance.choice(self._homes[_weighted(chance, list(districts), list(districts.values()))])
        return Person(
            first_name=self._first_name(chance, sex, born),
            last_name=self._last_name(chance, sex),
            sex=sex,
            born=born,
            insurance_number=insurance_number(chance, born, sex, today=today),
            insurer=_weighted(chance, list(INSURERS), [INSURED[code] for code in INSURERS]),
            psc=psc,
            phone=f"+420{chance.choice(PHONE_RANGES)}{chance.randrange(1_000_000):06}",
        )

    def _first_name(self, chance: random.Random, sex: Sex, born: date) -> str:
        names = self._first_names[sex, born.year // 10 * 10]
        return _weighted(chance, list(names), list(names.values()))

    def _last_name(self, chance: random.Random, sex: Sex) -> str:
        name = chance.choice(COMMON if chance.random() < SHARE_COMMON else self._surnames)
        return feminine(name) if sex is Sex.FEMALE else name

    @cached_property
    def _population(self) -> dict[int, dict[str, int]]:
        """People by age and district."""
        return {
            int(row["vek"]): {d: int(row[d]) for d in self._homes if row.get(d)}
            for row in self._rows("populace_vek_okres.csv", ";")
        }

    @cached_property
    def _homes(self) -> dict[str, list[str]]:
        """The PSČ of every district."""
        homes: dict[str, list[str]] = {}
        for postcode in self._postcodes.by_psc.values():
            homes.setdefault(postcode.district, []).append(postcode.psc)
        return homes

    @cached_property
    def _first_names(self) -> dict[tuple[Sex, int], Counter[str]]:
        names: dict[tuple[Sex, int], Counter[str]] = {}
        for row in self._rows("cz_first_names_by_birth_decade_mvcr2017.csv"):
            for column, count in row.items():
                if column.endswith("0s"):
                    key = _sex_of(row["name"]), int(column[:-1])
                    names.setdefault(key, Counter())[row["name"]] += int(count or 0)
        return names

    @cached_property
    def _surnames(self) -> list[str]:
        """Men's surnames whose women's form exists too: that leaves the Czech ones."""
        all_names = {row["prijmeni"] for row in self._rows("cz_surnames_list_mvcr2017.csv")}
        return sorted(n for n in all_names if not n.endswith("á") and feminine(n) in all_names)

    def _rows(self, file: str, delimiter: str = ",") -> Iterator[dict[str, str]]:
        with (self._folder / file).open(encoding="utf-8-sig", newline="") as lines:
            yield from csv.DictReader(lines, delimiter=delimiter)


def insurance_number(chance: random.Random, born: date, sex: Sex, *, today: date) -> str:
    """A birth number of this day: nine digits until 1953, then ten divisible by 11."""
    month = born.month + (50 if sex is Sex.FEMALE else 0)
    day = f"{born:%y}{month:02}{born:%d}"
    while True:
        number = f"{day}{chance.randrange(1, 600):03}"
        if born.year >= 1954:
            number += str(int(number) % 11 % 10)
        verdict = judge(number, today=today)
        if isinstance(verdict, Valid) and (verdict.birth_date, verdict.sex) == (born, sex):
            return number


def feminine(surname: str) -> str:
    """The form a woman bears: Novák Nováková, Černý Černá, Hájek Hájková."""
    for ending, replacement in (("ý", "á"), ("ek", "ková"), ("ec", "cová"), ("a", "ová"), ("o", "ová")):
        if surname.endswith(ending):
            return surname.removesuffix(ending) + replacement
    return surname + "ová"


def _sex_of(first_name: str) -> Sex:
    if first_name in MEN:
        return Sex.MALE
    return Sex.FEMALE if first_name in WOMEN or first_name[-1] in "aáe" else Sex.MALE


def _birthday(chance: random.Random, years: int, today: date) -> date:
    while True:
        born = date(today.year - years, 1, 1) - timedelta(days=chance.randrange(-366, 366))
        if age(born, today) == years:
            return born


def _weighted(chance: random.Random, choices: Sequence[T], weights: Sequence[int]) -> T:
    return chance.choices(choices, weights)[0]
