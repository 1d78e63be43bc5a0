"""When a site vaccinates: ``crs sites open``, ``pause`` and ``reopen``."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import click

from core.calendars.calendar import PRAGUE
from core.sites import Changed, Origin, Site, SitesDiff
from core.sites.pauses import Pause
from core.store.pause_notices import PauseNotice
from core.store.site_pauses import KeptPause, NotPaused, ReopensEarlier
from core.store.work import Work
from gateway.cli.importing import UNCHANGED, by_option
from gateway.cli.site_names import find_site, named
from gateway.clock import utc_now
from gateway.compose import App
from workers.pauses import sample

DAY = click.DateTime(["%Y-%m-%d"])
site_argument = click.argument("site_named", metavar="SITE")


@click.command("open")
@site_argument
@click.option("--from", "from_on", type=DAY, required=True, help="The first day on which it may be offered.")
@by_option
@click.pass_obj
def open_(app: App, site_named: str, from_on: datetime, who: str) -> None:
    """Let SITE be offered from a day on, if nothing else is missing."""
    now = utc_now()
    with app.store(connections=1) as store, store.begin() as work:
        before = _found(work, site_named)
        site = replace(before, opens_on=from_on.date())
        changed = Changed.between(before, site)
        if changed.fields:
            work.sites.apply(SitesDiff((), (changed,), (), ()), now=now, origin=Origin(who, "crs sites open"))
        today = now.astimezone(PRAGUE).date()
        gate = work.calendars.gates([site], app.world, today=today)[site.site_id]
    click.echo(f"{named(site)} opens on {site.opens_on}{'' if changed.fields else ', as before'}.")
    click.echo(f"Today: {gate.words()}.")


@click.command()
@site_argument
@click.option("--from", "from_on", type=DAY, help="The first day of the pause.  [default: today]")
@click.option("--until", "last_day", type=DAY, help="The last day of the pause; left out: nobody knows yet.")
@click.option("--because", required=True, help="Why; for colleagues, people are not told.")
@click.option("--by", "who", required=True, help="Who decides; kept with it.")
@click.option("--dry-run", is_flag=True, help="Say how many would be told in which words; change nothing.")
@click.pass_obj
def pause(
    app: App,
    *,
    site_named: str,
    from_on: datetime | None,
    last_day: datetime | None,
    because: str,
    who: str,
    dry_run: bool,
) -> None:
    """Let SITE not vaccinate for some days: it is not offered, and nobody is invited or booked then.

    Dates that people have stay; move them if they fall into the pause. Whoever waits there is told by
    `crs worker`, in the hours for notices.
    """
    now = utc_now()
    today = now.astimezone(PRAGUE).date()
    begins = from_on.date() if from_on else today
    reopens = last_day.date() + timedelta(days=1) if last_day else None
    if begins < today:
        raise click.BadParameter(f"{begins} has passed; today is {today}", param_hint="--from")
    if reopens is not None and reopens <= begins:
        raise click.BadParameter(f"the pause would end before it begins on {begins}", param_hint="--until")
    if not because.strip():
        raise click.BadParameter("say why", param_hint="--because")
    wanted = Pause(begins, reopens, " ".join(because.split()))
    with app.store(connections=1) as store, store.begin() as work:
        site = _found(work, site_named)
        until = _midnight(reopens) if reopens else None
        people = work.sites.people([site.site_id], since=_midnight(begins), until=until)
        here = people[site.site_id]
        met = work.pauses.met_by(site.site_id, wanted)
        if not dry_run and met is None:
            work.pauses.begin(site.site_id, wanted, Origin(who, "crs sites pause"), now=now)
    if met is not None:
        raise click.ClickException(
            f"{site.name}: {met.pause.words()} already. End that first (`crs sites reopen`), "
            "or let this pause begin after it."
        )
    click.echo(f"{named(site)}: {wanted.words()}.")
    click.echo(f"{here.waiting} wait there and {'would be' if dry_run else 'will be'} told.")
    if here.dated:
        click.echo(f"{here.dated} have dates on these days; they stay until the site moves them.")
    if dry_run:
        for language in app.library.languages:
            words = sample(app.library, site.name, wanted, PauseNotice.PAUSES, language)
            click.echo(f"  {language}, segments {words.segments}: {words.text}")
        click.echo(UNCHANGED)


@click.command()
@site_argument
@click.option("--from", "from_on", type=DAY, help="The day on which it is open again.  [default: today]")
@by_option
@click.pass_obj
def reopen(app: App, site_named: str, from_on: datetime | None, who: str) -> None:
    """End the pause of SITE, or call one off that has not begun; whoever was told of it is told again."""
    now = utc_now()
    today = now.astimezone(PRAGUE).date()
    on = from_on.date() if from_on else today
    if on < today:
        raise click.BadParameter(f"{on} has passed; today is {today}", param_hint="--from")
    with app.store(connections=1) as store, store.begin() as work:
        site = _found(work, site_named)
        outcome = work.pauses.reopen(site.site_id, on, Origin(who, "crs sites reopen"), today=today, now=now)
    match outcome:
        case KeptPause():
            click.echo(f"{named(site)} is open again on {on}.")
        case NotPaused():
            raise click.ClickException(f"{site.name} does not pause.")
        case ReopensEarlier(kept=kept):
            raise click.ClickException(
                f"{site.name} reopens on {kept.pause.reopens_on} anyway. For a longer pause: "
                f"`crs sites pause --from {kept.pause.reopens_on}`."
            )


def _found(work: Work, said: str) -> Site:
    return find_site(work.sites.all().values(), said, hint="SITE")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PRAGUE)
