"""Many rows as one parameter a column: one statement, built and prepared once, whatever their number."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ARRAY, TableValuedAlias, bindparam, cast, func
from sqlalchemy.types import TypeEngine


def given(**columns: TypeEngine[Any] | type[TypeEngine[Any]]) -> TableValuedAlias:
    """A table of rows that come when the statement runs, as `rows_given` names them."""
    arrays = (cast(bindparam(_named(name)), ARRAY(of)) for name, of in columns.items())
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def rows_given(rows: Iterable[Mapping[str, Any]], *columns: str) -> dict[str, list[Any]]:
    """The parameters of `given` for these rows."""
    kept = list(rows)
    return {_named(column): [row[column] for row in kept] for column in columns}


def _named(column: str) -> str:
    # A parameter that is called like a column of the table would be taken for a value to be set.
    return f"given_{column}"
