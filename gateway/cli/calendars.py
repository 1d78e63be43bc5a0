"""``crs calendars``: import slots, and say which of them can be booked as pairs."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from core.calendars import Finding, Lint, lint, read_calendars
from core.sites import Site
from core.store.calendars import PRAGUE
from gateway.cli.importing import FILE, tell_quarantined
from gateway.compose import App

MOST_SLOTS_NAMED = 5


@click.group()
def calendars() -> None:
    """Calendars of sites: import them, check that first and second doses pair up."""


@calendars.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Read and judge the file, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE: site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity."""
    with app.store(connections=1) as store, store.begin() as work:
        read = read_calendars(file.read_bytes(), sites=work.sites.all().keys(), products=app.world.products)
        kept = [] if dry_run else work.calendars.merge(read.calendars)
    slots = sum(len(calendar.slots) for calendar in read.calendars)
    click.echo(f"Calendars {len(read.calendars)}, slots {slots}.")
    for words in kept:
        click.echo(f"  kept: {words}")
    tell_quarantined(read.quarantined)
    click.echo(
        "Nothing was changed (--dry-run)." if dry_run else "See what can be booked: `crs calendars check`."
    )


@calendars.command()
@click.option("--site", "site_id", type=click.UUID, help="One site only.")
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]), help="Pretend it is then.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(app: App, site_id: UUID | None, now: datetime | None, as_json: bool) -> None:
    """Count bookable pairs per site and product, and name every slot that cannot be paired."""
    today = (now or datetime.now(app.settings.time_zone)).date()
    with app.store(connections=1) as store, store.begin() as work:
        sites = work.sites.all()
        found = work.calendars.of_sites([site_id] if site_id else None)
    names = {site: {calendar.name for calendar in its} for site, its in found.items()}
    lints = {
        sites[site]: lint(
            its,
            app.world.products,
            today=today,
            elsewhere=set().union(*(names[other] for other in names if other != site)),
        )
        for site, its in found.items()
        if site in sites
    }
    if as_json:
        click.echo(
            json.dumps([_as_json(site, seen) for site, seen in lints.items()], ensure_ascii=False, indent=2)
        )
        return
    for site, seen in sorted(lints.items(), key=lambda pair: pair[0].name):
        _tell(site, seen)
    if not lints:
        click.echo("No calendars: `crs calendars import FILE`.")


def _tell(site: Site, seen: Lint) -> None:
    pairs = ", ".join(f"{product} {count}" for product, count in sorted(seen.pairs_by_product.items()))
    click.echo(f"{site.name} ({site.site_id}): bookable pairs: {pairs or 'none'}")
    for (name, cause), findings in _grouped(seen).items():
        slots = [f"{f.slot.begins_at.astimezone(PRAGUE):%d.%m.%Y %H:%M}" for f in findings if f.slot]
        more = (
            f" and {len(slots) - MOST_SLOTS_NAMED} more (--json names all)"
            if len(slots) > MOST_SLOTS_NAMED
            else ""
        )
        named = f": {', '.join(slots[:MOST_SLOTS_NAMED])}{more}" if slots else ""
        click.echo(f"  {name}: {cause}{named}. {findings[0].words}")


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
