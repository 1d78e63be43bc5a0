"""``crs deliveries check``: what every site has, expects and has promised, and for whom it lasts."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import click

from core.calendars.calendar import PRAGUE
from core.store.supply import Supply
from core.store.work import Work
from core.world import World
from gateway.cli.stocked import moment_of, now_option
from gateway.compose import App


@click.command()
@click.option("--site", "site_id", type=click.UUID, help="One site only.")
@click.option("--json", "as_json", is_flag=True)
@now_option
@click.pass_obj
def check(app: App, site_id: UUID | None, *, as_json: bool, now: datetime | None) -> None:
    """Count the doses on hand, expected and promised per site and product, and for how many it lasts."""
    moment = moment_of(app, now)
    today = moment.astimezone(PRAGUE).date()
    with app.store(connections=1) as store, store.begin() as work:
        rows = list(_rows(work, app.world, site_id, now=moment, today=today))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("No doses at a known site yet. Bring them in: `crs deliveries import FILE`.")


def _rows(
    work: Work, world: World, site_id: UUID | None, *, now: datetime, today: date
) -> Iterator[dict[str, Any]]:
    reported = work.stock.everywhere()
    sites = sorted(work.sites.all().values(), key=lambda site: (site.name, str(site.site_id)))
    for site in sites:
        if site_id in {None, site.site_id}:
            for product, supply in work.supply.with_last_days(site.site_id, world, now=now).items():
                yield {
                    "name": site.name,
                    "site_id": str(site.site_id),
                    "product": product,
                    "doses": min(supply.on_hand, reported.get((site.site_id, product), supply.on_hand)),
                    **_promises(supply, today),
                }


def _promises(supply: Supply, today: date) -> dict[str, Any]:
    until = supply.runs_out_on
    return {
        "expected": supply.expected,
        "promised_first": supply.promised.first,
        "promised_second": supply.promised.second,
        "courses": supply.courses,
        "days_of_cover": None if until is None else (until - today).days,
        "runs_out_on": None if until is None else until.isoformat(),
    }


def _line(row: dict[str, Any]) -> str:
    lasts = (
        "lasts for all dates"
        if row["runs_out_on"] is None
        else f"lasts {row['days_of_cover']} days: doses lack on {row['runs_out_on']}"
    )
    return (
        f"{row['name']} ({row['site_id']}): {row['product']} {row['doses']} on hand, "
        f"{row['expected']} expected, "
        f"promised {row['promised_first']} first and {row['promised_second']} second; "
        f"for {row['courses']} more people; {lasts}"
    )
