"""``crs deliveries affected`` and ``replan``: whose dates lack vaccine, and what they get."""

from collections import Counter
from datetime import datetime

import click

from core.calendars import Slot
from core.calendars.calendar import PRAGUE
from gateway.cli.importing import UNCHANGED, by_option
from gateway.cli.site_names import find_site
from gateway.cli.stocked import moment_of, now_option, product_of
from gateway.compose import App
from workers import rationing
from workers.rationing import Affected

site_argument = click.argument("site_named", metavar="SITE")
product_option = click.option("--product", "product_named", help="One vaccine only.")


@click.command()
@site_argument
@product_option
@now_option
@click.pass_obj
def affected(app: App, site_named: str, product_named: str | None, now: datetime | None) -> None:
    """Name whose dates the vaccine of SITE does not last for, the lowest priority first; changes nothing."""
    product = product_of(app, product_named, hint="--product") if product_named else None
    moment = moment_of(app, now)
    with app.store(connections=2) as store:
        with store.begin() as work:
            site = find_site(work.sites.all().values(), site_named, hint="SITE")
        found = rationing.affected(app.workshop(store, lambda: moment), site, product)
    for each in found:
        click.echo(f"registration {each.registration_id}: {each.product} {_dates(each)}")
    if found:
        click.echo(f"Affected: {len(found)}. Give them other dates: `crs deliveries replan {site.site_id}`.")
    else:
        click.echo(f"{site.name}: the vaccine lasts for all dates.")


@click.command()
@site_argument
@product_option
@click.option("--dry-run", is_flag=True, help="Show what everybody would get, and change nothing.")
@now_option
@by_option
@click.pass_obj
def replan(
    app: App, site_named: str, product_named: str | None, *, dry_run: bool, now: datetime | None, who: str
) -> None:
    """Move whoever is affected to dates with vaccine, or to the head of the queue, and tell them."""
    product = product_of(app, product_named, hint="--product") if product_named else None
    moment = moment_of(app, now)
    with app.store(connections=2) as store:
        with store.begin() as work:
            site = find_site(work.sites.all().values(), site_named, hint="SITE")
        workshop = app.workshop(store, lambda: moment)
        done = rationing.replan(workshop, site, product, who=who, dry_run=dry_run)
    for each in done:
        gets = f"moves to {_moment(each.pair.first)}" if each.pair else "stands at the head of the queue"
        click.echo(f"registration {each.registration_id}: {each.product} {_dates(each)}: {gets}")
    counted = Counter(each.pair is not None for each in done)
    click.echo(f"{site.name}: moved {counted[True]}, at the head of the queue {counted[False]}.")
    if dry_run:
        click.echo(UNCHANGED)


def _dates(each: Affected) -> str:
    second = each.dates.second
    return " and ".join(_moment(slot) for slot in (each.dates.first, second) if slot)


def _moment(slot: Slot) -> str:
    return f"{slot.begins_at.astimezone(PRAGUE):%Y-%m-%d %H:%M}"
