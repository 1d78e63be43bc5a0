"""``crs demo``: everything at once, with nothing to install."""

import click

from gateway.compose import App
from gateway.logs import set_up_logs


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Of the page.")
@click.option(
    "--people", type=click.IntRange(0, 100_000), default=2000, show_default=True, help="How many live nearby."
)
@click.option("--seed", default=2021, show_default=True, help="Another seed makes up other people.")
@click.option("--no-people", is_flag=True, help="Only you.")
@click.pass_obj
def demo(app: App, port: int, people: int, seed: int, no_people: bool) -> None:
    """Real sites, synthetic people, a simulated operator, and a phone for you in the browser.

    Uses the embedded databases only, never yours. Ctrl-C ends it; the next start continues.
    """
    from gateway.demo.run import Choices, PortTaken, run_demo  # noqa: PLC0415  the web takes long to load

    set_up_logs("warning")
    choices = Choices(port, 0 if no_people else people, seed)
    try:
        run_demo(app, choices, tell=click.echo)
    except PortTaken as taken:
        raise click.ClickException(str(taken)) from taken
