"""``crs worker``: plan waves, release holds, end invitations, reconcile sends, send letters, every minute."""

import click

from gateway.compose import App
from workers.workshop import install


@click.command()
@click.pass_obj
def worker(app: App) -> None:
    """Do what happens without anybody asking; any number may run at once. Ctrl-C ends it."""
    from workers.schedule import work  # noqa: PLC0415  rq takes long to load

    with app.store(connections=2) as store, app.redis_url() as url:
        install(app.workshop(store))
        click.echo(
            "Working: waves, holds, invitations that ran out, unanswered sends and letters, every minute. "
            "Ctrl-C ends it."
        )
        is_asked_to_stop = work(url)
    if not is_asked_to_stop:
        raise click.ClickException("The worker gave up; its log says why. Start it again.")
    click.echo("Stopped.")
