"""A register as a file: a CSV that an office exports, read once at the start."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from core.open_data import BadRow, Quarantined, Row, Source, fold, read_table
from core.registers import Name, Record

COLUMNS: Final = ("cislo_pojistence", "jmeno", "prijmeni")
VACCINATED: Final = "ockovan"  # ano or ne; a register that does not know leaves the column out
POSITIVE_ON: Final = "pozitivni_pcr"
_YES_OR_NO: Final = {"ano": True, "1": True, "true": True, "ne": False, "0": False, "false": False, "": False}
_NUMBER: Final = re.compile(r"\d{9,10}")


class FileRegister:
    """Records in memory, by insurance number; rows that cannot be believed are in ``quarantined``."""

    def __init__(self, source: Source) -> None:
        """Read a CSV; raises UnreadableFile."""
        read, self.quarantined = read_file(source)
        self._records = read

    def records(self, number: str) -> tuple[Record, ...]:
        """Everybody under a number."""
        return self._records.get(number, ())

    def __len__(self) -> int:
        return sum(map(len, self._records.values()))


def read_file(source: Source) -> tuple[Mapping[str, tuple[Record, ...]], Sequence[Quarantined]]:
    """Records by number, and the rows set aside; reasons quote no number and no name."""
    rows, quarantined = read_table(source, *COLUMNS).sift(_row)
    records: defaultdict[str, tuple[Record, ...]] = defaultdict(tuple)
    for number, record in rows:
        if record not in records[number]:
            records[number] += (record,)
    return dict(records), quarantined


def _row(row: Row) -> tuple[str, Record]:
    number = re.sub(r"[\s/]", "", row.filled("cislo_pojistence"))
    if not _NUMBER.fullmatch(number):
        raise BadRow("cislo_pojistence is not 9 or 10 digits")
    if (vaccinated := _YES_OR_NO.get(fold(row[VACCINATED]))) is None:
        raise BadRow(f"{VACCINATED} is neither ano nor ne")
    positive_on = row.day(POSITIVE_ON) if row[POSITIVE_ON] else None
    name = Name(row.filled("jmeno"), row.filled("prijmeni"))
    return number, Record(name, vaccinated, positive_on)
