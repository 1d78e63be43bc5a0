"""``crs registers``: whether the registers of the settings can be used."""

import click

from core.open_data import UnreadableFile
from gateway.compose import App
from gateway.registers.file import FileRegister
from gateway.registers.opening import open_register
from gateway.settings import SettingsError

SOME_SET_ASIDE = 3  # exit code
MOST_LINES_NAMED = 20


@click.group()
def registers() -> None:
    """Registers of people: who is identified, and who works in health care."""


@registers.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Read the files of the registers, and say which rows were set aside and why; asks no service.

    Ends with 0 when all is well, with 3 when rows were set aside, with 1 when a file cannot be read.
    """
    app: App = ctx.obj
    is_whole = True
    for name, choice in app.settings.registers:
        try:
            register = open_register(choice)
        except (SettingsError, UnreadableFile) as error:
            raise click.ClickException(f"{name}: {error}") from error
        if not isinstance(register, FileRegister):
            click.echo(f"{name}: {choice.url if choice.kind == 'http' else 'none'}")
            continue
        click.echo(f"{name}: {len(register)} people in {choice.file}")
        for row in register.quarantined[:MOST_LINES_NAMED]:
            click.echo(f"  line {row.line_number}: {row.reason}")
        if (more := len(register.quarantined) - MOST_LINES_NAMED) > 0:
            click.echo(f"  and {more} more")
        is_whole = is_whole and not register.quarantined
    ctx.exit(0 if is_whole else SOME_SET_ASIDE)
