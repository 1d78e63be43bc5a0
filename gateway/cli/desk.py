"""``crs desk``: what the hotline may do for somebody who calls, and who did what."""

from datetime import UTC, datetime
from typing import Final

import click

from core.phones import NotAPhone, parse_phone
from core.store.audit import Noted
from core.store.unblocking import (
    NobodyKnown,
    NotBlocked,
    Unblocked,
    UnblockOutcome,
    unblock_phone,
    unblock_registration,
)
from gateway.cli.desk_hotline import call_backs, name, names, spent_names
from gateway.cli.desk_take import calls, sessions, take
from gateway.compose import App

MOST_LINES: Final = 50


@click.group()
def desk() -> None:
    """The hotline's desk: go on for a caller, do what callers left, unblock, and read the audit."""


for _command in (sessions, calls, take, names, name, spent_names, call_backs):
    desk.add_command(_command)


@desk.command()
@click.option(
    "--phone", "number", help="The phone that is blocked, as +420601234567, and all registered with it."
)
@click.option("--registration", "registration_id", type=int, help="One registration, and its phone.")
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.option(
    "--why", default="", help="How you know the caller, kept in the audit: no personal data, please."
)
@click.pass_obj
def unblock(app: App, number: str | None, registration_id: int | None, by: str, why: str) -> None:
    """Lift a block by five wrong PINs; no other block is lifted here.

    Whoever has a PIN that is still good may use it at once, the others wait again in their place.
    Ends with 1 when there was nothing to lift.
    """
    if (number is None) == (registration_id is None):
        raise click.UsageError("Name a --phone or a --registration.")
    now = datetime.now(UTC)
    phone = None if number is None else parse_phone(number, app.settings.sms.country)
    if isinstance(phone, NotAPhone):
        raise click.BadParameter(
            "that is not a phone number; write it as +420601234567", param_hint="--phone"
        )
    with app.store(connections=1) as store, store.begin() as work:
        if phone is not None:
            outcome = unblock_phone(work, phone.e164, by=by, why=why, now=now)
        else:
            outcome = unblock_registration(work, registration_id or 0, by=by, why=why, now=now)
    _tell(outcome)


def _tell(outcome: UnblockOutcome) -> None:
    match outcome:
        case Unblocked(is_address=is_address, states=states):
            if is_address:
                click.echo("The phone is listened to again, with five tries.")
            for registration_id, state in states.items():
                click.echo(f"Registration #{registration_id} is unblocked: {state}.")
        case NotBlocked(others=others):
            told = [f"Registration #{each} is blocked, and stays so: {why}." for each, why in others.items()]
            raise click.ClickException(" ".join(["Nothing here is blocked by wrong PINs.", *told]))
        case NobodyKnown():
            raise click.ClickException("There is no such registration.")


@desk.command()
@click.option("--registration", "registration_id", type=int, help="About one registration only.")
@click.option(
    "--most", type=click.IntRange(min=1), default=MOST_LINES, show_default=True, help="How many lines."
)
@click.pass_obj
def audit(app: App, registration_id: int | None, most: int) -> None:
    """Who did or was told what, newest first; ids only."""
    with app.store(connections=1) as store, store.begin() as work:
        lines = work.audit.latest(most, registration_id=registration_id)
    if not lines:
        click.echo("Nothing was noted yet.")
    for line in lines:
        click.echo(_in_words(line, app))


def _in_words(line: Noted, app: App) -> str:
    at = f"{line.at.astimezone(app.settings.time_zone):%Y-%m-%d %H:%M}"
    whom = f", registration #{line.registration_id}" if line.registration_id is not None else ""
    return f"{at} {line.who}: {line.what}{whom}"
