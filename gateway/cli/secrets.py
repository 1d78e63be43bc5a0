"""``crs secrets``: the key that numbers and PINs are sealed with."""

import click

from core.vault import new_key


@click.group()
def secrets() -> None:
    """The key of [secrets]."""


@secrets.command()
def new() -> None:
    """Print a fresh key, for [secrets] key or CRS_SECRETS_KEY. Keep it: without it nothing can be opened."""
    click.echo(new_key())
