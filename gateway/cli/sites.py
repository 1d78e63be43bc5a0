"""``crs sites``: import the registry of sites, and say which sites may be offered."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from core.sites import SitesDiff, diff, read_sites
from gateway.cli.importing import FILE, tell_quarantined
from gateway.compose import App


@click.group()
def sites() -> None:
    """Vaccination sites: import the registry, check what is missing."""


@sites.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE, the open data `prehled-ockovacich-mist`; importing twice changes nothing."""
    read = read_sites(file.read_bytes(), app.world.postcodes)
    with app.store(connections=1) as store, store.begin() as work:
        found = diff(work.sites.all(), read.sites, silent=read.silent, set_aside=read.set_aside)
        if not dry_run:
            work.sites.apply(found, now=datetime.now(UTC))
    _tell(found)
    tell_quarantined(read.quarantined)
    if dry_run:
        click.echo("Nothing was changed (--dry-run).")


def _tell(found: SitesDiff) -> None:
    for site in found.new:
        click.echo(f"+ {site.name}")
    for changed in found.changed:
        click.echo(f"~ {changed.new.name}: {changed.words()}")
    for site in found.gone:
        click.echo(f"- {site.name}")
    click.echo(
        f"New {len(found.new)}, changed {len(found.changed)}, gone {len(found.gone)}, "
        f"unchanged {len(found.unchanged)}."
    )


@sites.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(app: App, as_json: bool) -> None:
    """Say per site whether it may be offered, and what is missing."""
    today = datetime.now(app.settings.time_zone).date()
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        gates = work.calendars.gates(known.values(), app.world, today=today)
    listed = sorted(known.values(), key=lambda site: (not gates[site.site_id].is_open, site.name))
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "site_id": str(site.site_id),
                        "name": site.name,
                        "open": gates[site.site_id].is_open,
                        "missing": [missing.value for missing in gates[site.site_id].missing],
                    }
                    for site in listed
                ],
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    for site in listed:
        click.echo(f"{site.name} ({site.site_id}): {gates[site.site_id].words()}")
    is_open = sum(gates[site.site_id].is_open for site in listed)
    click.echo(
        f"{is_open} of {len(listed)} sites may be offered."
        if listed
        else "No sites: `crs sites import FILE`."
    )
