"""``crs deliveries``: import what vaccine came to which site."""

from pathlib import Path

import click

from core.stock import read_deliveries
from gateway.cli.importing import FILE, tell_quarantined
from gateway.compose import App


@click.group()
def deliveries() -> None:
    """Deliveries of vaccine."""


@deliveries.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Read and judge the file, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE, the open data `ockovani-distribuce`; importing twice changes nothing."""
    read = read_deliveries(file.read_bytes(), app.world.products)
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        added = 0 if dry_run else work.stock.add(read.movements)
    strange = {m.site_id for m in read.movements} - known.keys()
    click.echo(f"Movements {len(read.movements)}, new {added}.")
    if strange:
        click.echo(
            f"{len(strange)} of their sites are not in the registry; their doses are kept all the same."
        )
    tell_quarantined(read.quarantined)
    if dry_run:
        click.echo("Nothing was changed (--dry-run).")
