"""Why a registration may not be invited: every reason there is, who may lift it, and whether time does.

Source: the reasons of the official open data on registrations (ockovani-registrace), and two of our own
for groups that a register proves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Lifter(StrEnum):
    """Who may lift a block."""

    NOBODY = "nobody"
    CITIZEN = "the citizen"
    HOTLINE = "the hotline"
    REGISTER = "the register"
    """The hotline may have it asked again."""
    TIME = "time"


class Reason(StrEnum):
    """The values are what the store keeps."""

    REPLACED = "newer registration"
    HAS_DATES_ALREADY = "existing reservation"
    """The same person has dates by an earlier registration, which stays; this one never came to be."""
    WRONG_PINS = "wrong PINs"
    RESERVED = "reservation exists"
    UNANSWERED = "unanswered invitations"
    NOT_IDENTIFIED = "not identified"
    VACCINATED = "already vaccinated"
    ON_REQUEST = "on request"
    POSITIVE_PCR = "positive PCR"
    UNPROVEN = "group not proven yet"
    """She says that she is in a group, and its register has not been heard."""
    NOT_IN_GROUP = "not in the register of the group"

    @property
    def words(self) -> str:
        """The key of its words in the templates."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a reason means."""

    lifted_by: Lifter
    is_temporary: bool = False
    """It ends without anybody's doing: who registers anew meanwhile would only lose her place."""
    is_kept: bool = True
    """Registrations are kept with it; of the others a state says the same, or there is no registration."""
    mend: str = ""
    """What the desk may do instead, where it may not lift it."""


RULES: Final[Mapping[Reason, Rule]] = MappingProxyType(
    {
        Reason.REPLACED: Rule(Lifter.NOBODY, mend="the newer registration holds"),
        Reason.HAS_DATES_ALREADY: Rule(Lifter.NOBODY, is_kept=False, mend="the earlier dates hold"),
        Reason.WRONG_PINS: Rule(Lifter.HOTLINE),
        Reason.RESERVED: Rule(Lifter.CITIZEN, is_kept=False, mend="cancelling the dates lifts it"),
        Reason.UNANSWERED: Rule(Lifter.HOTLINE),
        Reason.NOT_IDENTIFIED: Rule(Lifter.HOTLINE),
        Reason.VACCINATED: Rule(Lifter.REGISTER, mend="only the register lifts it: `crs desk ask-again`"),
        Reason.ON_REQUEST: Rule(Lifter.HOTLINE),
        Reason.POSITIVE_PCR: Rule(Lifter.TIME, is_temporary=True, mend="it ends by itself"),
        Reason.UNPROVEN: Rule(Lifter.REGISTER, is_temporary=True, mend="the register is being asked"),
        Reason.NOT_IN_GROUP: Rule(
            Lifter.REGISTER, mend="once the employer has reported her: `crs desk ask-again`"
        ),
    }
)
KEPT: Final = tuple(reason for reason, rule in RULES.items() if rule.is_kept)
LIFTED_BY_HOTLINE: Final = tuple(reason for reason, rule in RULES.items() if rule.lifted_by is Lifter.HOTLINE)
ASKED_AGAIN: Final = tuple(reason for reason, rule in RULES.items() if rule.lifted_by is Lifter.REGISTER)


def reason_now(state: str, blocked_because: Reason | None) -> Reason | None:
    """Why somebody in this state is not invited now; None for who may be, or was."""
    if blocked_because is not None:
        return blocked_because
    return Reason.RESERVED if state == "reserved" else None
