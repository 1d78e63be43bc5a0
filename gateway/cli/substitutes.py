"""``crs substitutes``: leftover doses of the day, offered to people who can come within the hour."""

from datetime import datetime, time, timedelta
from typing import Final

import click

from core.calendars.calendar import PRAGUE
from core.sites import Origin, Site
from core.store.substitute_rounds import LeftoverRound
from core.store.work import Work
from core.substitutes import WITHIN, AtNight, Day, TooLate, Window, window
from gateway.cli.importing import UNCHANGED, by_option
from gateway.cli.site_names import find_site, named
from gateway.cli.stocked import product_of
from gateway.clock import utc_now
from gateway.compose import App
from workers.substitutes import open_round

CLOCK: Final = click.DateTime(["%H:%M"])
MOST_DOSES: Final = 100  # more is a delivery that was planned wrongly, not what is left of a day
SHOWN_FOR: Final = timedelta(days=1)
site_argument = click.argument("site_named", metavar="SITE")


@click.group()
def substitutes() -> None:
    """Leftover doses of the day: which sites offer them, and who is asked to come at once."""


@substitutes.command()
@site_argument
@click.option(
    "--from", "begins", type=CLOCK, default="8:00", show_default=True, help="Nobody is asked before."
)
@click.option(
    "--until", "ends", type=CLOCK, default="20:00", show_default=True, help="The last may come then."
)
@by_option
@click.pass_obj
def enable(app: App, site_named: str, begins: datetime, ends: datetime, who: str) -> None:
    """Let SITE offer leftover doses, in its day; again with other hours changes them."""
    try:
        day = Day(begins.time(), ends.time())
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--until") from wrong
    with app.store(connections=1) as store, store.begin() as work:
        site = _found(work, site_named)
        origin = Origin(who, "crs substitutes enable")
        is_new = work.substitutes.enable(site.site_id, day, origin, now=utc_now())
    click.echo(f"{named(site)} offers leftover doses from {day.words()}{'' if is_new else ', as before'}.")


@substitutes.command()
@site_argument
@by_option
@click.pass_obj
def disable(app: App, site_named: str, who: str) -> None:
    """Let SITE offer no leftover doses; who is a substitute there is asked again when it does."""
    now = utc_now()
    with app.store(connections=1) as store, store.begin() as work:
        site = _found(work, site_named)
        was = work.substitutes.disable(site.site_id, Origin(who, "crs substitutes disable"), now=now)
        ended = 0
        for each in work.substitute_rounds.open_rounds():
            if each.site_id == site.site_id and (leftover := work.substitute_rounds.lock_open(each.round_id)):
                work.substitute_rounds.end(leftover, now=now)
                ended += 1
    if not was:
        raise click.ClickException(f"{site.name} does not offer leftover doses.")
    click.echo(f"{named(site)} offers no leftover doses any more. Rounds ended: {ended}.")


@substitutes.command()
@site_argument
@click.argument("product_named", metavar="PRODUCT")
@click.argument("doses", type=click.IntRange(1, MOST_DOSES))
@click.option("--come-by", type=CLOCK, help="The last may come then.  [default: in two hours]")
@click.option("--dry-run", is_flag=True, help="Say how many would be asked; ask nobody.")
@by_option
@click.pass_obj
def offer(
    app: App,
    site_named: str,
    product_named: str,
    doses: int,
    *,
    come_by: datetime | None,
    dry_run: bool,
    who: str,
) -> None:
    """Offer DOSES of PRODUCT that are left at SITE today; whoever says yes first gets one.

    `crs worker` asks more people every ten minutes while doses are left, and ends it an hour before the
    last may come.
    """
    now, product = utc_now(), product_of(app, product_named)
    with app.store(connections=1) as store, store.begin() as work:
        site = _found(work, site_named)
        day = work.substitutes.day_of(site.site_id)
        if day is None:
            raise click.ClickException(
                f"{site.name} does not offer leftover doses. Let it: `crs substitutes enable`."
            )
        open_for = _window(day, come_by.time() if come_by else None, now=now)
        leftover, asked = open_round(
            work, app.workshop(store), site.site_id, product, doses, window=open_for, who=who, now=now
        )
        waits = work.substitute_rounds.count_to_ask(leftover)
        if dry_run:
            work.db.rollback()
    said = "would be asked" if dry_run else "are asked"
    click.echo(
        f"{named(site)}: {doses} of {product.name}, {asked} {said} to come by {_clock(open_for.come_by)}."
    )
    click.echo(f"A yes counts until {_clock(open_for.answer_until)}. More who could be asked: {waits}.")
    if dry_run:
        click.echo(UNCHANGED)


@substitutes.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """List the sites that offer leftover doses, their substitutes, and the rounds of the last day."""
    since = utc_now() - SHOWN_FOR
    with app.store(connections=1) as store, store.begin() as work:
        sites = work.substitutes.sites()
        rounds = {each.site_id: work.substitute_rounds.of_site(each.site_id, since=since) for each in sites}
        counts = {
            each.round_id: work.substitute_rounds.counts(each.round_id)
            for of_site in rounds.values()
            for each in of_site
        }
    if not sites:
        click.echo("No site offers leftover doses. Let one: `crs substitutes enable SITE`.")
    for site in sites:
        click.echo(f"{site.name} ({site.site_id}): {site.day.words()}, substitutes {site.people}")
        for each in rounds[site.site_id]:
            click.echo(f"  {_words(each, counts[each.round_id])}")


def _words(leftover: LeftoverRound, counts: dict[str, int]) -> str:
    asked = ", ".join(f"{state} {count}" for state, count in sorted(counts.items())) or "nobody asked"
    ends = "ended" if leftover.ended_at else f"a yes counts until {_clock(leftover.answer_until)}"
    return (
        f"{_clock(leftover.opened_at)} {leftover.product}: {leftover.taken} of {leftover.doses} taken, "
        f"{ends} ({asked})"
    )


def _window(day: Day, come_by: time | None, *, now: datetime) -> Window:
    by = None
    if come_by is not None:
        by = datetime.combine(now.astimezone(PRAGUE).date(), come_by, PRAGUE)
    match window(day, by, now=now):
        case AtNight(day=hours):
            raise click.ClickException(f"Nobody is asked at night; this site's day is {hours.words()}.")
        case TooLate(come_by=too_late):
            raise click.ClickException(
                f"Nobody who needs {WITHIN // timedelta(minutes=1)} minutes can come by {_clock(too_late)}; "
                "say a later `--come-by`, within the site's day."
            )
        case Window() as found:
            return found


def _found(work: Work, said: str) -> Site:
    return find_site(work.sites.all().values(), said, hint="SITE")


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(PRAGUE):%-H:%M}"
