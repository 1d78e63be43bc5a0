"""Tables as offices publish them: which rows can be read, and which are set aside and why."""

import csv
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias, TypeVar

Source: TypeAlias = bytes | str | Iterable[str]
"""A whole file as bytes or text, or its lines; never a path."""

T = TypeVar("T")

MOST_LINES_IN_A_ROW = 20


class UnreadableFile(Exception):
    """The file as a whole is not what it should be; the message says what to do about it."""


class BadRow(Exception):
    """One row cannot be believed; the message is the reason in words."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row set aside, with the line it begins on (the header is line 1)."""

    line_number: int
    row: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row; every cell is stripped, a column the file does not have reads as empty."""

    line_number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def filled(self, column: str) -> str:
        """Give the cell, or refuse the row when it is empty."""
        if not (cell := self[column]):
            raise BadRow(f"{column} is empty")
        return cell

    def number(self, column: str) -> int:
        """Read a whole number, not negative."""
        cell = self.filled(column)
        if not (cell.isascii() and cell.isdigit()):
            raise BadRow(f"{column} {cell!r} is not a whole number")
        return int(cell)

    def day(self, column: str) -> date:
        """Read a date written 2021-01-22 or 22.1.2021."""
        cell = self.filled(column)
        for form in ("%Y-%m-%d", "%d.%m.%Y"):
            try:
                return datetime.strptime(cell.replace(" ", ""), form).date()  # noqa: DTZ007 - only its date is used
            except ValueError:
                continue
        raise BadRow(f"{column} {cell!r} is not a date (write it as 2021-01-22)")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file, and those whose very form is broken."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    broken: tuple[Quarantined, ...]

    def sift(self, read: Callable[[Row], T]) -> tuple[list[T], list[Quarantined]]:
        """Read every row; those that ``read`` refuses with BadRow are quarantined, in the order of lines."""
        taken: list[T] = []
        aside = list(self.broken)
        for row in self.rows:
            try:
                taken.append(read(row))
            except BadRow as why:
                aside.append(Quarantined(row.line_number, row.cells, str(why)))
        return taken, sorted(aside, key=lambda q: q.line_number)


def read_table(source: Source, *required: str) -> Table:
    """Read a file with a header, separated by commas, semicolons or tabs; UTF-8, with or without BOM.

    Raises UnreadableFile for another encoding, or when a required column is missing; without any
    required the header is taken as it is.
    """
    lines = list(_lines(source))
    if not lines or not lines[0].strip():
        raise UnreadableFile(f"The file is empty; it should begin with a header: {','.join(required)}")
    columns, separator = _header(lines[0], required)
    rows: list[Row] = []
    broken: list[Quarantined] = []
    at = 1
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        cells, used = _cells(lines, at, separator)
        named = dict(zip(columns, (" ".join(c.split()) for c in cells), strict=False))
        if reason := _malformed(cells, columns, lines[at]):
            broken.append(Quarantined(at + 1, {**named, "": lines[at].rstrip("\r\n")}, reason))
        else:
            rows.append(Row(at + 1, named))
        at += used
    return Table(columns, tuple(rows), tuple(broken))


def fold(text: str) -> str:
    """Compare names without accents, case and doubled spaces."""
    bare = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join("".join(bare).casefold().split())


def refuse_no_text(raw: bytes) -> None:
    """Raise UnreadableFile where the first bytes are those of something else than text in UTF-8."""
    if raw.startswith(b"\x1f\x8b"):
        raise UnreadableFile("The file is packed (gzip). Unpack it first: gunzip FILE")
    if raw.startswith(b"PK\x03\x04"):
        raise UnreadableFile("The file is a workbook or another archive. Save the table as CSV in UTF-8.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile("The file is in UTF-16. Save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW")


def _lines(source: Source) -> Iterator[str]:
    if isinstance(source, bytes):
        source = _decoded(source)
    if isinstance(source, str):
        source = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = True
    for line in source:
        yield line.removeprefix("\ufeff") if first else line
        first = False


def _decoded(raw: bytes) -> str:
    refuse_no_text(raw)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise UnreadableFile(
            f"The file is not in UTF-8 (line {line}). If a Czech spreadsheet wrote it, save it again: "
            "iconv -f WINDOWS-1250 -t UTF-8 FILE > NEW"
        ) from wrong


def _header(line: str, required: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    best: tuple[str, ...] = ()
    best_separator = ","
    for separator in (",", ";", "\t"):
        columns = tuple(c.strip() for c in next(csv.reader([line.rstrip("\r\n")], delimiter=separator)))
        if required and set(required) <= set(columns):
            return columns, separator
        if len(columns) > len(best):
            best, best_separator = columns, separator
    missing = [c for c in required if c not in best]
    if not missing:
        return best, best_separator
    raise UnreadableFile(
        f"The header lacks {', '.join(missing)}. It has {', '.join(best)}. "
        f"Is it the right file? The columns needed are {','.join(required)}"
    )


def _cells(lines: list[str], at: int, separator: str) -> tuple[list[str], int]:
    """Split one row, and say how many lines it took; a quote that is never closed costs only its own line."""
    for used in range(1, MOST_LINES_IN_A_ROW + 1):
        text = "\n".join(line.rstrip("\r\n") for line in lines[at : at + used])
        if text.count('"') % 2 == 0:
            return _split(text, separator), used
        if at + used >= len(lines):
            break
    return _split(lines[at].rstrip("\r\n"), separator), 1


def _split(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(text.splitlines(keepends=True), delimiter=separator), [])
    except csv.Error:
        return []


def _malformed(cells: list[str], columns: tuple[str, ...], line: str) -> str | None:
    if "\0" in line:
        return "the line contains a NUL character"
    if len(cells) != len(columns):
        quote = " (a quotation mark is not closed)" if line.count('"') % 2 else ""
        return f"the row has {len(cells)} cells where the header has {len(columns)}{quote}"
    if line.count('"') % 2 and not any("\n" in c for c in cells):
        return "a quotation mark is not closed"
    return None
