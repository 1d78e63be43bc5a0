"""``crs calendars``: import slots, and say which of them can be booked as pairs."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from core.calendars import Finding, Lint, lint, read_calendars
from core.calendars.calendar import PRAGUE
from core.sites import Site
from core.store.calendars import Merged
from gateway.cli.importing import FILE, MOMENT, UNCHANGED, tell_quarantined
from gateway.compose import App

MOST_SLOTS_NAMED = 5


@click.group()
def calendars() -> None:
    """Calendars of sites: import them, check that first and second doses pair up."""


@calendars.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE: site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity.

    Times are local. Slots that the file does not name stay, and so does every place that somebody holds.
    """
    source = file.read_bytes()
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        read = read_calendars(source, sites=known.keys(), products=app.world.products)
        merged = work.calendars.merge(read.calendars)
        if dry_run:
            work.db.rollback()
    _tell_merged(merged, known)
    tell_quarantined(read.quarantined)
    click.echo(UNCHANGED if dry_run else "See what can be booked: `crs calendars check`.")


def _tell_merged(merged: Merged, known: dict[UUID, Site]) -> None:
    click.echo(
        f"Calendars new {merged.new_calendars}, changed {merged.changed_calendars}; "
        f"slots new {merged.new_slots}, changed {merged.changed_slots}."
    )
    if merged.kept:
        click.echo(f"Kept as it was: {len(merged.kept)}.")
    for kept in merged.kept:
        click.echo(f"  {known[kept.site_id].name}, {kept.calendar}: {kept.words}")


@calendars.command()
@click.option("--site", "site_id", type=click.UUID, help="One site only.")
@click.option("--now", type=MOMENT, help="Pretend it is then.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(app: App, site_id: UUID | None, now: datetime | None, as_json: bool) -> None:
    """Count bookable pairs per site and product, and name every slot that cannot be paired."""
    today = (now or datetime.now(app.settings.time_zone)).date()
    with app.store(connections=1) as store, store.begin() as work:
        sites = work.sites.all()
        if site_id is not None and site_id not in sites:
            raise click.ClickException(f"There is no site {site_id}. `crs sites check` names them all.")
        found = work.calendars.of_sites([site_id] if site_id else sites.keys())
        names = work.calendars.names()
    judged = [
        (sites[site], lint(its, app.world.products, today=today, elsewhere=names))
        for site, its in sorted(found.items(), key=lambda pair: sites[pair[0]].name)
    ]
    if as_json:
        click.echo(json.dumps([_as_json(*one) for one in judged], ensure_ascii=False, indent=2))
        return
    for site, seen in judged:
        _tell(site, seen)
    if not judged:
        click.echo("There are no calendars yet. Bring them in: `crs calendars import FILE`.")


def _tell(site: Site, seen: Lint) -> None:
    pairs = ", ".join(f"{product} {count}" for product, count in sorted(seen.pairs_by_product.items()))
    click.echo(f"{site.name} ({site.site_id}): bookable pairs: {pairs or 'none'}")
    for (name, cause), findings in _grouped(seen).items():
        click.echo(f"  {name}, {cause}{_slots(findings)}")
        for words in dict.fromkeys(f.words for f in findings[:MOST_SLOTS_NAMED]):
            click.echo(f"    {words}")


def _slots(findings: list[Finding]) -> str:
    slots = [f"{f.slot.begins_at.astimezone(PRAGUE):%d.%m.%Y %H:%M}" for f in findings if f.slot]
    left = len(slots) - MOST_SLOTS_NAMED
    more = f" and {left} more (--json names all)" if left > 0 else ""
    return f": {', '.join(slots[:MOST_SLOTS_NAMED])}{more}" if slots else ""


def _grouped(seen: Lint) -> dict[tuple[str, str], list[Finding]]:
    grouped: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in seen.findings:
        grouped[finding.calendar.name, finding.cause.value].append(finding)
    return grouped


def _as_json(site: Site, seen: Lint) -> dict[str, object]:
    return {
        "site_id": str(site.site_id),
        "name": site.name,
        "pairs": seen.pairs_by_product,
        "findings": [
            {
                "calendar": finding.calendar.name,
                "slot": finding.slot.begins_at.astimezone(PRAGUE).isoformat() if finding.slot else None,
                "cause": finding.cause.value,
                "words": finding.words,
            }
            for finding in seen.findings
        ],
    }
