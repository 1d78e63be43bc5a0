"""The insurers are those of the open data."""

import csv
from pathlib import Path

from core.insurers import INSURERS, Insurer

DATA = Path(__file__).parents[2] / "data"


def test_the_seven_insurers_are_those_of_the_file() -> None:
    with (DATA / "health_insurers_cz.csv").open(encoding="utf-8-sig") as file:
        rows = [Insurer(row["kod"], row["zkratka"], row["nazev"]) for row in csv.DictReader(file)]
    assert list(INSURERS.values()) == rows
    assert len(INSURERS) == 7
