"""``crs desk sessions``, ``calls`` and ``take``: where callers are, and going on for one of them."""

import secrets
import sys
from datetime import UTC, datetime
from typing import Final

import click

from conversations.session import SESSION_LASTS
from conversations.whereabouts import Whereabouts
from core.messages import SMS_CHANNEL, VOICE_CHANNEL, Address
from core.phones import NotAPhone, mask, parse_phone
from core.routing import DESK, choose_operator
from core.store.desk_view import DeskView, SaidMessage, masked_words
from core.store.sessions import OpenSession
from core.store.work import Store
from gateway.compose import App
from gateway.turns.on_behalf import OnBehalf, Seen
from gateway.turns.runner import TurnRunner

MOST_LINES: Final = 50


@click.command()
@click.option("--channel", help="Of one channel only: sms, telegram, whatsapp, web, voice.")
@click.option(
    "--most", type=click.IntRange(min=1), default=MOST_LINES, show_default=True, help="How many lines."
)
@click.pass_obj
def sessions(app: App, channel: str | None, most: int) -> None:
    """Who is in the middle of a dialogue and where, whoever waits longest first."""
    _list(app, channel, most)


@click.command()
@click.option(
    "--most", type=click.IntRange(min=1), default=MOST_LINES, show_default=True, help="How many lines."
)
@click.pass_obj
def calls(app: App, most: int) -> None:
    """The same of the hotline's callers, also of those whose call was cut off."""
    _list(app, VOICE_CHANNEL, most)


@click.command()
@click.option("--phone", "number", help="Her phone, as +420601234567.")
@click.option("--channel", help="With --phone, where she has begun on several: sms, telegram, web, voice.")
@click.option("--session", "mo_id", type=int, help="Or the number that `sessions` and `calls` show.")
@click.option("--by", required=True, help="Your name; it is kept in the audit with every step.")
@click.option("--say", "text", help="Say this once, and end; else type line by line.")
@click.option("--to-caller", is_flag=True, help="Answers also go to her, on her channel.")
@click.pass_obj
def take(
    app: App,
    *,
    number: str | None,
    channel: str | None,
    mo_id: int | None,
    by: str,
    text: str | None,
    to_caller: bool,
) -> None:
    """See where a caller is and go on for her at the same step; numbers and PINs stay hidden.

    What you type is said for her, `> ` was said by her, `< ` by us. An empty line asks anew where she is.
    """
    if (number is None) == (mo_id is None):
        raise click.UsageError("Name a --phone or a --session.")
    with app.store(connections=2) as store:
        address = _of_mo(store, mo_id) if mo_id is not None else _of_phone(app, store, number or "", channel)
        road = _road(app, store, address) if to_caller else DESK
        runner = TurnRunner(store, app.library, app.world)
        desk = OnBehalf(store, app.library, runner, address, by=by, road=road)
        seen = desk.take(datetime.now(UTC))
        _show(app, address, seen)
        while (line := _line(text, seen.where, is_typed=sys.stdin.isatty())) is not None:
            now = datetime.now(UTC)
            if not line.strip():
                seen = desk.take(now)
                _show(app, address, seen)
            else:
                seen = desk.say(line.strip(), seen.where, operator_id=f"desk-{secrets.token_hex(8)}", now=now)
                runner.write_counts()
                _show_said(app, seen.said)
            if text is not None:
                break


def _line(text: str | None, where: Whereabouts, *, is_typed: bool) -> str | None:
    if text is not None:
        return text
    if is_typed:
        click.echo(f"{where.session.step or 'nothing open'}: ", nl=False)
    return sys.stdin.readline() or None


def _list(app: App, channel: str | None, most: int) -> None:
    since = datetime.now(UTC) - SESSION_LASTS
    with app.store(connections=1) as store, store.begin() as work:
        found = work.sessions.open(since=since, channel=channel, at_most=most)
    if not found:
        click.echo("Nobody is in the middle of a dialogue.")
    for each in found:
        click.echo(_in_words(each, app))


def _in_words(session: OpenSession, app: App) -> str:
    since = f"{session.moved_at.astimezone(app.settings.time_zone):%H:%M}"
    name = f"#{session.mo_id}" if session.mo_id is not None else "-"
    return (
        f"{name} {session.dialogue}.{session.step} since {since}, "
        f"{session.address.channel} {mask(session.address.number)}, {session.language}"
    )


def _of_mo(store: Store, mo_id: int) -> Address:
    with store.begin() as work:
        address = DeskView(work.db, work.vault).address_of(mo_id)
    if address is None:
        raise click.ClickException("There is no such session.")
    return address


def _of_phone(app: App, store: Store, number: str, channel: str | None) -> Address:
    """Where she moved last; by SMS where nothing is open."""
    phone = parse_phone(number, app.settings.sms.country)
    if isinstance(phone, NotAPhone):
        raise click.BadParameter(
            "that is not a phone number; write it as +420601234567", param_hint="--phone"
        )
    with store.begin() as work:
        found = work.sessions.open_of_phone(phone.e164, since=datetime.now(UTC) - SESSION_LASTS)
    hers = [each.address for each in found if channel in (None, each.address.channel)]
    if not hers and channel not in (None, SMS_CHANNEL):
        raise click.ClickException(f"That phone is in the middle of nothing on {channel}.")
    return hers[0] if hers else Address(SMS_CHANNEL, phone.e164)


def _road(app: App, store: Store, address: Address) -> str:
    if address.channel != SMS_CHANNEL:
        return address.channel
    with store.begin() as work:
        known = work.routes.find([address.number])
    return choose_operator(address.number, app.operators, known)


def _show(app: App, address: Address, seen: Seen) -> None:
    session = seen.where.session
    at = f"{session.dialogue}.{session.step}" if session.is_open else "nothing is open"
    click.echo(f"{address.channel} {mask(address.number)}, {session.language}: {at}")
    _show_said(app, seen.said)
    if seen.where.question:
        click.echo(f"She is asked: {masked_words(seen.where.question)}")


def _show_said(app: App, said: tuple[SaidMessage, ...]) -> None:
    for each in said:
        at = f"{each.at.astimezone(app.settings.time_zone):%H:%M}"
        click.echo(f"{at} {'>' if each.is_mo else '<'} {each.text}")
