"""``crs operators``: which road is open, what waits there, and how the work is shared between them."""

import click

from gateway.clock import utc_now
from gateway.compose import App

SHIFTS_SHOWN = 10
COLUMNS = "{:<12}  {:>5}  {:>6}  {:>9}  {:>9}  {:>8}"


@click.command()
@click.pass_obj
def operators(app: App) -> None:
    """Say which operators are up, their weights and queues, and why the last weights changed."""
    if not app.operators:
        click.echo("No [[operators]] in the settings.")
        return
    now = utc_now()
    with app.store(connections=1) as store, store.begin() as work:
        seen = work.operators.as_they_are(app.operators, now=now)
        queues = work.queues.waiting()
        shifts = work.operators.shifts(at_most=SHIFTS_SHOWN)
    click.echo(COLUMNS.format("operator", "bound", "weight", "capacity", "segments", "moved"))
    for operator, chosen in zip(seen, app.settings.operators, strict=True):
        own = [queue for queue in queues if queue.operator == operator.name]
        click.echo(
            COLUMNS.format(
                operator.name,
                "yes" if operator.is_up else "no",
                f"{operator.weight:.0%}",
                f"{chosen.segments_per_second:g}/s",
                sum(queue.segments for queue in own),
                sum(queue.moved for queue in own),
            )
        )
    for shift in shifts:
        when = shift.shifted_at.astimezone(app.settings.time_zone)
        change = f"{shift.before:.0%} to {shift.after:.0%}"
        click.echo(f"{when:%Y-%m-%d %H:%M}  {shift.operator}: {change}, {shift.reason}")
