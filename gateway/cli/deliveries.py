"""``crs deliveries``: import what vaccine came to which site, and count what is left."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from core.announcements import read_announced
from core.open_data import read_table
from core.stock import DeliveriesRead, Movement, Use, UsesRead, read_deliveries, read_uses
from core.store.announcements import Cut, NotExpected, NotSmaller
from core.store.stock import Added
from gateway.cli.deliveries_affected import affected, replan
from gateway.cli.deliveries_check import check
from gateway.cli.importing import FILE, UNCHANGED, by_option, tell_doubts, tell_quarantined
from gateway.cli.site_names import find_site
from gateway.cli.stocked import moment_of, now_option, product_of
from gateway.compose import App

MOST_SITES_NAMED = 10
USED_COLUMN = "pouzite_davky"


@click.group()
def deliveries() -> None:
    """Deliveries of vaccine: import and expect them, cut them, count the doses and whom they last for."""


@deliveries.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def import_(app: App, file: Path, dry_run: bool) -> None:
    """Bring in FILE, the open data `ockovani-distribuce`; importing twice changes nothing.

    `ockovani-spotreba`, the doses used and wasted, is recognised by its header and taken off the stock.
    """
    source = file.read_bytes()
    if USED_COLUMN in read_table(source).columns:
        _import_uses(app, read_uses(source, app.world.products), dry_run=dry_run)
    else:
        _import_movements(app, read_deliveries(source, app.world.products), dry_run=dry_run)
    click.echo(UNCHANGED if dry_run else "See what is left: `crs deliveries check`.")


def _import_movements(app: App, read: DeliveriesRead, *, dry_run: bool) -> None:
    known, added, came = _add(app, read.movements, (), dry_run=dry_run)
    click.echo(f"Movements {len(read.movements)}, new {added.movements}.")
    if came:
        click.echo(f"Expected deliveries that came: {came}.")
    _tell_strangers(({m.site_id, m.to_site or m.site_id} for m in read.movements), known)
    tell_doubts(read.doubts)
    tell_quarantined(read.quarantined)


def _import_uses(app: App, read: UsesRead, *, dry_run: bool) -> None:
    known, added, _ = _add(app, (), read.uses, dry_run=dry_run)
    click.echo(f"Doses used: rows {len(read.uses)}, days new or corrected {added.uses}.")
    _tell_strangers(({use.site_id} for use in read.uses), known)
    tell_quarantined(read.quarantined)


def _add(
    app: App, movements: Sequence[Movement], uses: Sequence[Use], *, dry_run: bool
) -> tuple[Collection[UUID], Added, int]:
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all().keys()
        added = work.stock.add(movements, uses)
        came = work.announcements.settle(added.arrivals)
        if dry_run:
            work.db.rollback()
    return known, added, came


def _tell_strangers(touched: Iterable[set[UUID]], known: Collection[UUID]) -> None:
    rows: Counter[UUID] = Counter()
    for sites in touched:
        rows.update(sites.difference(known))
    if rows:
        click.echo(f"Sites that are not in the registry: {len(rows)}. Their doses are kept all the same:")
    for site_id, count in rows.most_common(MOST_SITES_NAMED):
        click.echo(f"  {site_id}: rows {count}")
    if len(rows) > MOST_SITES_NAMED:
        click.echo(f"  and {len(rows) - MOST_SITES_NAMED} more")


@deliveries.command()
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@now_option
@by_option
@click.pass_obj
def expect(app: App, file: Path, *, dry_run: bool, now: datetime | None, who: str) -> None:
    """Count on the deliveries announced in FILE; the same announcement with other doses changes it.

    The columns are datum, ockovaci_misto_id, ockovaci_latka, pocet_ampulek, pocet_davek. What comes within
    two days of its day is recognised by `crs deliveries import`; what does not come is not counted any more.
    """
    moment = moment_of(app, now)
    read = read_announced(
        file.read_bytes(), app.world.products, today=moment.astimezone(app.settings.time_zone).date()
    )
    with app.store(connections=1) as store, store.begin() as work:
        known = work.sites.all().keys()
        new, changed = work.announcements.announce(read.deliveries, who=who, now=moment)
        if dry_run:
            work.db.rollback()
    click.echo(f"Expected deliveries {len(read.deliveries)}, new {new}, changed {len(changed)}.")
    for each, before in changed:
        click.echo(f"  {each.site_id}: {each.product} on {each.due_on}: {before} -> {each.doses} doses")
    _tell_strangers(({each.site_id} for each in read.deliveries), known)
    tell_doubts(read.doubts)
    tell_quarantined(read.quarantined)
    click.echo(UNCHANGED if dry_run else "See for how many it lasts: `crs deliveries check`.")


@deliveries.command()
@click.argument("site_named", metavar="SITE")
@click.argument("product_named", metavar="PRODUCT")
@click.option("--on", "due_on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day it is due.")
@click.option("--to", "doses", type=click.IntRange(0), required=True, help="So many doses are to come.")
@now_option
@by_option
@click.pass_obj
def cut(
    app: App,
    site_named: str,
    product_named: str,
    *,
    due_on: datetime,
    doses: int,
    now: datetime | None,
    who: str,
) -> None:
    """Expect fewer doses of one delivery than were announced."""
    product, moment = product_of(app, product_named), moment_of(app, now)
    with app.store(connections=1) as store, store.begin() as work:
        site = find_site(work.sites.all().values(), site_named, hint="SITE")
        outcome = work.announcements.cut(
            site.site_id, product.key, due_on.date(), to=doses, who=who, now=moment
        )
        if isinstance(outcome, Cut):
            words = f"delivery of {product.key} on {due_on.date()} cut from {outcome.before} to {doses}"
            work.audit.note(who, f"{site.site_id}: {words}", now=moment)
    match outcome:
        case Cut(before=before):
            click.echo(f"{site.name}: {product.key} on {due_on.date()}: {before} -> {doses} doses.")
            click.echo(f"See whose dates it does not last for: `crs deliveries affected {site.site_id}`.")
        case NotSmaller(expected=expected):
            raise click.BadParameter(
                f"{expected} doses are expected; announce more with `crs deliveries expect FILE`",
                param_hint="--to",
            )
        case NotExpected(others=others):
            there = ", ".join(f"{day} ({some})" for day, some in others) or "none at all"
            raise click.BadParameter(
                f"no {product.key} is expected at {site.name} on that day; expected are: {there}",
                param_hint="--on",
            )


for each in (check, affected, replan):
    deliveries.add_command(each)
