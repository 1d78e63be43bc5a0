"""``crs calendars close``: take the free places of a day away."""

from datetime import UTC, datetime

import click

from core.open_data import fold
from gateway.cli.importing import UNCHANGED
from gateway.cli.site_names import find_site
from gateway.compose import App


@click.command()
@click.argument("site_named", metavar="SITE")
@click.argument("calendar_named", metavar="CALENDAR")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.option("--dry-run", is_flag=True, help="Show what would be closed, and change nothing.")
@click.pass_obj
def close(app: App, *, site_named: str, calendar_named: str, day: datetime, by: str, dry_run: bool) -> None:
    """Close DAY (2021-04-05) of CALENDAR at SITE (its id, or words of its name).

    Nobody can book there any more; whoever has a date keeps it, and has to be moved.
    """
    closed_on = day.date()
    with app.store(connections=1) as store, store.begin() as work:
        site = find_site(work.sites.all().values(), site_named)
        names = [calendar.name for calendar in work.calendars.headings(site.site_id)]
        meant = [name for name in names if fold(name) == fold(calendar_named)]
        if not meant:
            known = ", ".join(names) or "none yet"
            raise click.ClickException(
                f"{site.name} has no calendar {calendar_named!r}. Its calendars are: {known}."
            )
        name = calendar_named if calendar_named in meant else meant[0]
        closed = work.live_calendars.close_day(site.site_id, name, closed_on)
        if closed is None:
            raise click.ClickException(f"{name} of {site.name} has no slot on {closed_on}.")
        if dry_run:
            work.db.rollback()
        else:
            work.audit.note(by, f"closed {closed_on} of calendar {name!r}", now=datetime.now(UTC))
    click.echo(f"{site.name}, {name}, {closed_on}: {closed.taken_away} free places are taken away.")
    if closed.people:
        click.echo(
            f"People who have a date there: {closed.people}. They keep it; "
            "move them before the day comes: `crs reservations move`."
        )
    if dry_run:
        click.echo(UNCHANGED)
