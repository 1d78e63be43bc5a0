"""``crs deliveries``: import what vaccine came to which site, and count what is left."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from uuid import UUID

import click

from core.stock import Movement, read_deliveries
from gateway.cli.importing import FILE, UNCHANGED, tell_quarantined
from gateway.compose import App

MOST_SITES_NAMED = 10


@click.group()
def deliveries() -> None:
    """Deliveries of vaccine: import them, count the doses on hand."""


@deliveries.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE, the open data `ockovani-distribuce`; importing twice changes nothing."""
    read = read_deliveries(file.read_bytes(), app.world.products)
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        added = work.stock.add(read.movements)
        if dry_run:
            work.db.rollback()
    click.echo(f"Movements {len(read.movements)}, new {added.movements}.")
    _tell_strangers(read.movements, known.keys())
    tell_quarantined(read.quarantined)
    click.echo(UNCHANGED if dry_run else "See what is left: `crs deliveries check`.")


def _tell_strangers(movements: Iterable[Movement], known: Collection[UUID]) -> None:
    rows: Counter[UUID] = Counter()
    for movement in movements:
        touched = {movement.site_id, movement.to_site or movement.site_id}
        rows.update(touched.difference(known))
    if rows:
        click.echo(f"Sites that are not in the registry: {len(rows)}. Their doses are kept all the same:")
    for site_id, count in rows.most_common(MOST_SITES_NAMED):
        click.echo(f"  {site_id}: movements {count}")
    if len(rows) > MOST_SITES_NAMED:
        click.echo(f"  and {len(rows) - MOST_SITES_NAMED} more")


@deliveries.command()
@click.option("--site", "site_id", type=click.UUID, help="One site only.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(app: App, site_id: UUID | None, as_json: bool) -> None:
    """Count the doses on hand per site and product; below 0 where the reports disagree."""
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        stock = work.stock.everywhere()
    listed = sorted(
        (known[site].name, str(site), product, doses)
        for (site, product), doses in stock.items()
        if site in known and site_id in {None, site}
    )
    if as_json:
        columns = ("name", "site_id", "product", "doses")
        rows = [dict(zip(columns, row, strict=True)) for row in listed]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for name, site, product, doses in listed:
        click.echo(f"{name} ({site}): {product} {doses}")
    if not listed:
        click.echo("No doses at a known site yet. Bring them in: `crs deliveries import FILE`.")
