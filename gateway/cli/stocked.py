"""A vaccine and a moment, as the commands about stock take them."""

from datetime import datetime

import click

from core.products import Product
from gateway.cli.importing import MOMENT
from gateway.clock import utc_now
from gateway.compose import App

now_option = click.option("--now", type=MOMENT, help="Pretend it is then.")


def moment_of(app: App, said: datetime | None) -> datetime:
    """Now, or the moment that was said, in the time zone of the settings."""
    return said.replace(tzinfo=app.settings.time_zone) if said else utc_now()


def product_of(app: App, said: str, *, hint: str = "PRODUCT") -> Product:
    """The vaccine that is meant; raises BadParameter with those we know."""
    if product := app.world.products.find(said):
        return product
    known = ", ".join(app.world.products.by_key)
    raise click.BadParameter(f"{said!r} is a vaccine we do not know; we know {known}", param_hint=hint)
