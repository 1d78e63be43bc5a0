"""``crs dialogues``: look at the dialogues and see what is wrong with them."""

import click

from conversations.drawing import mermaid, page
from conversations.library import Library, load_library
from conversations.lint import check as find
from conversations.media import MEDIA
from conversations.script import UnusableScript
from conversations.session import DEFAULT_LANGUAGE
from conversations.words import SMS
from gateway.compose import App


@click.group()
def dialogues() -> None:
    """The dialogues: check, print or draw them."""


@dialogues.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Say what is wrong with any dialogue, its words or their price in segments."""
    library = _library()
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
    """Print a dialogue as a page to read aloud; [1/2] is what it costs of the segments it may."""
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


def _library() -> Library:
    try:
        return load_library()
    except UnusableScript as wrong:
        raise click.ClickException(str(wrong)) from wrong


def _with(name: str, language: str) -> Library:
    library = _library()
    if name not in library.scripts:
        raise click.UsageError(f"There is no dialogue {name}: {', '.join(sorted(library.scripts))}.")
    if language not in library.languages:
        raise click.UsageError(f"There is no language {language}: {', '.join(library.languages)}.")
    return library
