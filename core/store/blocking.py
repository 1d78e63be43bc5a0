"""Blocking somebody, and what the hotline may do about a block: each written down in the audit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from core.blocking import LIFTED_BY_HOTLINE, Reason, reason_now
from core.messages import SMS_CHANNEL, Address
from core.store.registrations import Registration
from core.store.work import Work

ADDRESS_UNBLOCKED: Final = "address unblocked"
REGISTRATION_BLOCKED: Final = "registration blocked"
REGISTRATION_UNBLOCKED: Final = "registration unblocked"
ASKED_AGAIN: Final = "register asked again"


@dataclass(frozen=True, slots=True)
class Blocked:
    """She is not invited any more; what she held is anybody's."""


@dataclass(frozen=True, slots=True)
class HasDates:
    """Her dates would have to be cancelled first."""


@dataclass(frozen=True, slots=True)
class BlockedAlready:
    """For another reason, or the same; that stays."""

    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Unblocked:
    """What was lifted: the address, and registrations with the state that each has now."""

    is_address: bool
    states: dict[int, str]


@dataclass(frozen=True, slots=True)
class NotBlocked:
    """The hotline has nothing to lift here; ``others`` are kept back for a reason that it may not lift."""

    others: dict[int, Reason]


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The register is asked when the next job runs."""


@dataclass(frozen=True, slots=True)
class NobodyKnown:
    """There is no such registration."""


BlockOutcome: TypeAlias = Blocked | HasDates | BlockedAlready | NobodyKnown
UnblockOutcome: TypeAlias = Unblocked | NotBlocked | NobodyKnown
AskAgainOutcome: TypeAlias = AskedAgain | NotBlocked | NobodyKnown


def block(
    work: Work, registration_id: int, reason: Reason, *, until: datetime | None = None, now: datetime
) -> bool:
    """Block somebody, free what she holds and take her invitation back; False where she cannot be."""
    if not work.blocks.block(registration_id, reason, until=until):
        return False
    work.reservations.let_go(registration_id)
    work.invitations.void_of(registration_id, now=now)
    return True


def block_on_request(work: Work, registration_id: int, *, by: str, why: str, now: datetime) -> BlockOutcome:
    """Block somebody who asks for it; her place in the order stays hers, should she come back."""
    registration = work.registrations.get(registration_id)
    if registration is None:
        return NobodyKnown()
    if not block(work, registration_id, Reason.ON_REQUEST, now=now):
        has_dates = registration.state in ("reserved", "done")
        return HasDates() if has_dates else BlockedAlready(registration.blocked_because)
    work.audit.note(
        _who(by), f"{REGISTRATION_BLOCKED}{_because(why)}", registration_id=registration_id, now=now
    )
    return Blocked()


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


def ask_again(work: Work, registration_id: int, *, by: str, why: str, now: datetime) -> AskAgainOutcome:
    """Have the register asked again that is why somebody is blocked."""
    registration = work.registrations.get(registration_id)
    if registration is None:
        return NobodyKnown()
    if not work.blocks.ask_again(registration_id, now=now):
        return NotBlocked(_others([registration]))
    work.audit.note(_who(by), f"{ASKED_AGAIN}{_because(why)}", registration_id=registration_id, now=now)
    return AskedAgain()


def _lift(
    work: Work, phone: str, registrations: list[Registration], *, by: str, why: str, now: datetime
) -> UnblockOutcome:
    lifted = [
        r.registration_id for r in registrations if work.blocks.lift(r.registration_id, LIFTED_BY_HOTLINE)
    ]
    what = f"{REGISTRATION_UNBLOCKED}{_because(why)}"
    for registration_id in lifted:
        work.audit.note(_who(by), what, registration_id=registration_id, now=now)
    is_address = work.wrong_pins.unblock(Address(SMS_CHANNEL, phone))
    if is_address:
        hers = registrations[0].registration_id if registrations else None
        work.audit.note(_who(by), f"{ADDRESS_UNBLOCKED}{_because(why)}", registration_id=hers, now=now)
    if lifted or is_address:
        return Unblocked(is_address, {each: _state(work, each) for each in lifted})
    return NotBlocked(_others(registrations))


def _others(registrations: list[Registration]) -> dict[int, Reason]:
    reasons = {r.registration_id: reason_now(r.state, r.blocked_because) for r in registrations}
    return {registration_id: reason for registration_id, reason in reasons.items() if reason}


def _state(work: Work, registration_id: int) -> str:
    registration = work.registrations.get(registration_id)
    return registration.state if registration else ""


def _who(by: str) -> str:
    return f"desk: {by}"


def _because(why: str) -> str:
    return f": {why}" if why else ""
