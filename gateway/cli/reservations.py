"""``crs reservations``: the dates of a site's people."""

import click

from core.states import page


@click.group()
def reservations() -> None:
    """Dates that people have."""


@reservations.command()
def states() -> None:
    """Print what a registration, an invitation and a reservation may become, drawn as docs/states.md."""
    click.echo(page(), nl=False)
