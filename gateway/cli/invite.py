"""``crs invite``: plan waves by hand."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

import click

from gateway.compose import App
from workers.planning import Planned, plan_now, sites_to_plan
from workers.workshop import Workshop


@click.group()
def invite() -> None:
    """Invitations: who may reserve now."""


@invite.command()
@click.option("--site", "site_id", type=click.UUID, help="One site only; otherwise all where people wait.")
@click.option(
    "--now", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="Pretend it is then."
)
@click.pass_obj
def run(app: App, site_id: UUID | None, now: datetime | None) -> None:
    """Plan once, and say per site how many were invited and why not more."""
    moment = (now.replace(tzinfo=app.settings.time_zone) if now else datetime.now(UTC)).astimezone(UTC)
    with app.store(connections=2) as store:
        workshop = Workshop(
            store, app.library, app.world, app.operators, secrets.SystemRandom(), lambda: moment
        )
        site_ids = [site_id] if site_id else sites_to_plan(workshop)
        if not site_ids:
            click.echo("Nobody waits to be invited.")
        total = 0
        for each in site_ids:
            planned = plan_now(workshop, each, approved_by="desk")
            if planned is None:
                raise click.BadParameter(f"there is no site {each}", param_hint="--site")
            total += planned.invited
            click.echo(_in_words(planned))
        if len(site_ids) > 1:
            click.echo(f"Invited in all: {total}.")


def _in_words(planned: Planned) -> str:
    said = f"{planned.site.name}: invited {planned.invited}, {planned.left} still waiting"
    return f"{said} ({'; '.join(planned.plan.reasons)})." if planned.left else f"{said}."
