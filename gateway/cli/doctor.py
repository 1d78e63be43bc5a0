"""``crs doctor``: what is wrong with this installation, in words."""

import os
from pathlib import Path

import click

from gateway.compose import App
from gateway.doctor import Doubtful, Finding, Fine, Wrong, examine, settings_file
from gateway.settings import SettingsError, find, read


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="The settings file, usually crs.toml.")
@click.pass_context
def doctor(ctx: click.Context, config: Path | None) -> None:
    """Say what is wrong with the settings and what they name, and how to mend it."""
    if config is None and isinstance(ctx.obj, App):
        config = ctx.obj.config
    try:
        settings = read(config)
    except SettingsError as error:
        for line in str(error).splitlines():
            tell(Wrong("settings", line, ""))
        ctx.exit(1)
    seen = settings_file(find(config, os.environ, here=Path.cwd()), settings)
    tell(seen)
    wrong = 0
    for finding in examine(settings):
        tell(finding)
        wrong += isinstance(finding, Wrong)
    click.echo(f"\n{wrong} to mend." if wrong else "\nAll is well.")
    ctx.exit(1 if wrong else 0)


def tell(finding: Finding) -> None:
    """Print one finding, and under it how to mend it."""
    match finding:
        case Fine(what, seen):
            click.echo(f"{click.style('fine ', fg='green')}  {what}: {seen}")
        case Doubtful(what, seen, mend):
            click.echo(f"{click.style('look ', fg='yellow')}  {what}: {seen}\n       {mend}")
        case Wrong(what, seen, mend):
            click.echo(
                f"{click.style('wrong', fg='red')}  {what}: {seen}" + (f"\n       {mend}" if mend else "")
            )
