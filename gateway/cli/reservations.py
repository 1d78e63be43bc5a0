"""``crs reservations``: the people of a site and a day, who came, and dates that are moved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Final

import click

from core.calendars.calendar import PRAGUE
from core.states import page
from core.store.attendance import (
    ArriveOutcome,
    Came,
    CameBefore,
    NotExpected,
    NotYet,
    arrive,
    finish,
    miss,
)
from core.store.date_notices import MOVED
from core.store.moving_days import NoRoom, move
from core.store.rebooking import Changed, NothingToChange
from core.store.site_days import Visit
from core.store.work import Store, Work
from gateway.cli.importing import UNCHANGED
from gateway.cli.site_names import find_site
from gateway.compose import App
from workers.reminding import tell_missed
from workers.telling import Notice, tell

DAY: Final = click.DateTime(["%Y-%m-%d"])
_LINE: Final = "{:>9} {:6} {:4} {:10} {}"
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would happen.")


@click.group()
def reservations() -> None:
    """Dates that people have: list, move, and note who came."""


@reservations.command()
def states() -> None:
    """Print what a registration, an invitation and a reservation may become, drawn as docs/states.md."""
    click.echo(page(), nl=False)


@reservations.command("list")
@click.argument("site_named", metavar="SITE")
@click.argument("day", type=DAY)
@click.pass_obj
def list_(app: App, site_named: str, day: datetime) -> None:
    """List whom a site expects on a day: number of the reservation, time, dose, state and name."""
    with app.store(connections=1) as store, store.begin() as work:
        visits = _visits(work, site_named, day.date())
    if not visits:
        click.echo("Nobody is expected.")
    for visit in visits:
        click.echo(_line(visit))


@reservations.command("move")
@click.argument("site_named", metavar="SITE")
@click.argument("day", type=DAY)
@click.option("--to", "to", type=DAY, required=True, help="The day to move to.")
@click.option("--at", "at", metavar="HH:MM", help="Only the dates that begin then.")
@click.option("--reservation", "reservation_id", type=int, help="Only the dates of one reservation.")
@_dry_run
@click.pass_obj
def move_(
    app: App,
    site_named: str,
    day: datetime,
    *,
    to: datetime,
    at: str | None,
    reservation_id: int | None,
    dry_run: bool,
) -> None:
    """Move the dates of a day to another one, and tell the people.

    Each person is moved to the nearest hour that is free there, and told the new dates in the same
    transaction. Who cannot be moved keeps her dates and is named; ends with 1 then. Interrupted, it can be
    run again: who was moved is not there any more.
    """
    if to.date() <= datetime.now(PRAGUE).date():
        raise click.BadParameter("the new day must be after today", param_hint="--to")
    stay = moved = 0
    with app.store(connections=1) as store:
        with store.begin() as work:
            chosen = [
                visit
                for visit in _visits(work, site_named, day.date())
                if visit.is_awaited
                and reservation_id in (None, visit.reservation_id)
                and (at is None or f"{visit.begins_at.astimezone(PRAGUE):%-H:%M}" == at.removeprefix("0"))
            ]
        for visit in chosen:
            with _transaction(store, dry_run=dry_run) as work:
                outcome = _move(app, store, work, visit, to.date())
            moved += outcome
            stay += not outcome
    click.echo(f"{moved} moved, {stay} stay." + (f" {UNCHANGED}" if dry_run else ""))
    if stay:
        click.get_current_context().exit(1)


def _move(app: App, store: Store, work: Work, visit: Visit, to: date) -> bool:
    now = datetime.now(UTC)
    match move(work, visit, to, world=app.world, now=now):
        case Changed(after=after):
            work.date_notices.call_off(visit.registration_id, now=now)
            work.audit.note("site", "dates moved by the site", registration_id=visit.registration_id, now=now)
            second = after.second.begins_at if after.second else None
            notice = Notice(
                work.date_notices.recipients([visit.registration_id])[visit.registration_id],
                {"first": after.first.begins_at, "second": second},
                max(second or after.first.begins_at, now),
            )
            tell(work, app.workshop(store), MOVED, [notice], now=now)
            return True
        case NoRoom():
            click.echo(f"#{visit.reservation_id} stays: nothing that suits is free on {to}.")
        case NothingToChange():
            click.echo(f"#{visit.reservation_id} stays: it has just been changed or cancelled.")
    return False


@reservations.command()
@click.argument("reservation_ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.pass_obj
def arrived(app: App, reservation_ids: tuple[int, ...]) -> None:
    """Note that people came to the date that is due. Ends with 1 if somebody was not expected."""
    with app.store(connections=1) as store, store.begin() as work:
        outcomes = [(each, arrive(work, each, now=datetime.now(UTC))) for each in reservation_ids]
    _tell(outcomes)


@reservations.command()
@click.argument("reservation_ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.pass_obj
def done(app: App, reservation_ids: tuple[int, ...]) -> None:
    """Note that people have had all doses. Ends with 1 if somebody was not expected."""
    with app.store(connections=1) as store, store.begin() as work:
        outcomes = [(each, finish(work, each, now=datetime.now(UTC))) for each in reservation_ids]
    _tell(outcomes)


@reservations.command()
@click.argument("site_named", metavar="SITE")
@click.argument("day", type=DAY)
@_dry_run
@click.pass_obj
def missed(app: App, site_named: str, day: datetime, *, dry_run: bool) -> None:
    """Note that whoever is left of a day that is over did not come, and tell them how to go on.

    Note arrivals first. Without a first dose both places come back; a second dose stays promised.
    """
    if day.date() >= datetime.now(PRAGUE).date():
        raise click.BadParameter("that day is not over yet", param_hint="DAY")
    now = datetime.now(UTC)
    with app.store(connections=1) as store, _transaction(store, dry_run=dry_run) as work:
        site = find_site(work.sites.all().values(), site_named)
        found = list(miss(work, site.site_id, day.date(), now=now))
        told = tell_missed(work, app.workshop(store), found, now=now)
    click.echo(f"{len(found)} did not come, {told} are told." + (f" {UNCHANGED}" if dry_run else ""))


@contextmanager
def _transaction(store: Store, *, dry_run: bool) -> Iterator[Work]:
    """A unit of work that a dry run takes back."""
    with store.begin() as work:
        yield work
        if dry_run:
            work.db.rollback()


def _visits(work: Work, site_named: str, day: date) -> list[Visit]:
    site = find_site(work.sites.all().values(), site_named)
    return work.site_days.visits(site.site_id, day)


def _line(visit: Visit) -> str:
    at = f"{visit.begins_at.astimezone(PRAGUE):%H:%M}"
    return _LINE.format(f"#{visit.reservation_id}", at, visit.dose, visit.state, visit.name)


def _tell(outcomes: Sequence[tuple[int, ArriveOutcome]]) -> None:
    is_wrong = False
    for reservation_id, outcome in outcomes:
        match outcome:
            case Came(is_complete=is_complete):
                words = f"came to the {'last' if is_complete else 'first'} date"
            case CameBefore():
                words = "was noted already"
            case NotYet(day=day):
                words, is_wrong = f"is expected on {day}, not today", True
            case NotExpected(state=None):
                words, is_wrong = "is no reservation", True
            case NotExpected(state=state):
                words, is_wrong = f"is not expected: {state}", True
        click.echo(f"#{reservation_id} {words}.")
    if is_wrong:
        click.get_current_context().exit(1)
