"""``crs desk block``, ``unblock`` and ``ask-again``: what the hotline may do about a block."""

from collections.abc import Mapping
from datetime import UTC, datetime

import click

from core.blocking import RULES, Reason
from core.phones import NotAPhone, parse_phone
from core.store.blocking import (
    AskedAgain,
    Blocked,
    BlockedAlready,
    HasDates,
    NobodyKnown,
    NotBlocked,
    Unblocked,
    UnblockOutcome,
    block_on_request,
    unblock_phone,
    unblock_registration,
)
from core.store.blocking import (
    ask_again as ask_register_again,
)
from gateway.compose import App

BY = click.option("--by", required=True, help="Your name; it is kept in the audit.")
WHY = click.option(
    "--why", default="", help="How you know the caller, kept in the audit: no personal data, please."
)
NOBODY = "There is no such registration."


@click.command()
@click.argument("registration_id", type=int)
@click.option("--on-request", is_flag=True, required=True, help="She asked for it; no other reason is yours.")
@BY
@WHY
@click.pass_obj
def block(app: App, registration_id: int, on_request: bool, by: str, why: str) -> None:
    """Block a registration because its owner asks for it: she is not invited until it is lifted.

    What she holds is freed, and an invitation that has not been used is taken back. Ends with 1 when it
    cannot be blocked.
    """
    now = datetime.now(UTC)
    with app.store(connections=1) as store, store.begin() as work:
        outcome = block_on_request(work, registration_id, by=by, why=why, now=now)
    match outcome:
        case Blocked():
            click.echo(f"Registration #{registration_id} is blocked: {Reason.ON_REQUEST}.")
        case HasDates():
            raise click.ClickException("She has dates. Cancel them first, then block.")
        case BlockedAlready(reason=reason):
            raise click.ClickException(f"It is blocked already: {reason}.")
        case NobodyKnown():
            raise click.ClickException(NOBODY)


@click.command()
@click.option(
    "--phone", "number", help="The phone that is blocked, as +420601234567, and all registered with it."
)
@click.option("--registration", "registration_id", type=int, help="One registration, and its phone.")
@BY
@WHY
@click.pass_obj
def unblock(app: App, number: str | None, registration_id: int | None, by: str, why: str) -> None:
    """Lift a block: five wrong PINs, unanswered invitations, not identified, or on request.

    Whoever has a PIN that is still good may use it at once, the others wait again in their place.
    Ends with 1 when there was nothing to lift.
    """
    if (number is None) == (registration_id is None):
        raise click.UsageError("Name a --phone or a --registration.")
    now = datetime.now(UTC)
    phone = None if number is None else parse_phone(number, app.settings.sms.country)
    if isinstance(phone, NotAPhone):
        raise click.BadParameter(
            "that is not a phone number; write it as +420601234567", param_hint="--phone"
        )
    with app.store(connections=1) as store, store.begin() as work:
        if phone is not None:
            outcome = unblock_phone(work, phone.e164, by=by, why=why, now=now)
        else:
            outcome = unblock_registration(work, registration_id or 0, by=by, why=why, now=now)
    _tell_unblocked(outcome)


@click.command("ask-again")
@click.argument("registration_id", type=int)
@BY
@WHY
@click.pass_obj
def ask_again(app: App, registration_id: int, by: str, why: str) -> None:
    """Have the register asked again that blocks a registration, once it was put right there.

    It is asked within a minute or so while `crs worker` runs; her time of registration stays. Ends with 1
    when no register blocks her.
    """
    now = datetime.now(UTC)
    with app.store(connections=1) as store, store.begin() as work:
        outcome = ask_register_again(work, registration_id, by=by, why=why, now=now)
    match outcome:
        case AskedAgain():
            click.echo(f"The register is asked again about registration #{registration_id}.")
        case NotBlocked(others=others):
            raise click.ClickException(" ".join(["No register blocks it.", *_reasons(others)]))
        case NobodyKnown():
            raise click.ClickException(NOBODY)


def _tell_unblocked(outcome: UnblockOutcome) -> None:
    match outcome:
        case Unblocked(is_address=is_address, states=states):
            if is_address:
                click.echo("The phone is listened to again, with five tries.")
            for registration_id, state in states.items():
                click.echo(f"Registration #{registration_id} is unblocked: {state}.")
        case NotBlocked(others=others):
            raise click.ClickException(
                " ".join(["Nothing here is blocked that you may lift.", *_reasons(others)])
            )
        case NobodyKnown():
            raise click.ClickException(NOBODY)


def _reasons(others: Mapping[int, Reason]) -> list[str]:
    return [
        f"Registration #{each}: {why}; {RULES[why].mend or 'unblock it'}." for each, why in others.items()
    ]
