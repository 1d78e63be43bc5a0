"""``crs codes``: codes by which people show that they belong to a group, for employers and physicians."""

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import IO, Final

import click

from core.codes import Code, grouped, read_code
from core.programme import Group, Programme, Proof
from core.store.codes import Batch
from gateway.cli.private_file import private_file
from gateway.compose import App

MOST_AT_ONCE: Final = 100_000
ISSUED: Final = "codes issued"
REVOKED: Final = "codes revoked"
PRINTED: Final = "codes printed again"

_OUT = click.Path(dir_okay=False, path_type=Path)


@click.group()
def codes() -> None:
    """Codes for groups: issue them in batches, count them, take them back, look one up."""


@codes.command()
@click.argument("group")
@click.argument("count", type=click.IntRange(1, MOST_AT_ONCE))
@click.option("--for", "issued_to", required=True, help="The employer or physician who hands them out.")
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.option("--out", type=_OUT, help="A new CSV file for them; without it they are printed here.")
@click.pass_obj
def issue(app: App, *, group: str, count: int, issued_to: str, by: str, out: Path | None) -> None:
    """Make COUNT codes of GROUP (its key in the programme); each lets one person in.

    When it is interrupted there are none. A lost file: `crs codes print`.
    """
    asked = _group(app.world.programme, group)
    issued_to, by = _named(issued_to, "--for"), _named(by, "--by")
    now = datetime.now(UTC)
    with (
        _written(out) as file,  # in its place only once the codes are committed
        app.store(connections=1) as store,
        store.begin() as work,
        click.progressbar(length=count, label="Codes", file=sys.stderr) as bar,
    ):
        batch_id, made = work.codes.issue(
            asked.key,
            count,
            issued_to=issued_to,
            issued_by=by,
            now=now,
            random=SystemRandom(),
            with_some=bar.update,
        )
        work.audit.note(f"desk: {by}", f"{ISSUED}: batch {batch_id}, {len(made)}", now=now)
        _write(file, made, asked.label("cs"), issued_to)
        file.flush()
    click.echo(f"Batch {batch_id}: {len(made)} codes of {asked.key} for {issued_to}.", err=out is None)


@codes.command("print")
@click.argument("batch_id", type=int, metavar="BATCH")
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.option("--out", type=_OUT, help="A new CSV file for them; without it they are printed here.")
@click.pass_obj
def print_(app: App, batch_id: int, by: str, out: Path | None) -> None:
    """Write out again those codes of BATCH that nobody has used."""
    by = _named(by, "--by")
    now = datetime.now(UTC)
    with _written(out) as file, app.store(connections=1) as store, store.begin() as work:
        batch = _known(work.codes.batch(batch_id), batch_id)
        if batch.revoked_at is not None:
            raise click.ClickException(f"Batch {batch_id} was taken back; its codes are good no more.")
        unused = work.codes.unused(batch_id)
        work.audit.note(f"desk: {by}", f"{PRINTED}: batch {batch_id}, {len(unused)}", now=now)
        group = app.world.programme.group(batch.group_key)
        _write(file, unused, group.label("cs") if group else batch.group_key, batch.issued_to)
    click.echo(f"Batch {batch_id}: {len(unused)} codes were not used yet.", err=out is None)


@codes.command("list")
@click.pass_obj
def list_(app: App) -> None:
    """Every batch: whom it was given to, how many of its codes were used, whether it was taken back."""
    with app.store(connections=1) as store, store.begin() as work:
        batches = work.codes.batches()
    if not batches:
        click.echo("No codes were issued yet: `crs codes issue GROUP COUNT --for … --by …`.")
    for batch in batches:
        click.echo(_in_words(batch, app))


@codes.command()
@click.argument("batch_id", type=int, metavar="BATCH")
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.pass_obj
def revoke(app: App, batch_id: int, by: str) -> None:
    """Take BATCH back: codes that nobody has used are good no more; who registered stays registered."""
    by = _named(by, "--by")
    now = datetime.now(UTC)
    with app.store(connections=1) as store, store.begin() as work:
        batch = _known(work.codes.batch(batch_id), batch_id)
        if not work.codes.revoke(batch_id, by=by, now=now):
            raise click.ClickException(f"Batch {batch_id} was taken back before; nothing was changed.")
        work.audit.note(f"desk: {by}", f"{REVOKED}: batch {batch_id}", now=now)
    left = batch.codes - batch.used
    click.echo(f"Batch {batch_id} is taken back: {left} codes are good no more, {batch.used} were used.")


@codes.command()
@click.pass_obj
def check(app: App) -> None:
    """Say what is known of a code, typed when asked for it: so it stays in no history of commands.

    Ends with 1 when nobody was given it.
    """
    reading = read_code(click.prompt("Code", hide_input=sys.stdin.isatty()))
    if not isinstance(reading, Code):
        raise click.ClickException("That is a slip: a code has 12 digits, and the last of them does not fit.")
    with app.store(connections=1) as store, store.begin() as work:
        known = work.codes.find(reading.digits)
    if known is None:
        raise click.ClickException("It has the form of a code, and nobody was given it.")
    used = (
        f"used at {_moment(known.used_at, app)} by registration #{known.used_by}"
        if known.used_at
        else "not used yet"
    )
    click.echo(f"{used[0].upper()}{used[1:]}. {_in_words(known.batch, app)}")


def _group(programme: Programme, key: str) -> Group:
    with_codes = [group.key for group in programme.groups if group.proof is Proof.CODE]
    group = programme.group(key)
    if group is None or group.proof is not Proof.CODE:
        what = "is proven otherwise" if group else "is no group of the programme"
        raise click.BadParameter(
            f"{key} {what}. Codes are for: {', '.join(with_codes) or 'no group'}.", param_hint="GROUP"
        )
    return group


def _named(name: str, option: str) -> str:
    if not (name := " ".join(name.split())):
        raise click.BadParameter("write who it is", param_hint=option)
    return name


def _known(batch: Batch | None, batch_id: int) -> Batch:
    if batch is None:
        raise click.ClickException(f"There is no batch {batch_id}: `crs codes list` names them.")
    return batch


@contextmanager
def _written(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    with private_file(out) as file:
        yield file


def _write(file: IO[str], made: Iterable[str], label: str, issued_to: str) -> None:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(("kod", "skupina", "vydano_pro"))
    rows.writerows((grouped(code), label, issued_to) for code in made)


def _in_words(batch: Batch, app: App) -> str:
    taken_back = f", taken back {_moment(batch.revoked_at, app)}" if batch.revoked_at else ""
    return (
        f"Batch {batch.batch_id}: {batch.group_key} for {batch.issued_to}, "
        f"issued {_moment(batch.issued_at, app)} by {batch.issued_by}, "
        f"used {batch.used} of {batch.codes}{taken_back}."
    )


def _moment(at: datetime, app: App) -> str:
    return f"{at.astimezone(app.settings.time_zone):%Y-%m-%d %H:%M}"
