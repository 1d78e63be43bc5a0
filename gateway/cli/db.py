"""``crs db``: the schema of the database."""

import click

from core.store.schema import current_revision, downgrade, newest_revision, upgrade
from gateway.compose import App


@click.group()
def db() -> None:
    """The schema of the database."""


@db.command("upgrade")
@click.argument("revision", default="head")
@click.pass_obj
def upgrade_(app: App, revision: str) -> None:
    """Bring the database to this release's schema."""
    with app.database_url() as url:
        upgrade(url, revision)
        click.echo(f"The database is at {current_revision(url) or 'no revision'}.")


@db.command("downgrade")
@click.argument("revision")
@click.confirmation_option(prompt="What later revisions added will be lost. Go on?")
@click.pass_obj
def downgrade_(app: App, revision: str) -> None:
    """Take the database back to REVISION (`base` empties it)."""
    with app.database_url() as url:
        downgrade(url, revision)
        click.echo(f"The database is at {current_revision(url) or 'no revision'}.")


@db.command()
@click.pass_obj
def status(app: App) -> None:
    """Say where the database is and where this release wants it."""
    with app.database_url() as url:
        click.echo(
            f"The database is at {current_revision(url) or 'no revision'}; wanted {newest_revision()}."
        )
