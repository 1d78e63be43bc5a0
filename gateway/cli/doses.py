"""``crs doses``: what sites have given, taken in, corrected, and passed on."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import click

from core.calendars.calendar import PRAGUE
from core.check_in import read_check_in_code
from core.doses_file import DosesRead, by_person, read_doses
from core.open_data import UnreadableFile
from core.store.anew import anew
from core.store.dosing import FollowedBy, NoSuchDose, Withdrawn, WithdrawnBefore, withdraw
from core.store.work import Store
from gateway.cli.doses_export import export
from gateway.cli.doses_recorded import People, Tally, record_people
from gateway.cli.importing import FILE, UNCHANGED, by_option, os_user, tell_doubts, tell_quarantined
from gateway.cli.site_names import find_site
from gateway.cli.stocked import moment_of, now_option
from gateway.compose import App

AT_ONCE = 100  # people in one transaction: what is committed stays when the rest is interrupted
SOME_SET_ASIDE: Final = 3  # exit code
DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.group()
def doses() -> None:
    """Doses that were given: import them, withdraw mistakes, export them to ISIN."""


@doses.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@now_option
@by_option
@click.pass_context
def import_(ctx: click.Context, file: Path, *, dry_run: bool, now: datetime | None, who: str) -> None:
    """Record the doses that a site says in FILE it has given; importing twice changes nothing.

    A CSV in UTF-8 with the columns datum, ockovaci_misto_id, ockovaci_latka, sarze, poradi_davky, ockoval,
    and cislo_pojistence or rezervace (the check-in code, or the number of a reservation at that site).
    Interrupted, it can be run again: nobody's doses are half recorded.

    Ends with 0 when every row was recorded or known, with 3 when some were set aside, with 1 when nothing
    was done.
    """
    app: App = ctx.obj
    moment = moment_of(app, now).astimezone(UTC)
    with app.store(connections=1) as store:
        read = _read(app, store, file.read_bytes(), now=moment)
        with store.begin() as work:
            wanted = {each.reservation_id for each in read.reported if each.reservation_id is not None}
            found = by_person(read.reported, work.doses.holders(wanted))
        tally = _record(app, store, found.people, who=who, now=moment, dry_run=dry_run)
        if not dry_run:
            with store.begin() as work:
                work.audit.note(who, f"doses imported: {tally.recorded}", now=moment)
    tally.tell()
    aside = sorted((*read.quarantined, *found.quarantined, *tally.refused), key=lambda row: row.line_number)
    tell_doubts((*found.repeats, *tally.doubts))
    tell_quarantined(aside)
    if dry_run:
        click.echo(UNCHANGED)
    ctx.exit(SOME_SET_ASIDE if aside else 0)


def _read(app: App, store: Store, source: bytes, *, now: datetime) -> DosesRead:
    with store.begin() as work:
        sites = work.sites.all().keys()
    if not sites:
        raise UnreadableFile("There are no sites yet. Bring them in: `crs sites import FILE`.")
    return read_doses(
        source,
        sites=sites,
        products=app.world.products,
        today=now.astimezone(PRAGUE).date(),
        with_code=partial(read_check_in_code, vault=store.vault),
    )


def _record(app: App, store: Store, people: People, *, who: str, now: datetime, dry_run: bool) -> Tally:
    tally = Tally()
    with click.progressbar(length=len(people), label="People", file=sys.stderr) as bar:
        for some in _chunks(people):
            tally += anew(
                partial(record_people, store, app.workshop(store), some, by=who, now=now, dry_run=dry_run)
            )
            bar.update(len(some))
    return tally


def _chunks(people: People) -> Iterator[People]:
    for begin in range(0, len(people), AT_ONCE):
        yield people[begin : begin + AT_ONCE]


@doses.command("list")
@click.argument("site_named", metavar="SITE")
@click.argument("day", type=DAY)
@click.pass_obj
def list_(app: App, site_named: str, day: datetime) -> None:
    """List what SITE has recorded of a day: the dose's number to withdraw it by, and no person."""
    with app.store(connections=1) as store, store.begin() as work:
        site = find_site(work.sites.all().values(), site_named)
        found = work.doses.of_day(site.site_id, day.date())
    if not found:
        click.echo("Nothing is recorded of that day.")
    for each in found:
        whose = f"reservation #{each.reservation_id}" if each.reservation_id else "no reservation"
        dose = each.dose
        click.echo(
            f"#{each.dose_id} dose {dose.number} of {dose.product}, lot {dose.lot}, by {dose.given_by}, "
            f"{whose}, {each.state}"
        )


@doses.command("withdraw")
@click.argument("dose_id", metavar="ID", type=int)
@click.option("--because", required=True, help="Why it was recorded by mistake; kept with it.")
@by_option
@click.pass_obj
def withdraw_(app: App, dose_id: int, *, because: str, who: str) -> None:
    """Take back a dose that was recorded by mistake; what followed from it is undone.

    A later dose of the same person has to be withdrawn before it. `crs doses list` names the numbers.
    """
    if not because.strip():
        raise click.BadParameter("say why", param_hint="--because")
    with app.store(connections=1) as store, store.begin() as work:
        outcome = withdraw(work, dose_id, by=who or os_user(), because=because.strip(), now=datetime.now(UTC))
    match outcome:
        case Withdrawn(recorded=recorded):
            click.echo(f"Dose #{dose_id} is withdrawn: dose {recorded.dose.number} does not count any more.")
        case WithdrawnBefore():
            click.echo(f"Dose #{dose_id} was withdrawn before.")
        case FollowedBy(number=number):
            raise click.ClickException(f"Dose {number} of the same person follows it: withdraw that first.")
        case NoSuchDose():
            raise click.ClickException(f"There is no dose #{dose_id}: `crs doses list` names them.")


doses.add_command(export)
