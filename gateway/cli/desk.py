"""``crs desk``: what the hotline may do for somebody who calls, and who did what."""

from typing import Final

import click

from core.store.audit import Noted
from gateway.cli.desk_blocks import ask_again, block, unblock
from gateway.cli.desk_hotline import call_backs, name, names, spent_names
from gateway.cli.desk_take import calls, sessions, take
from gateway.compose import App

MOST_LINES: Final = 50


@click.group()
def desk() -> None:
    """The hotline's desk: go on for a caller, do what callers left, block and unblock, and read the audit."""


for _command in (sessions, calls, take, names, name, spent_names, call_backs, block, unblock, ask_again):
    desk.add_command(_command)


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
