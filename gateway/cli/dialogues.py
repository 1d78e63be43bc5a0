"""``crs dialogues``: look at the dialogues and see what is wrong with them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from conversations import costs
from conversations.drawing import mermaid, page
from conversations.library import DIALOGUES, Library, load_library
from conversations.lint import check as find
from conversations.media import MEDIA
from conversations.releases import LOST, GoesOn, MeetsTheMenu, StartsOver, Stays, fate, moved
from conversations.script import UnusableScript
from conversations.session import DEFAULT_LANGUAGE, SESSION_LASTS, Session
from conversations.words import SMS
from core.store.sessions import Standing
from core.store.work import Store
from gateway.compose import App

MOST_AT_ONCE: Final = 500  # sessions in one transaction
_COSTS: Final = "{:14}{:4}{:20}{:>10}{:>12}"


@click.group()
def dialogues() -> None:
    """The dialogues: check, print or draw them, and move people to those of a new release."""


@dialogues.command()
@click.option("--costs", "has_costs", is_flag=True, help="And what the dearest words of each may cost.")
@click.pass_context
def check(ctx: click.Context, *, has_costs: bool) -> None:
    """Say what is wrong with any dialogue, its words or their price in segments."""
    library = _library()
    if has_costs:
        click.echo(_COSTS.format("dialogue", "", "dearest words", "segments", "characters"))
        for each in costs.dearest(library):
            of = f"{each.segments} of {each.allowed}"
            click.echo(_COSTS.format(each.dialogue, each.language, each.block, of, each.characters))
        click.echo()
    findings = find(library)
    for finding in findings:
        click.echo(str(finding))
    if findings:
        click.echo(f"\n{len(findings)} to mend.")
        ctx.exit(1)
    names = ", ".join(sorted(library.scripts))
    click.echo(f"All is well: {names}; in {', '.join(library.languages)}.")


@dialogues.command("print")
@click.argument("name")
@click.option("--lang", "language", default=DEFAULT_LANGUAGE, show_default=True)
@click.option("--medium", default=SMS, show_default=True)
def print_(name: str, language: str, medium: str) -> None:
    """Print a dialogue as a page to read aloud.

    [1/2] is what a step costs of the segments it may, [7 s] how long it is heard.
    """
    click.echo(page(_with(name, language), name, language=language, medium=medium))


@dialogues.command()
@click.argument("name")
@click.option("--lang", "language", default=DEFAULT_LANGUAGE, show_default=True)
@click.option("--medium", type=click.Choice(MEDIA), help="Its words, and with --counts its people only.")
@click.option(
    "--counts", "has_counts", is_flag=True, help="How many people went each way, and where they left."
)
@click.pass_obj
def draw(app: App, *, name: str, language: str, medium: str | None, has_counts: bool) -> None:
    """Draw a dialogue as a Mermaid flowchart."""
    library = _with(name, language)
    counts = None
    if has_counts:
        with app.store(connections=1) as store, store.begin() as work:
            counts = work.step_counts.of(name, library.scripts[name].version, medium=medium)
    click.echo(mermaid(library, name, language=language, medium=medium or SMS, counts=counts))


@dialogues.command()
@click.option(
    "--dry-run", is_flag=True, help="Only say how many people stand where, and where they would go."
)
@click.option(
    "--dialogues",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --dry-run: the folder of another release's dialogues.",
)
@click.pass_obj
def migrate(app: App, *, dry_run: bool, folder: Path | None) -> None:
    """Move those who are in the middle of a dialogue to where this release has their step.

    Not needed for anybody to go on, as each turn does it for her: it tells beforehand what a release does,
    and keeps a step that is gone from being taken for one of a later release.
    """
    if folder is not None and not dry_run:
        raise click.UsageError("Another release's dialogues can only be looked at: add --dry-run.")
    library = app.library if folder is None else _library(folder)
    with app.store(connections=1) as store:
        with store.begin() as work:
            found = work.sessions.standing(since=datetime.now(UTC) - SESSION_LASTS)
        staying = 0
        for each in found:
            if each.step == LOST or isinstance(fate(library, each.dialogue, each.step), Stays):
                staying += each.people
                continue
            click.echo(_in_words(each, library))
            if not dry_run:
                _move(store, library, each)
    click.echo(f"{staying} stay where they are." + (" Nothing was changed." if dry_run else ""))


def _move(store: Store, library: Library, standing: Standing) -> None:
    def change(kept: dict[str, Any]) -> dict[str, Any]:
        return moved(library, Session.from_json(kept)).to_json()

    count = MOST_AT_ONCE
    while count == MOST_AT_ONCE:
        with store.begin() as work:
            count = work.sessions.rewrite_at(standing.dialogue, standing.step, change, at_most=MOST_AT_ONCE)


def _in_words(standing: Standing, library: Library) -> str:
    at = f"{standing.dialogue}.{standing.step}, version {standing.version}: {standing.people}"
    match fate(library, standing.dialogue, standing.step):
        case Stays():
            return f"{at} stay"
        case GoesOn(step=step):
            return f"{at} go on at {step}"
        case StartsOver(fields=fields):
            return f"{at} start over, keeping what they told of {', '.join(fields)}"
        case MeetsTheMenu():
            return f"{at} meet the menu, the dialogue is gone"


def _library(folder: Path = DIALOGUES) -> Library:
    try:
        return load_library(folder)
    except UnusableScript as wrong:
        raise click.ClickException(str(wrong)) from wrong


def _with(name: str, language: str) -> Library:
    library = _library()
    if name not in library.scripts:
        raise click.UsageError(f"There is no dialogue {name}: {', '.join(sorted(library.scripts))}.")
    if language not in library.languages:
        raise click.UsageError(f"There is no language {language}: {', '.join(library.languages)}.")
    return library
