"""Many rows as one parameter a column: one statement, built and prepared once, whatever their number."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ARRAY, Table, TableValuedAlias, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.types import TypeEngine


def given(**columns: TypeEngine[Any] | type[TypeEngine[Any]]) -> TableValuedAlias:
    """A table of rows that come when the statement runs, as `rows_given` names them."""
    arrays = (cast(bindparam(_named(name)), ARRAY(of)) for name, of in columns.items())
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def inserting(table: Table, *columns: str) -> Insert:
    """Insert rows that come when the statement runs, in their order."""
    rows = given(**{column: table.c[column].type for column in columns})
    return insert(table).from_select(columns, select(*rows.c))


def rows_given(rows: Iterable[Mapping[str, Any]], *columns: str) -> dict[str, list[Any]]:
    """The parameters of `given` for these rows."""
    kept = list(rows)
    return {_named(column): [row[column] for row in kept] for column in columns}


def _named(column: str) -> str:
    # A parameter that is called like a column of the table would be taken for a value to be set.
    return f"given_{column}"
