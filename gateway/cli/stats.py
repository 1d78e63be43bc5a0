"""``crs stats``: the ministry's numbers."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from core.store.numbers import DayNumbers, NumbersBook
from gateway.compose import App

COLUMNS = ("date", "registrations", "reservations", "waiting", "doses", "completed")


@click.command()
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The end of this day only.")
@click.option("--json", "as_json", is_flag=True, help="A list with one object a day, or one object.")
@click.pass_obj
def stats(app: App, day: datetime | None, as_json: bool) -> None:
    """Unique registrations, reservations, waiting, doses and completed people at the end of each day."""
    with app.store(connections=1) as store, store.begin() as work:
        numbers = NumbersBook(work.db)
        if day is not None:
            found = [numbers.on(day.date())]
        else:
            found = numbers.daily(until=datetime.now(app.settings.time_zone).date())
    if as_json:
        said = [_as_json(each) for each in found]
        click.echo(json.dumps(said[0] if day is not None else said, indent=2))
        return
    click.echo("  ".join(f"{column:>13}" for column in COLUMNS))
    for each in found:
        click.echo("  ".join(f"{value!s:>13}" for value in _as_json(each).values()))


def _as_json(numbers: DayNumbers) -> dict[str, Any]:
    return {**asdict(numbers), "date": numbers.date.isoformat()}
