"""The `crs` command: one file per command, loaded when it is asked for."""

import importlib
import sys
from pathlib import Path

import click

from core.open_data import UnreadableFile
from gateway.compose import App
from gateway.embedded import EmbeddedError
from gateway.logs import set_up_logs
from gateway.settings import SettingsError

COMMANDS = {
    "calendars": "calendars:calendars",
    "codes": "codes:codes",
    "confirmation": "confirmation:confirmation",
    "db": "db:db",
    "deliveries": "deliveries:deliveries",
    "demo": "demo:demo",
    "desk": "desk:desk",
    "dialogues": "dialogues:dialogues",
    "doses": "doses:doses",
    "doctor": "doctor:doctor",
    "export": "export:export",
    "information": "information:information",
    "invite": "invite:invite",
    "mail": "mail:mail",
    "migrate": "migrate:migrate",
    "number": "number:number",
    "operators": "operators:operators",
    "registers": "registers:registers",
    "registrations": "registrations:registrations",
    "reservations": "reservations:reservations",
    "secrets": "secrets:secrets",
    "serve": "serve:serve",
    "show": "show:show",
    "simulate": "simulate:simulate",
    "sites": "sites:sites",
    "stats": "stats:stats",
    "substitutes": "substitutes:substitutes",
    "talk": "talk:talk",
    "voice": "voice:voice",
    "worker": "worker:worker",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(f"gateway.cli.{module}"), name)
        return command


@click.command(cls=_Lazy)
@click.option("--config", type=click.Path(path_type=Path), help="The settings file, usually crs.toml.")
@click.version_option(package_name="crs")
@click.pass_context
def crs(ctx: click.Context, config: Path | None) -> None:
    """Vaccination reservations for everybody with a phone."""
    set_up_logs("warning")
    ctx.obj = App(config)


def main() -> None:
    """Run the command; what the user can mend is said in words, without a traceback."""
    try:
        crs.main(prog_name="crs")
    except (SettingsError, EmbeddedError, UnreadableFile) as error:
        click.echo(f"crs: {error}", err=True)
        sys.exit(1)
