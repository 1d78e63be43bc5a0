"""``crs sites``: import the registry of sites, and say which sites may be offered."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from core.sites import Gate, Origin, Site, SitesDiff, SitesRead, read_registry
from core.sites.reading import PlacedBy
from core.store.held_changes import Questions
from gateway.cli.importing import FILE, MOMENT, UNCHANGED, by_option, tell_quarantined
from gateway.cli.site_names import named
from gateway.cli.sites_held import approve, held, history
from gateway.cli.sites_opening import open_, pause, reopen
from gateway.compose import App


@click.group()
def sites() -> None:
    """Vaccination sites: the registry, what of it is in doubt, and when a site vaccinates."""


@sites.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@by_option
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool, who: str) -> None:
    """Bring in FILE, `prehled-ockovacich-mist` or `odberova_mista`; importing twice changes nothing.

    What could offer, move or close a site by mistake is held until somebody approves it: `crs sites held`.
    """
    read = read_registry(file.read_bytes(), app.world.postcodes)
    if not read.sites:
        tell_quarantined(read.quarantined)
        # Taken at its word, such a file would close every site.
        raise click.ClickException("The file has no site that can be read. Nothing was changed.")
    now = datetime.now(UTC)
    with app.store(connections=1) as store, store.begin() as work:
        comparison = work.site_imports.compare(read, now=now)
        if not dry_run:
            work.site_imports.carry_out(comparison, Origin(who, file.name), now=now)
    _tell(comparison.safe)
    _tell_held(comparison.questions)
    _tell_placed(read)
    tell_quarantined(read.quarantined)
    if dry_run:
        click.echo(UNCHANGED)


def _tell(found: SitesDiff) -> None:
    for site in found.new:
        click.echo(f"+ {named(site)}")
    for changed in found.changed:
        click.echo(f"~ {named(changed.new)}: {changed.words()}")
    for site in found.gone:
        click.echo(f"- {named(site)}")
    click.echo(
        f"New {len(found.new)}, changed {len(found.changed)}, gone {len(found.gone)}, "
        f"unchanged {len(found.unchanged)}."
    )


def _tell_held(questions: Questions) -> None:
    for each in questions.fresh:
        click.echo(f"? {named(each.old)}, {each.doubt}: {each.words}")
    held = {
        "held now": len(questions.fresh),
        "held before": len(questions.waiting),
        "rejected before": len(questions.rejected),
        "not in question any more": len(questions.over),
    }
    if any(held.values()):
        told = ", ".join(f"{words} {count}" for words, count in held.items() if count)
        click.echo(f"To be looked at: {told}. See `crs sites held`.")


def _tell_placed(read: SitesRead) -> None:
    others = {by: count for by, count in read.placed.items() if by is not PlacedBy.COORDINATES}
    if others:
        told = ", ".join(f"by {by} {count}" for by, count in sorted(others.items()))
        click.echo(f"Placed on the map without coordinates of their own: {told}.")


@sites.command()
@click.option("--now", type=MOMENT, help="Pretend it is then.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(app: App, now: datetime | None, as_json: bool) -> None:
    """Say per site whether it may be offered, and what is missing."""
    today = (now or datetime.now(app.settings.time_zone)).date()
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        gates = work.calendars.gates(known.values(), app.world, today=today)
    listed = sorted(known.values(), key=lambda site: (not gates[site.site_id].is_open, site.name))
    if as_json:
        click.echo(json.dumps([_as_json(s, gates[s.site_id]) for s in listed], ensure_ascii=False, indent=2))
    elif listed:
        _judge(listed, gates)
    else:
        click.echo("There are no sites yet. Bring them in: `crs sites import FILE`.")


def _judge(listed: Sequence[Site], gates: Mapping[UUID, Gate]) -> None:
    for site in listed:
        click.echo(f"{named(site)}: {gates[site.site_id].words()}")
    may = sum(gates[site.site_id].is_open for site in listed)
    click.echo(f"{may} of {len(listed)} sites may be offered.")


def _as_json(site: Site, gate: Gate) -> dict[str, object]:
    return {
        "site_id": str(site.site_id),
        "name": site.name,
        "open": gate.is_open,
        "missing": [missing.value for missing in gate.missing],
    }


for _command in (held, approve, history, open_, pause, reopen):
    sites.add_command(_command)
