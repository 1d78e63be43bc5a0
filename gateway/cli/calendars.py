"""``crs calendars``: import slots, say which of them can be booked as pairs, and mend what is in the way."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from core.calendars import read_calendars
from core.sites import Site
from core.store.calendars import Merged
from core.store.live_calendars import ChangedFrom
from gateway.cli.calendars_check import check
from gateway.cli.calendars_close import close
from gateway.cli.calendars_report import report
from gateway.cli.importing import FILE, UNCHANGED, tell_quarantined
from gateway.compose import App


@click.group()
def calendars() -> None:
    """Calendars of sites: import them, check that first and second doses pair up."""


@calendars.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--from",
    "begins",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day from which the file holds: until then calendars stay, from then on successors follow them.",
)
@click.pass_obj
def import_(app: App, *, file: Path, dry_run: bool, begins: datetime | None) -> None:
    """Bring in FILE: site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity.

    Times are local. Slots that the file does not name stay, and so does every place that somebody holds.
    """
    source = file.read_bytes()
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all()
        read = read_calendars(source, sites=known.keys(), products=app.world.services.products)
        if begins is None:
            changed = ChangedFrom(work.calendars.merge(read.calendars), (), 0)
        else:
            changed = work.live_calendars.change_from(read.calendars, begins.date())
        if dry_run:
            work.db.rollback()
    _tell_merged(changed.merged, known)
    _tell_followed(changed, known)
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


def _tell_followed(changed: ChangedFrom, known: dict[UUID, Site]) -> None:
    for site_id, old, new in changed.followed:
        click.echo(f"  {known[site_id].name}, {old}: followed by {new}")
    if changed.taken_away:
        click.echo(f"Free places of the old ones taken away: {changed.taken_away}.")


for _command in (check, close, report):
    calendars.add_command(_command)
