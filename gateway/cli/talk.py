"""``crs talk``: a phone in the terminal."""

import os
import select
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

import click

from core.messages import SMS_CHANNEL, Address
from core.phones import NotAPhone, parse_phone
from gateway.channels.loopback import Loopback
from gateway.clock import utc_now
from gateway.compose import App
from gateway.turns.runner import TurnRunner

LOOK_EVERY_SECONDS = 1.0  # for messages that come by themselves, while nothing is typed


@click.command()
@click.option("--from", "number", default="+420601234567", show_default=True, help="The phone's number.")
@click.option(
    "--now", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="Pretend it is then."
)
@click.pass_obj
def talk(app: App, number: str, now: datetime | None) -> None:
    """Type what a person would send; answers are printed with `< `. Works in a pipe."""
    phone = parse_phone(number, app.settings.sms.country)
    if isinstance(phone, NotAPhone):
        raise click.BadParameter("that is not a phone number; write it as +420601234567", param_hint="--from")
    clock = _clock(app, now)
    with app.store(connections=2) as store:
        loopback = Loopback(store, by=f"talk-{os.getpid()}")
        runner = TurnRunner(store, app.library, app.world)
        is_typed = sys.stdin.isatty()

        def show() -> None:
            for mt in loopback.collect(phone.e164, now=clock()):
                click.echo(f"< {mt.text}")

        show()
        while (line := _next_line(show, is_typed=is_typed)) is not None:
            if line.strip():
                loopback.say(phone.e164, line.strip(), now=clock())
                runner.run_address(Address(SMS_CHANNEL, phone.e164), clock())
            show()


def _next_line(show: Callable[[], None], *, is_typed: bool) -> str | None:
    """The next typed line, showing what comes meanwhile; None at the end."""
    if is_typed:
        click.echo("> ", nl=False)
        while not select.select([sys.stdin], [], [], LOOK_EVERY_SECONDS)[0]:
            show()
    return sys.stdin.readline() or None


def _clock(app: App, now: datetime | None) -> Callable[[], datetime]:
    """The clock of this machine, or one that starts at `now` (local time of the settings)."""
    if now is None:
        return utc_now
    start, begun = now.replace(tzinfo=app.settings.time_zone).astimezone(UTC), monotonic()
    return lambda: start + timedelta(seconds=monotonic() - begun)
