"""A CSV file as an office publishes it: its columns, what is quoted, how lines end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Cells: TypeAlias = tuple[str, ...]
"""One row, in the order of its sheet's columns; what is not known, or not told, is empty."""

_NEEDS_QUOTES: Final = re.compile(r'[,"\r\n]')


@dataclass(frozen=True, slots=True)
class Sheet:
    """UTF-8, commas, no byte order mark: so are the originals that name no other."""

    file_name: str
    columns: Cells
    quoted: frozenset[str] = frozenset()
    """Columns that are quoted even where nothing in them asks for it."""
    line_end: str = "\n"

    @property
    def header(self) -> str:
        return ",".join(self.columns) + self.line_end

    def line(self, cells: Sequence[str]) -> str:
        """Write one row with its end."""
        written = (
            _quoted(cell) if column in self.quoted or _NEEDS_QUOTES.search(cell) else cell
            for column, cell in zip(self.columns, cells, strict=True)
        )
        return ",".join(written) + self.line_end


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
