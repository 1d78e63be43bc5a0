"""Lifting the blocks that wrong PINs brought, for the hotline; no other block is lifted here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from core.messages import SMS_CHANNEL, Address
from core.store.registrations import WRONG_PINS, Registration
from core.store.work import Work

ADDRESS_UNBLOCKED: Final = "address unblocked"
REGISTRATION_UNBLOCKED: Final = "registration unblocked"


@dataclass(frozen=True, slots=True)
class Unblocked:
    """What was lifted: the address, and registrations with the state that each has now."""

    is_address: bool
    states: dict[int, str]


@dataclass(frozen=True, slots=True)
class NotBlocked:
    """No wrong PIN blocks anything here; ``others`` are blocked for another reason, which stays."""

    others: dict[int, str]


@dataclass(frozen=True, slots=True)
class NobodyKnown:
    """There is no such registration."""


UnblockOutcome: TypeAlias = Unblocked | NotBlocked | NobodyKnown


def unblock_phone(work: Work, phone: str, *, by: str, why: str, now: datetime) -> UnblockOutcome:
    """Lift the blocks of a phone (E.164) and of everybody who registered with it."""
    return _lift(work, phone, work.registrations.of_phone(phone), by=by, why=why, now=now)


def unblock_registration(
    work: Work, registration_id: int, *, by: str, why: str, now: datetime
) -> UnblockOutcome:
    """Lift the block of a registration, and of its phone, from which its PIN would still be refused."""
    registration = work.registrations.get(registration_id)
    if registration is None:
        return NobodyKnown()
    return _lift(work, registration.phone, [registration], by=by, why=why, now=now)


def _lift(
    work: Work, phone: str, registrations: list[Registration], *, by: str, why: str, now: datetime
) -> UnblockOutcome:
    who = f"desk: {by}"
    reason = f": {why}" if why else ""
    lifted = [r.registration_id for r in registrations if work.registrations.unblock(r.registration_id)]
    for registration_id in lifted:
        work.audit.note(who, f"{REGISTRATION_UNBLOCKED}{reason}", registration_id=registration_id, now=now)
    is_address = work.wrong_pins.unblock(Address(SMS_CHANNEL, phone))
    if is_address:
        hers = registrations[0].registration_id if registrations else None
        work.audit.note(who, f"{ADDRESS_UNBLOCKED}{reason}", registration_id=hers, now=now)
    if lifted or is_address:
        return Unblocked(is_address, {each: _state(work, each) for each in lifted})
    return NotBlocked(
        {
            r.registration_id: r.blocked_because
            for r in registrations
            if r.blocked_because and r.blocked_because != WRONG_PINS
        }
    )


def _state(work: Work, registration_id: int) -> str:
    registration = work.registrations.get(registration_id)
    return registration.state if registration else ""
