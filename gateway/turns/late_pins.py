"""What has become of a PIN2 that somebody answers with, perhaps late."""

from enum import StrEnum

from core.blocking import Reason
from core.store.registrations import Registration

OLD_SYSTEM = "old system"  # in place of an invitation's state: the PIN was given by another system


class Fate(StrEnum):
    """Each is an outcome of ``enter_pin``, but for the first: there she may book."""

    GOOD = "good"
    USED = "used"
    BLOCKED = "blocked"
    RAN_OUT = "ran_out"
    UNANSWERED = "unanswered"
    OLDER = "older"
    OLD_SYSTEM = "old_system"
    REPLACED = "replaced"
    ENDED = "ended"
    DONE = "done"


def fate(registration: Registration, invitation: str, *, has_open_one: bool) -> Fate:  # noqa: PLR0911 - one for each
    """Judge a PIN by its registration, the state of its invitation, and whether another one is open.

    An invitation counts as open until the upkeep closes it: so long it keeps its claim, and who answers a
    minute too late books like anybody else.
    """
    if registration.ended_at is not None:
        return Fate.REPLACED if registration.blocked_because is Reason.REPLACED else Fate.ENDED
    match registration.state:
        case "done":
            return Fate.DONE
        case "reserved":
            return Fate.USED
        case "blocked":
            because = registration.blocked_because
            return _BLOCKED_BECAUSE.get(because, Fate.ENDED) if because else Fate.ENDED
    if invitation == "open":
        return Fate.GOOD
    if has_open_one:
        return Fate.OLDER
    return Fate.OLD_SYSTEM if invitation == OLD_SYSTEM else Fate.RAN_OUT


_BLOCKED_BECAUSE = {Reason.WRONG_PINS: Fate.BLOCKED, Reason.UNANSWERED: Fate.UNANSWERED}
