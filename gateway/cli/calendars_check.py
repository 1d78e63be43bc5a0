"""``crs calendars check``: what can be booked, what cannot and why, and how to mend it."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

import click

from core.calendars import Advice, Calendar, Inspection, Relink, inspect, mend
from core.calendars.calendar import PRAGUE
from core.products import Products
from core.sites import Site
from core.store.work import Work
from gateway.cli.importing import MOMENT, UNCHANGED
from gateway.compose import App

MOST_SLOTS_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class _Judged:
    """One site with its calendars and the verdict on them."""

    site: Site
    calendars: Sequence[Calendar]
    seen: Inspection


@click.command()
@click.option("--site", "site_id", type=click.UUID, help="One site only.")
@click.option("--now", type=MOMENT, help="Pretend it is then.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--fix", is_flag=True, help="Mend the links that can mean one calendar only.")
@click.option("--dry-run", is_flag=True, help="With --fix: show what would be mended, and change nothing.")
@click.option("--by", help="With --fix: your name; it is kept in the audit.")
@click.pass_obj
def check(
    app: App,
    *,
    site_id: UUID | None,
    now: datetime | None,
    as_json: bool,
    fix: bool,
    dry_run: bool,
    by: str | None,
) -> None:
    """Count bookable pairs per site and product, and name every slot that cannot be paired.

    Says what closes the gate, what costs slots and what is only odd, and how to mend it.
    """
    if fix and as_json:
        raise click.UsageError("--json is for reading; --fix tells in words.")
    if fix and not dry_run and not by:
        raise click.UsageError("--fix changes calendars: say who does it with --by, or use --dry-run.")
    if dry_run and not fix:
        raise click.UsageError("--dry-run goes with --fix; a check changes nothing anyway.")
    today = (now or datetime.now(app.settings.time_zone)).date()
    products = app.world.services.products
    with app.store(connections=1) as store, store.begin() as work:
        sites = work.sites.all()
        if site_id is not None and site_id not in sites:
            raise click.ClickException(f"There is no site {site_id}. `crs sites check` names them all.")
        names = work.calendars.names()
        wanted = [site_id] if site_id else sites.keys()
        judged = _judge(work, sites, wanted, products, today=today, elsewhere=names)
        if fix:
            _fix(work, judged, products, today=today, elsewhere=names, by=None if dry_run else by)
        elif as_json:
            click.echo(json.dumps([_as_json(each) for each in judged], ensure_ascii=False, indent=2))
        else:
            told = 0
            for told, each in enumerate(judged, start=1):  # noqa: B007 - how many were told
                _tell(each)
            if not told:
                click.echo("There are no calendars yet. Bring them in: `crs calendars import FILE`.")
    if fix:  # said when it is committed
        click.echo(UNCHANGED if dry_run else "What is left: `crs calendars check`.")


def _judge(
    work: Work,
    sites: Mapping[UUID, Site],
    wanted: Collection[UUID],
    products: Products,
    *,
    today: date,
    elsewhere: Collection[str],
) -> Iterator[_Judged]:
    """Site by site: a year of slots of the whole country need not be in memory at once."""
    since = today - timedelta(days=longest_interval(products))
    for site_id in sorted(wanted, key=lambda each: sites[each].name):
        if its := work.calendars.of_site(site_id, since=since):
            yield _Judged(sites[site_id], its, inspect(its, products, today=today, elsewhere=elsewhere))


def longest_interval(products: Products) -> int:
    """Days: first doses further back have had their second ones."""
    return max((period.interval.days_max for product in products for period in product.periods), default=0)


def _fix(
    work: Work,
    judged: Iterable[_Judged],
    products: Products,
    *,
    today: date,
    elsewhere: Collection[str],
    by: str | None,
) -> None:
    """Make the safe changes, each said and noted; without ``by`` only say them."""
    mended = 0
    for each in judged:
        done = [change for change in each.seen.safe if by is None or _relink(work, change, by)]
        for change in done:
            was = change.calendar.links_to or "nothing"
            click.echo(
                f"{each.site.name}: {change.calendar.name} is linked to {change.to.name}, was to {was}"
            )
        for change in each.seen.safe:
            if change not in done:
                click.echo(f"{each.site.name}: {change.calendar.name} was changed meanwhile; check again")
        if done:
            after = inspect(mend(each.calendars, done), products, today=today, elsewhere=elsewhere)
            click.echo(f"  bookable pairs: {pairs_in_words(each.seen)} → {pairs_in_words(after)}")
        mended += len(done)
    click.echo(f"Links {'to mend' if by is None else 'mended'}: {mended}.")


def _relink(work: Work, change: Relink, by: str) -> bool:
    is_done = work.live_calendars.relink(change)
    if is_done:
        what = f"linked calendar {change.calendar.calendar_id} to calendar {change.to.calendar_id}"
        work.audit.note(by, what, now=datetime.now(UTC))
    return is_done


def _in_words(change: Relink) -> str:
    was = change.calendar.links_to or "nothing"
    return f"{change.calendar.name} is linked to {change.to.name}, was to {was}"


def pairs_in_words(seen: Inspection) -> str:
    pairs = sorted(seen.lint.pairs_by_product.items())
    return ", ".join(f"{product} {count}" for product, count in pairs) or "none"


def _tell(judged: _Judged) -> None:
    site = judged.site
    click.echo(f"{site.name} ({site.site_id}): bookable pairs: {pairs_in_words(judged.seen)}")
    for advice in judged.seen.advice:
        click.echo(f"  {advice.calendar.name}, {advice.cause.value}{_slots(advice)}")
        for words in dict.fromkeys(f.words for f in advice.findings[:MOST_SLOTS_NAMED]):
            click.echo(f"    {words}")
        offer = " (`crs calendars check --fix`)" if advice.mending.is_safe else ""
        click.echo(f"    {advice.severity.words}; to mend: {advice.mending.words}{offer}")


def _slots(advice: Advice) -> str:
    slots = [f"{f.slot.begins_at.astimezone(PRAGUE):%d.%m.%Y %H:%M}" for f in advice.findings if f.slot]
    left = len(slots) - MOST_SLOTS_NAMED
    more = f" and {left} more (--json names all)" if left > 0 else ""
    return f": {', '.join(slots[:MOST_SLOTS_NAMED])}{more}" if slots else ""


def _as_json(judged: _Judged) -> dict[str, object]:
    return {
        "site_id": str(judged.site.site_id),
        "name": judged.site.name,
        "pairs": judged.seen.lint.pairs_by_product,
        "findings": [
            {
                "calendar": finding.calendar.name,
                "slot": finding.slot.begins_at.astimezone(PRAGUE).isoformat() if finding.slot else None,
                "cause": finding.cause.value,
                "severity": finding.cause.severity.words,
                "words": finding.words,
                "mending": advice.mending.words,
                "is_safe": advice.mending.is_safe,
            }
            for advice in judged.seen.advice
            for finding in advice.findings
        ],
    }
