"""``crs confirmation``: print somebody's dates."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.compose import App


@click.command()
@click.argument("reservation_id", type=click.IntRange(min=1), metavar="RESERVATION")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    help="The PDF to write, or - for standard output.",
)
@click.option("--language", help="Instead of the language she registered in: cs, en or uk.")
@click.pass_obj
def confirmation(app: App, reservation_id: int, out: Path, language: str | None) -> None:
    """Print the confirmation of a reservation as PDF; `crs show --phone` tells its number.

    One A4 page with the dates, the place and a QR for the check-in; no insurance number and no PIN.
    """
    from workers.mails.paper import paper  # noqa: PLC0415  its fonts and pictures take long to load

    if language and language not in app.library.languages:
        known = ", ".join(app.library.languages)
        raise click.BadParameter(f"there are {known}", param_hint="--language")
    with app.store(connections=1) as store, store.begin() as work:
        said = work.confirmations.of(reservation_id, app.world.products)
    if said is None:
        raise click.ClickException(f"There is no reservation {reservation_id}.")
    if not said.is_valid:
        raise click.ClickException(
            f"Reservation {reservation_id} is not confirmed, or was cancelled: there is nothing to print."
        )
    if language:
        said = replace(said, language=language)
    page = paper(said, app.writer, now=datetime.now(UTC))
    if str(out) == "-":
        click.echo(page, nl=False)
        return
    _write_whole(out, page)
    click.echo(f"Written: {out}")


def _write_whole(out: Path, page: bytes) -> None:
    """All of it or nothing: what was there before stays until the new page is whole."""
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        unfinished.write_bytes(page)
        unfinished.replace(out)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from error
