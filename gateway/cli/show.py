"""``crs show``: everything about an address, for the desk."""

import json
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

import click

from core.messages import SMS_CHANNEL, Address
from core.phones import NotAPhone, mask, parse_phone
from core.store.desk_view import (
    AddressView,
    DeskView,
    SeenInvitation,
    SeenMessage,
    SeenRegistration,
    SeenReservation,
)
from gateway.compose import App


@click.command()
@click.option("--phone", "number", required=True, help="The phone's number, as +420601234567.")
@click.option("--json", "as_json", is_flag=True, help="One object with four lists.")
@click.pass_obj
def show(app: App, number: str, as_json: bool) -> None:
    """Registrations, invitations, reservations and messages of a phone; numbers masked, PINs never."""
    phone = parse_phone(number, app.settings.sms.country)
    if isinstance(phone, NotAPhone):
        raise click.BadParameter(
            "that is not a phone number; write it as +420601234567", param_hint="--phone"
        )
    with app.store(connections=1) as store, store.begin() as work:
        seen = DeskView(work.db, store.vault).of(Address(SMS_CHANNEL, phone.e164))
    zone = app.settings.time_zone
    if as_json:
        said = {"phone": mask(phone.e164), **_as_json(asdict(seen), zone)}
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))
        return
    click.echo(mask(phone.e164))
    _print(seen, zone)


def _as_json(value: Any, zone: tzinfo) -> Any:
    match value:
        case dict():
            return {key: _as_json(each, zone) for key, each in value.items()}
        case list() | tuple():
            return [_as_json(each, zone) for each in value]
        case datetime():
            return value.astimezone(zone).isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def _print(seen: AddressView, zone: tzinfo) -> None:
    if not (seen.registrations or seen.messages):
        click.echo("Nothing is known of this phone.")
    for title, items in (
        ("Registrations", seen.registrations),
        ("Invitations", seen.invitations),
        ("Reservations", seen.reservations),
        ("Messages", seen.messages),
    ):
        if items:
            click.echo(f"{title}:")
        for item in items:
            click.echo(f"  {_line(item, zone)}")


def _line(item: SeenRegistration | SeenInvitation | SeenReservation | SeenMessage, zone: tzinfo) -> str:
    match item:
        case SeenRegistration():
            place = f", place {item.place}" if item.place else ""
            why = f" ({item.blocked_because})" if item.blocked_because else ""
            since = _at(item.registered_at, zone)
            return (
                f"#{item.registration_id} {item.number} {item.state}{why}{place}, {item.site}, since {since}"
            )
        case SeenInvitation():
            used = f", used {_at(item.used_at, zone)}" if item.used_at else ""
            message = f"; its SMS: {item.message}" if item.message else ""
            return (
                f"#{item.invitation_id} of registration {item.registration_id} {item.state}, "
                f"{_at(item.invited_at, zone)}{used}{message}"
            )
        case SeenReservation():
            second = f" and {_at(item.second, zone)}" if item.second else ""
            return (
                f"#{item.reservation_id} of registration {item.registration_id} {item.state}: "
                f"{_at(item.first, zone)}{second}, {item.product}, {item.site}"
            )
        case SeenMessage(kind="MO"):
            return f"{_at(item.at, zone)} MO {item.state}: {item.text}"
        case SeenMessage():
            return f"{_at(item.at, zone)} MT {item.purpose} {item.state}, segments: {item.segments}"


def _at(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
