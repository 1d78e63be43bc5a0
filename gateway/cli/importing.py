"""What every import and check has in common."""

import getpass
from collections.abc import Collection
from pathlib import Path

import click

from core.open_data import Quarantined
from core.stock import Doubt

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOMENT = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"])
MOST_DOUBTS = 10
UNCHANGED = "Nothing was changed (--dry-run)."


def os_user() -> str:
    """Who is at the keyboard; "somebody" where the system has no name for them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError before Python 3.13
        return "somebody"


by_option = click.option(
    "--by", "who", default=os_user, show_default="you", help="Who decides; kept with it."
)


def tell_doubts(doubts: Collection[Doubt]) -> None:
    """Point out rows that were believed, though something in them does not fit."""
    if doubts:
        click.echo(f"Read all the same, but look at them: {len(doubts)}.")
    for doubt in [*doubts][:MOST_DOUBTS]:
        click.echo(f"  line {doubt.line_number}: {doubt.what}")
    if len(doubts) > MOST_DOUBTS:
        click.echo(f"  and {len(doubts) - MOST_DOUBTS} more")


def tell_quarantined(rows: Collection[Quarantined]) -> None:
    """Name each row that was not imported, and the reason."""
    if rows:
        click.echo(f"Set aside: {len(rows)}. Mend these rows and import the file again:")
    for row in rows:
        click.echo(f"  line {row.line_number}: {row.reason}")
