"""``crs information``: what people are told who ask, and what is wrong with it."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import click

from conversations.hearing import faults
from core.information import Information, Text, UnusableInformation, doubts, load_information
from core.services import LANGUAGES
from gateway.compose import App

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def information() -> None:
    """The texts of the information dialogue: which hold where, and what is wrong with them."""


@information.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--date", "day", type=DAY, help="Pretend it is that day.")
@click.pass_context
def check(ctx: click.Context, file: Path | None, day: datetime | None) -> None:
    """Say what is expired, double, missing or too long in FILE, or in the texts that are in use."""
    app: App = ctx.obj
    texts = app.information if file is None else _read(file)
    found = [*doubts(texts, app.world.postcodes, today=_day(app, day)), *_unheard(texts)]
    for doubt in found:
        click.echo(f"{doubt[:1].upper()}{doubt[1:]}.")
    if found:
        click.echo(f"\n{len(found)} to mend.")
        ctx.exit(1)
    click.echo(f"All is well: {len(texts.texts)} in {', '.join(LANGUAGES)}.")


@information.command()
@click.argument("psc")
@click.option("--date", "day", type=DAY, help="Pretend it is that day.")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="cs", show_default=True)
@click.pass_obj
def show(app: App, psc: str, day: datetime | None, language: str) -> None:
    """Show what holds for a PSČ: the country's text, then that of the place."""
    home = app.world.postcodes.find(psc)
    if home is None:
        raise click.BadParameter(f"there is no PSČ {psc}; write its five digits, as 58601", param_hint="PSC")
    today = _day(app, day)
    national = app.information.national(today)
    click.echo(_shown("The whole country", national, language))
    local = app.information.local(home, today)
    click.echo(_shown(home.district_name, local[0] if local else None, language))


def _shown(where: str, text: Text | None, language: str) -> str:
    if text is None:
        return f"{where}: nothing."
    until = f" until {text.until}" if text.until else ""
    return f"{where}, from {text.since}{until}: {text.said(language)}"


def _unheard(texts: Information) -> Iterator[str]:
    """What a voice would read wrongly to whoever calls."""
    for text in texts.texts:
        for language in text.words:
            for fault in dict.fromkeys(faults(text.spoken(language), language)):
                yield f"text {text.number}: heard in {language}, it {fault}; write words for it under heard"


def _day(app: App, day: datetime | None) -> date:
    return (day or datetime.now(app.settings.time_zone)).date()


def _read(file: Path) -> Information:
    try:
        return load_information(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, UnusableInformation) as error:
        raise click.ClickException(f"{file.name}: {error}") from error
