"""``crs mail``: letters by e-mail, and the addresses that nobody has."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from core.bounces import Undelivered, read_report
from core.email_address import is_email_address, mask_email
from core.mails import MailState
from core.open_data import UnreadableFile
from gateway.cli.importing import UNCHANGED
from gateway.compose import App

MOST_LINES: Final = 20
BY_HAND: Final = "by hand"


@click.group()
def mail() -> None:
    """Confirmations by e-mail: what waits, and what came back."""


@mail.command()
@click.pass_obj
def status(app: App) -> None:
    """How many letters wait, were sent, failed or came back, and what mail servers said last."""
    with app.store(connections=1) as store, store.begin() as work:
        counts, doubled = work.mails.counts(), work.mails.perhaps_doubled()
        reasons = work.mails.latest_reasons(MOST_LINES)
    if app.post is None:
        click.echo("No [mail] host in the settings: no letters are sent, and none are promised.")
    for state in MailState:
        click.echo(f"{state.value:<8}{counts[state]:>10}")
    if doubled:
        click.echo(f"{doubled} of those sent may have arrived twice: their sender died before it could tell.")
    for mail_id, state, because in reasons:
        click.echo(f"#{mail_id} {state.value}: {because}")


@mail.command()
@click.pass_obj
def send(app: App) -> None:
    """Send now what is due; `crs worker` does it every minute."""
    from workers.mails.sending import send_due  # noqa: PLC0415  only this command needs it

    post = app.post
    if post is None:
        raise click.ClickException("There is no mail server: set host and sender of [mail].")
    with app.store(connections=2) as store:
        counts: Counter[MailState] = send_due(app.workshop(store), post)
        with store.begin() as work:
            waiting = work.mails.counts()[MailState.QUEUED]
    told = [f"{count} {state.value}" for state, count in counts.items()]
    click.echo(f"{', '.join(told) or 'Nothing was due'}; {waiting} wait.")


@mail.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing.")
@click.pass_obj
def bounced(app: App, what: tuple[str, ...], dry_run: bool) -> None:
    """Note that letters came back: WHAT is an address, a file with a delivery report, or - for standard
    input.

    Nothing is sent to such an address any more, and its owner is told so in her next dialogue. Every report
    is read before anything is noted.
    """
    found = [each for one in what for each in _undelivered(one)]
    unknown = {each.address.lower(): each for each in found if each.is_unknown}
    for each in found:
        if not each.is_unknown:
            click.echo(f"{mask_email(each.address)}: {each.status} is not about the address; it stays.")
    with app.store(connections=1) as store, store.begin() as work:
        for each in unknown.values():
            people = work.mails.bounce(each.address, now=datetime.now(UTC))
            click.echo(f"{mask_email(each.address)}: {each.status}; registrations that had it: {people}.")
        if dry_run:
            work.db.rollback()
            click.echo(UNCHANGED)


def _undelivered(what: str) -> list[Undelivered]:
    if what != "-" and not Path(what).exists() and is_email_address(what):
        return [Undelivered(what, BY_HAND, is_unknown=True)]
    try:
        file = sys.stdin.buffer.read() if what == "-" else Path(what).read_bytes()
    except OSError as error:
        raise click.ClickException(
            f"{what} is neither an address nor a file that can be read: {error.strerror}."
        ) from error
    try:
        return read_report(file)
    except UnreadableFile as error:
        raise click.ClickException(f"{what}: {error}") from error
