"""What every import says: which rows were set aside and why."""

from collections.abc import Collection
from pathlib import Path

import click

from core.open_data import Quarantined

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def tell_quarantined(rows: Collection[Quarantined]) -> None:
    """Name each row that was not imported, and the reason."""
    if rows:
        click.echo(f"Set aside: {len(rows)}. Mend these rows and import the file again:")
    for row in rows:
        click.echo(f"  line {row.line_number}: {row.reason}")
