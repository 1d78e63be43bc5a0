"""``crs registrations``: people who registered in an earlier system come over."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from core.moving_in import AlreadyHere, Fresh, KeepsDates, KeepsNewer, Replaces
from core.registrations_file import OldRegistration, Outdated, RegistrationsRead, read_registrations
from core.sites import Site
from core.store.anew import anew
from core.store.duplicates import likely_pairs, to_compare
from core.store.moving_in import MovedIn, MovingIn
from core.store.work import Store
from gateway.cli.importing import FILE, UNCHANGED, tell_quarantined
from gateway.cli.registrations_merge import merge
from gateway.compose import App

AT_ONCE = 1_000  # people in one transaction: what is committed stays when the rest is interrupted
SOME_SET_ASIDE = 3  # exit code
MOST_LINES_NAMED = 20


@click.group()
def registrations() -> None:
    """Registrations: bring people over from an earlier system, find who registered twice."""


registrations.add_command(merge)


@registrations.command()
@click.pass_obj
def duplicates(app: App) -> None:
    """Name the registrations that are likely of one person: ids and states only.

    Ends with 3 if there are any. Same phone and day of birth, or a number one digit from another's where no
    check digit tells them apart, with a similar name. `crs registrations merge` makes one of two.
    """
    with app.store(connections=1) as store, store.begin() as work:
        length = to_compare(work.db)
        with click.progressbar(
            length=length, label="Numbers", file=sys.stderr, update_min_steps=AT_ONCE
        ) as bar:
            pairs = list(likely_pairs(work.db, work.vault, with_some=bar.update))
            bar.finish()
    for pair in pairs:
        click.echo(f"#{pair.first_id} ({pair.first}) and #{pair.second_id} ({pair.second}): {pair.likeness}.")
    click.echo(f"{len(pairs) or 'No'} likely duplicates.")
    sys.exit(SOME_SET_ASIDE if pairs else 0)


@registrations.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--from", "source", default="old system", show_default=True, help="The earlier system's name, kept."
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_context
def import_(ctx: click.Context, file: Path, source: str, dry_run: bool) -> None:
    """Bring in FILE: people keep the time they registered at and wait here; their old PINs are dead.

    A CSV in UTF-8 with the columns jmeno, prijmeni, cislo_pojistence, pojistovna, psc, telefon,
    ockovaci_misto_id (id or exact name of the site), skupina (key in the programme), datum_registrace, and
    if known email and stary_pin. Importing twice changes nothing, and what was interrupted goes on.

    Ends with 0 when every row was understood, with 3 when some were set aside, with 1 when nothing was done.
    """
    app: App = ctx.obj
    now = datetime.now(UTC)
    with app.store(connections=1) as store:
        with store.begin() as work:
            sites = work.sites.all()
        if not sites:
            raise click.ClickException("There are no sites yet. Bring them in: `crs sites import FILE`.")
        read = _read(app, file.read_bytes(), sites.values(), now=now)
        moved = _move_in(store, read.people, source=source, now=now, dry_run=dry_run)
    _tell(read, moved)
    if dry_run:
        click.echo(UNCHANGED)
    ctx.exit(SOME_SET_ASIDE if read.quarantined else 0)


def _read(app: App, source: bytes, sites: Iterable[Site], *, now: datetime) -> RegistrationsRead:
    lines = source.count(b"\n")
    with click.progressbar(length=lines, label="Reading", file=sys.stderr, update_min_steps=AT_ONCE) as bar:
        read = read_registrations(
            source,
            sites=sites,
            programme=app.world.programme,
            country=app.world.country,
            now=now,
            with_row=lambda: bar.update(1),
        )
        bar.finish()
    return read


def _move_in(
    store: Store, people: Sequence[OldRegistration], *, source: str, now: datetime, dry_run: bool
) -> MovedIn:
    moved = MovedIn()
    with click.progressbar(length=len(people), label="People", file=sys.stderr) as bar:
        for some in _chunks(people):
            moved += anew(partial(_take, store, some, source=source, now=now, dry_run=dry_run))
            bar.update(len(some))
    return moved


def _take(
    store: Store, some: Sequence[OldRegistration], *, source: str, now: datetime, dry_run: bool
) -> MovedIn:
    with store.begin() as work:
        moved = MovingIn(work).take(some, source=source, now=now)
        if dry_run:
            work.db.rollback()
    return moved


def _chunks(people: Sequence[OldRegistration]) -> Iterator[Sequence[OldRegistration]]:
    for begin in range(0, len(people), AT_ONCE):
        yield people[begin : begin + AT_ONCE]


def _tell(read: RegistrationsRead, moved: MovedIn) -> None:
    kept = moved[KeepsNewer] + moved[KeepsDates]
    click.echo(
        f"People {len(read.people)}: imported {moved[Fresh] + moved[Replaces]}, already here "
        f"{moved[AlreadyHere]}, not needed {kept}."
    )
    if moved[Replaces]:
        click.echo(f"Replaced: {moved[Replaces]} who had registered here earlier, and have no dates.")
    if moved[KeepsNewer]:
        click.echo(f"Not needed: {moved[KeepsNewer]} who registered here later; that holds.")
    if moved[KeepsDates]:
        click.echo(f"Not needed: {moved[KeepsDates]} who have dates here; those hold.")
    _tell_outdated(read.outdated)
    tell_quarantined(read.quarantined)


def _tell_outdated(outdated: Sequence[Outdated]) -> None:
    if outdated:
        click.echo(f"Twice in the file: {len(outdated)}. The newer registration holds:")
    for row in outdated[:MOST_LINES_NAMED]:
        click.echo(f"  line {row.line_number}: line {row.newer_line} is the same person, later")
    if len(outdated) > MOST_LINES_NAMED:
        click.echo(f"  and {len(outdated) - MOST_LINES_NAMED} more")
