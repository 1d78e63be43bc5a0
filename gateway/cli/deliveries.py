"""``crs deliveries``: import what vaccine came to which site, and count what is left."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from uuid import UUID

import click

from core.open_data import read_table
from core.stock import DeliveriesRead, Movement, Use, UsesRead, read_deliveries, read_uses
from core.store.stock import Added
from gateway.cli.importing import FILE, UNCHANGED, tell_quarantined
from gateway.compose import App

MOST_SITES_NAMED = 10
USED_COLUMN = "pouzite_davky"


@click.group()
def deliveries() -> None:
    """Deliveries of vaccine: import them, count the doses on hand."""


@deliveries.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE, the open data `ockovani-distribuce`; importing twice changes nothing.

    `ockovani-spotreba`, the doses used and wasted, is recognised by its header and taken off the stock.
    """
    source = file.read_bytes()
    if USED_COLUMN in read_table(source).columns:
        _import_uses(app, read_uses(source, app.world.products), dry_run=dry_run)
    else:
        _import_movements(app, read_deliveries(source, app.world.products), dry_run=dry_run)
    click.echo(UNCHANGED if dry_run else "See what is left: `crs deliveries check`.")


def _import_movements(app: App, read: DeliveriesRead, *, dry_run: bool) -> None:
    known, added = _add(app, read.movements, (), dry_run=dry_run)
    click.echo(f"Movements {len(read.movements)}, new {added.movements}.")
    _tell_strangers(({m.site_id, m.to_site or m.site_id} for m in read.movements), known)
    tell_quarantined(read.quarantined)


def _import_uses(app: App, read: UsesRead, *, dry_run: bool) -> None:
    known, added = _add(app, (), read.uses, dry_run=dry_run)
    click.echo(f"Doses used: rows {len(read.uses)}, days new or corrected {added.uses}.")
    _tell_strangers(({use.site_id} for use in read.uses), known)
    tell_quarantined(read.quarantined)


def _add(
    app: App, movements: Sequence[Movement], uses: Sequence[Use], *, dry_run: bool
) -> tuple[Collection[UUID], Added]:
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all().keys()
        added = work.stock.add(movements, uses)
        if dry_run:
            work.db.rollback()
    return known, added


def _tell_strangers(touched: Iterable[set[UUID]], known: Collection[UUID]) -> None:
    rows: Counter[UUID] = Counter()
    for sites in touched:
        rows.update(sites.difference(known))
    if rows:
        click.echo(f"Sites that are not in the registry: {len(rows)}. Their doses are kept all the same:")
    for site_id, count in rows.most_common(MOST_SITES_NAMED):
        click.echo(f"  {site_id}: rows {count}")
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
