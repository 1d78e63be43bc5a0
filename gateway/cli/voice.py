"""``crs voice``: the hotline's sounds."""

import click

from gateway.channels.voice import open_shelf, open_sounds
from gateway.compose import App
from gateway.voice.blocks import fixed_sentences, missing
from gateway.voice.sounds import Sounds, digest
from gateway.voice.synthesiser import NoVoice


@click.group()
def voice() -> None:
    """What the hotline says: make the sounds, and see which are missing."""


@voice.command()
@click.pass_obj
def build(app: App) -> None:
    """Make the sound of every sentence that is the same for everybody and that nobody has recorded."""
    sounds = _sounds(app)
    lacking = list(missing(app.library, sounds))
    try:
        with click.progressbar(lacking, label="Sentences") as progress:
            for spoken in progress:
                sounds.build(spoken)
    except NoVoice as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(lacking)} made, in {sounds.built}.")


@voice.command()
@click.option("--list", "is_listed", is_flag=True, help="Every sentence with the file that would record it.")
@click.pass_context
def check(ctx: click.Context, *, is_listed: bool) -> None:
    """Prove that every sentence of every dialogue has its sound."""
    app = ctx.find_object(App)
    assert app is not None  # noqa: S101  the group has made it
    sounds = _sounds(app)
    every = fixed_sentences(app.library)
    lacking = set(missing(app.library, sounds))
    for spoken in every:
        if is_listed or spoken in lacking:
            state = (
                "missing"
                if spoken in lacking
                else "recorded"
                if sounds.is_recorded(spoken)
                else "synthesised"
            )
            click.echo(f"{state:11}  {spoken.language}/{digest(spoken)}.wav  {spoken.text}")
    recorded = sum(sounds.is_recorded(spoken) for spoken in every)
    click.echo(
        f"{len(every)} sentences: {recorded} recorded, {len(every) - recorded - len(lacking)} synthesised, "
        f"{len(lacking)} missing."
    )
    if lacking:
        click.echo("`crs voice build` makes them.")
        ctx.exit(1)


def _sounds(app: App) -> Sounds:
    return open_sounds(app.settings, open_shelf(app.settings))
