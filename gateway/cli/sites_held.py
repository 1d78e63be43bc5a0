"""What imports of sites hold, who decides on it, and what was done to a site."""

import re
from collections.abc import Sequence
from typing import Final

import click

from core.sites import Entry
from core.store.held_changes import ChangedSince, Decided, HeldChange, NotWaiting
from gateway.cli.site_names import find_site, matching, named
from gateway.clock import utc_now
from gateway.compose import App

_RANGE: Final = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")
MOST_AT_ONCE: Final = 10_000


class Numbers(click.ParamType[range]):
    """A number, or a range of them: ``7``, ``12-30``."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> range:
        written = _RANGE.fullmatch(value.strip())
        if written is None:
            self.fail(f"{value!r} is neither a number nor a range such as 12-30", param, ctx)
        first, last = int(written[1]), int(written[2] or written[1])
        if not first <= last < first + MOST_AT_ONCE:
            self.fail(f"{value!r} is no range of at most {MOST_AT_ONCE} numbers", param, ctx)
        return range(first, last + 1)


@click.command()
@click.pass_obj
def held(app: App) -> None:
    """Changes that imports hold until somebody has looked at them, with what to check."""
    with app.store(connections=1) as store, store.begin() as work:
        waiting = work.held_changes.waiting()
    for each in waiting:
        at = f"{each.held_at.astimezone(app.settings.time_zone):%Y-%m-%d %H:%M}"
        click.echo(f"{_in_words(each)}\n   {at}, {each.source}, brought by {each.brought_by}")
    if waiting:
        click.echo(f"{len(waiting)} to be looked at: `crs sites approve ID... --by NAME`, or with --reject.")
    else:
        click.echo("Nothing is held.")


@click.command()
@click.argument("held_ids", metavar="ID...", nargs=-1, required=True, type=Numbers())
@click.option("--by", "who", required=True, help="Who looked at it; kept in the site's history.")
@click.option("--reject", is_flag=True, help="Leave the sites as they are, and do not ask again.")
@click.pass_obj
def approve(app: App, held_ids: Sequence[range], who: str, reject: bool) -> None:
    """Make the held changes of these numbers (12, or 12-30): all of them, or none."""
    wanted = {held_id for some in held_ids for held_id in some}
    with app.store(connections=1) as store, store.begin() as work:
        decide = work.held_changes.reject if reject else work.held_changes.approve
        outcome = decide(wanted, by=who, now=utc_now())
    match outcome:
        case Decided(changes=changes):
            for each in changes:
                click.echo(_in_words(each))
            click.echo(f"{'Rejected' if reject else 'Approved'}: {len(changes)}.")
        case NotWaiting(held_ids=missing):
            told = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            raise click.ClickException(
                f"Nothing was decided: {told} {'is' if len(missing) == 1 else 'are'} not held. "
                "See `crs sites held`."
            )
        case ChangedSince(changes=changes):
            told = "; ".join(f"{each.held_id} {each.site}" for each in changes)
            raise click.ClickException(
                f"Nothing was decided: the site was changed meanwhile ({told}). Import the newest file again."
            )


def _in_words(change: HeldChange) -> str:
    return f"{change.held_id:>3} {change.site}, {change.doubt}: {change.words}"


@click.command()
@click.argument("site_named", metavar="SITE")
@click.pass_obj
def history(app: App, site_named: str) -> None:
    """Everything that was done to SITE (its id, or words of its name): when, by whom, out of which file."""
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all().values()
        # One that is gone may have the name of one that is there.
        site = find_site(
            known if matching(known, site_named) else work.sites.gone().values(), site_named, hint="SITE"
        )
        entries = work.site_history.of(site.site_id)
    click.echo(f"{named(site)}:")
    for entry in entries:
        at = f"{entry.at.astimezone(app.settings.time_zone):%Y-%m-%d %H:%M}"
        click.echo(f"  {at} {entry.event}{_what(entry)} ({entry.source}, by {entry.who})")
    if not entries:
        click.echo("  Nothing was noted yet: it was brought in before histories were kept.")


def _what(entry: Entry) -> str:
    match entry:
        case Entry(field=None, new=None):
            return ""
        case Entry(field=None, new=str(words)):
            return f": {words}"
        case Entry(old=None):
            return f" {entry.field}: {entry.new}"
        case _:
            return f" {entry.field}: {entry.old} -> {entry.new}"
