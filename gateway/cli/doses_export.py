"""``crs doses export``: a file for ISIN, with insurance numbers in it."""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from core import isin
from core.products import Products
from core.store.doses import GIVEN, Reportable
from gateway.cli.importing import by_option
from gateway.cli.private_file import private_file
from gateway.compose import App

EXPORTED: Final = "doses exported to ISIN"
_OUT: Final = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    required=True,
    help="What was recorded or withdrawn from this day (or minute) on, in local time.",
)
@click.option("--out", type=_OUT, required=True, help="A new file; only you will be able to read it.")
@by_option
@click.pass_obj
def export(app: App, *, since: datetime, out: Path, who: str) -> None:
    """Write the doses recorded or withdrawn since then, for ISIN.

    There are insurance numbers in the file: it is for its owner only, there as a whole or not at all, and
    who has exported it is kept in the audit. What was withdrawn stands in it as cancelled.
    """
    begins = since.replace(tzinfo=app.settings.time_zone)
    if begins > datetime.now(UTC):
        raise click.BadParameter("that is in the future", param_hint="--since")
    count = 0
    with private_file(out) as file, app.store(connections=1) as store, store.begin() as work:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(isin.COLUMNS)
        length = work.doses.count_changed_since(begins)
        with click.progressbar(length=length, label="Doses", file=sys.stderr, update_min_steps=1_000) as bar:
            for each in work.doses.changed_since(begins):
                rows.writerow(_row(each, app.world.products))
                count += 1
                bar.update(1)
        work.audit.note(who, f"{EXPORTED}: {count} since {begins:%Y-%m-%d %H:%M}", now=datetime.now(UTC))
        file.flush()
    click.echo(f"Doses {count}, in {out}. Send it safely and delete it: there are insurance numbers in it.")


def _row(each: Reportable, products: Products) -> tuple[str, ...]:
    return isin.row(
        each.recorded.dose,
        dose_id=each.recorded.dose_id,
        is_withdrawn=each.recorded.state != GIVEN,
        number=each.number,
        first_name=each.first_name,
        last_name=each.last_name,
        birth_date=each.birth_date,
        insurer=each.insurer,
        site_name=each.site_name,
        nrpzs_code=each.nrpzs_code,
        products=products,
    )
