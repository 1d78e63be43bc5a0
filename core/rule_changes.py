"""One policy gives way to another: who is told what, so that nobody's rules change behind their back.

What somebody was told stays true unless they are told otherwise. Who has dates, is blocked, or came back with
nothing (her PIN waits with her) has nothing to hear; what only becomes better for those who wait, their
inviting SMS will say.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from core.invitations import Policy


class Purpose(StrEnum):
    """The kinds of word, as they are kept."""

    PIN_UNTIL = "pin_until"
    PIN_STAYS = "pin_stays"
    PIN_WILL_EXPIRE = "pin_will_expire"
    OLD_PIN_IS_DEAD = "old_pin_is_dead"


@dataclass(frozen=True, slots=True)
class OpenPin:
    """An invitation that may be answered, given under other rules than the new ones; None: until used."""

    invitation_id: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands when the rules change."""

    state: str
    """waiting, invited or returned"""
    pin: OpenPin | None
    came_over: bool
    """She registered in an earlier system, and was never told what became of her PIN there."""


@dataclass(frozen=True, slots=True)
class PinUntil:
    """Her PIN2 books until then, and not as she was told."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PinStays:
    """Her PIN2 does not run out any more."""


@dataclass(frozen=True, slots=True)
class PinWillExpire:
    """The PIN2 that will come holds for so long only; she was promised one without an end."""

    validity: timedelta


@dataclass(frozen=True, slots=True)
class OldPinIsDead:
    """The PIN of the earlier system is dead, her place is not."""


@dataclass(frozen=True, slots=True)
class NothingToHear:
    """What she knows still holds."""


Word: TypeAlias = PinUntil | PinStays | PinWillExpire | OldPinIsDead | NothingToHear


def word_for(standing: Standing, *, old: Policy, new: Policy, readable_at: datetime) -> Word:
    """Choose the one thing to tell somebody; a new validity counts from when the SMS can be read."""
    if standing.state == "invited":
        return _of_pin(standing.pin, old=old, new=new, readable_at=readable_at)
    if standing.came_over:
        return OldPinIsDead()
    if standing.state == "waiting" and old.validity is None and new.validity is not None:
        return PinWillExpire(new.validity)
    return NothingToHear()


def _of_pin(pin: OpenPin | None, *, old: Policy, new: Policy, readable_at: datetime) -> Word:
    if pin is None:
        return NothingToHear()
    if new.validity is None:
        return NothingToHear() if pin.expires_at is None else PinStays()
    if pin.expires_at is not None and old.validity == new.validity:
        return NothingToHear()
    return PinUntil(readable_at + new.validity)


def purpose_of(word: Word) -> Purpose | None:
    """Name the kind of a word; None when there is none."""
    match word:
        case PinUntil():
            return Purpose.PIN_UNTIL
        case PinStays():
            return Purpose.PIN_STAYS
        case PinWillExpire():
            return Purpose.PIN_WILL_EXPIRE
        case OldPinIsDead():
            return Purpose.OLD_PIN_IS_DEAD
        case NothingToHear():
            return None
