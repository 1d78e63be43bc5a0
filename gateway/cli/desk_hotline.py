"""``crs desk names``, ``name`` and ``call-backs``: what callers left for a person to do."""

from datetime import UTC, datetime
from typing import Final

import click

from conversations.session import SESSION_LASTS
from core.store.recordings import Named, NamedAlready, NoRecording, NotRegisteredYet
from gateway.compose import App

MOST_LINES: Final = 50
CALLED_BACK: Final = "called back"
NAMED: Final = "name written down"


@click.command()
@click.option(
    "--most", type=click.IntRange(min=1), default=MOST_LINES, show_default=True, help="How many lines."
)
@click.pass_obj
def names(app: App, most: int) -> None:
    """Names spoken on the hotline that wait to be written down, with the sounds to play."""
    with app.store(connections=1) as store, store.begin() as work:
        found = work.recordings.waiting(most)
    if not found:
        click.echo("No name waits to be written down.")
    for each in found:
        at = f"{each.recorded_at.astimezone(app.settings.time_zone):%Y-%m-%d %H:%M}"
        click.echo(f"#{each.recording_id} {at}, registration #{each.registration_id}: {each.sound}")


@click.command()
@click.argument("recording_id", type=int)
@click.argument("name")
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.pass_obj
def name(app: App, recording_id: int, name: str, by: str) -> None:
    """Write the name that was heard, as "Jan Novák", into its registration. Ends with 1 when it cannot."""
    first_name, _, last_name = " ".join(name.split()).partition(" ")
    if not last_name or any(character.isdigit() for character in name):
        raise click.BadParameter('write a first name and a surname, as "Jan Novák"', param_hint="NAME")
    now = datetime.now(UTC)
    with app.store(connections=1) as store, store.begin() as work:
        outcome = work.recordings.name(recording_id, first_name, last_name, by=by, now=now)
        if isinstance(outcome, Named):
            what = f"{NAMED}: recording #{recording_id}"
            work.audit.note(f"desk: {by}", what, registration_id=outcome.registration_id, now=now)
    match outcome:
        case Named(registration_id=registration_id):
            click.echo(f"Registration #{registration_id} has its name.")
        case NotRegisteredYet():
            raise click.ClickException("No registration has come of that call yet.")
        case NamedAlready(by=first):
            raise click.ClickException(f"{first} has written it down already.")
        case NoRecording():
            raise click.ClickException("There is no such recording.")


@click.command("spent-names")
@click.option(
    "--most", type=click.IntRange(min=1), default=MOST_LINES, show_default=True, help="How many lines."
)
@click.option("--forget", is_flag=True, help="Forget them: you delete the sounds that are printed.")
@click.pass_obj
def spent_names(app: App, most: int, forget: bool) -> None:
    """Sounds of names that nobody needs any more, to be deleted where they are; one a line.

    Written down already, or of a call that led to no registration within a day.
    """
    before = datetime.now(UTC) - SESSION_LASTS
    with app.store(connections=1) as store, store.begin() as work:
        found = work.recordings.spent(most, before=before)
        if forget:
            work.recordings.forget([each.recording_id for each in found])
    for each in found:
        click.echo(each.sound)


@click.group("call-backs", invoke_without_command=True)
@click.option(
    "--most", type=click.IntRange(min=1), default=MOST_LINES, show_default=True, help="How many lines."
)
@click.pass_context
def call_backs(ctx: click.Context, most: int) -> None:
    """Who asked to be called and has not been, with the number to call."""
    if ctx.invoked_subcommand is not None:
        return
    app: App = ctx.obj
    with app.store(connections=1) as store, store.begin() as work:
        found = work.call_backs.waiting(most)
    if not found:
        click.echo("Nobody waits to be called back.")
    for each in found:
        at = f"{each.asked_at.astimezone(app.settings.time_zone):%Y-%m-%d %H:%M}"
        click.echo(f"#{each.call_back_id} {at} {each.phone}, {each.language}: {each.reason}")


@call_backs.command()
@click.argument("call_back_id", type=int)
@click.option("--by", required=True, help="Your name; it is kept in the audit.")
@click.pass_obj
def done(app: App, call_back_id: int, by: str) -> None:
    """Note that you have called. Ends with 1 when somebody had before, or nobody asked."""
    now = datetime.now(UTC)
    with app.store(connections=1) as store, store.begin() as work:
        is_first = work.call_backs.done(call_back_id, by=by, now=now)
        if is_first:
            work.audit.note(f"desk: {by}", f"{CALLED_BACK}: #{call_back_id}", now=now)
    if not is_first:
        raise click.ClickException("Nobody waits there to be called.")
    click.echo("Noted.")
