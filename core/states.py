"""What a registration, an invitation, a reservation and an offer may become, and by what: one table each.

The books in `core.store` take from here which states an update may start from and where it leads, so that a
transition that is not written down here cannot be made. `docs/states.md` is drawn from it.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final


@dataclass(frozen=True, slots=True)
class Transition:
    """One event: from any of the states ``before`` to one of those ``after``."""

    event: StrEnum
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """Every state of one thing, how it begins, and every event that changes it."""

    name: str
    begins_as: str
    transitions: tuple[Transition, ...]
    or_begins_as: tuple[str, ...] = ()

    @cached_property
    def states(self) -> tuple[str, ...]:
        """All of them, in the order in which they are first mentioned."""
        named = (state for each in self.transitions for state in (*each.before, *each.after))
        return tuple(dict.fromkeys((self.begins_as, *named)))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Each state with one it may become; a state that an event leaves as it is makes no pair."""
        return frozenset(
            (old, new) for each in self.transitions for old in each.before for new in each.after if old != new
        )

    def before(self, event: StrEnum) -> tuple[str, ...]:
        """The states in which an event may happen: what an update compares with."""
        return self._of(event).before

    def after(self, event: StrEnum) -> str:
        """The state that an event leads to; raises ValueError where there are several."""
        (only,) = self._of(event).after
        return only

    def _of(self, event: StrEnum) -> Transition:
        return next(each for each in self.transitions if each.event is event)


class Registering(StrEnum):
    """What happens to a registration."""

    INVITED = "is invited"
    TAKEN_BACK = "the invitation is taken back before it left"
    RAN_OUT = "an invitation runs out"
    FOUND_NOTHING = "finds no dates"
    BOOKED = "confirms dates"
    CANCELLED = "cancels the dates, and waits again"
    LEFT = "cancels the dates, and is not to be invited any more"
    MISSED = "does not come to the first date, and waits again"
    COMPLETED = "has all doses"
    DOSE_WITHDRAWN = "the dose that was her last is withdrawn"
    MERGED = "takes over the place of one at the head of the queue, of the same person"
    LOST_DATES = "loses the dates because vaccine lacks, and stands at the head"
    GUESSED = "gives five wrong PINs"
    BLOCKED = "is kept back by a register, or on request"
    UNBLOCKED = "is unblocked"
    REPLACED = "is replaced by a newer registration"


class Inviting(StrEnum):
    """What happens to an invitation."""

    USED = "its PIN2 led to dates"
    TAKEN_BACK = "is taken back, or never left"
    RAN_OUT = "runs out"


class Reserving(StrEnum):
    """What happens to a reservation."""

    CONFIRMED = "is confirmed"
    CONFIRMED_LATE = "is confirmed late, its places still free"
    LET_GO = "is let go"
    LAPSED = "is not confirmed in time"
    EXCHANGED = "its dates become those of the reservation that it changes"
    EXCHANGED_LATE = "the same, late, its places still free"
    CANCELLED = "is cancelled"
    ARRIVED = "she comes to the first of two dates"
    MISSED = "she does not come to the first date"
    COMPLETED = "she comes to the last date"
    FIRST_WITHDRAWN = "the dose of the first of two dates is withdrawn"
    LAST_WITHDRAWN = "the dose of the second date is withdrawn"
    ONLY_WITHDRAWN = "the only dose is withdrawn"
    TAKEN_AWAY = "is taken away because vaccine lacks"


class Dosing(StrEnum):
    """What happens to a dose."""

    WITHDRAWN = "is withdrawn: it was recorded by mistake"


class Ordering(StrEnum):
    """What happens to the registration of a service that offers its slots at once."""

    BOOKED = "confirms a date"
    LEFT = "is left without a date, or ordered anew"
    OVER = "its date is over and it is ordered again"


class Offering(StrEnum):
    """What happens to the offer of a leftover dose."""

    TAKEN = "she says yes, and a dose is left"
    TOO_LATE = "she says yes, and none is left"
    DECLINED = "she says no"
    OVERTAKEN = "she says yes, and may not book any more"
    LAPSED = "nobody can come in time any more, or all doses are taken"


_QUEUED: Final = ("waiting", "returned")
_MAY_BOOK: Final = ("waiting", "invited", "returned")

REGISTRATION: Final = Machine(
    "registration",
    "waiting",
    (
        Transition(Registering.INVITED, _QUEUED, ("invited",)),
        Transition(Registering.TAKEN_BACK, ("invited",), ("waiting",)),
        Transition(Registering.RAN_OUT, ("invited",), ("waiting", "blocked")),
        Transition(Registering.FOUND_NOTHING, ("invited",), ("returned",)),
        Transition(Registering.BOOKED, _MAY_BOOK, ("reserved",)),
        Transition(Registering.CANCELLED, ("reserved",), ("waiting",)),
        Transition(Registering.LEFT, ("reserved",), ("blocked",)),
        Transition(Registering.MISSED, ("reserved",), ("waiting",)),
        Transition(Registering.COMPLETED, ("reserved",), ("done",)),
        Transition(Registering.DOSE_WITHDRAWN, ("done",), ("reserved",)),
        Transition(Registering.LOST_DATES, ("reserved",), ("returned",)),
        Transition(Registering.MERGED, ("waiting",), ("returned",)),
        Transition(Registering.GUESSED, _MAY_BOOK, ("blocked",)),
        Transition(Registering.BLOCKED, _MAY_BOOK, ("blocked",)),
        Transition(Registering.UNBLOCKED, ("blocked",), _MAY_BOOK),
        Transition(Registering.REPLACED, (*_MAY_BOOK, "blocked"), ("blocked",)),
    ),
    or_begins_as=("blocked",),  # where only a group that is not proven yet lets her register
)

ORDER: Final = Machine(
    "order",
    "choosing",
    (
        Transition(Ordering.BOOKED, ("choosing",), ("reserved",)),
        Transition(Ordering.LEFT, ("choosing",), ("left",)),
        Transition(Ordering.OVER, ("reserved", "done"), ("done",)),
    ),
)

INVITATION: Final = Machine(
    "invitation",
    "open",
    (
        Transition(Inviting.USED, ("open",), ("used",)),
        Transition(Inviting.TAKEN_BACK, ("open",), ("void",)),
        Transition(Inviting.RAN_OUT, ("open",), ("expired", "void")),
    ),
)

RESERVATION: Final = Machine(
    "reservation",
    "held",
    (
        Transition(Reserving.CONFIRMED, ("held",), ("confirmed",)),
        Transition(Reserving.CONFIRMED_LATE, ("lapsed",), ("confirmed",)),
        Transition(Reserving.LET_GO, ("held",), ("cancelled",)),
        Transition(Reserving.LAPSED, ("held",), ("lapsed",)),
        Transition(Reserving.EXCHANGED, ("held",), ("exchanged",)),
        Transition(Reserving.EXCHANGED_LATE, ("lapsed",), ("exchanged",)),
        Transition(Reserving.CANCELLED, ("confirmed",), ("cancelled",)),
        Transition(Reserving.ARRIVED, ("confirmed",), ("arrived",)),
        Transition(Reserving.MISSED, ("confirmed",), ("missed",)),
        Transition(Reserving.COMPLETED, ("confirmed", "arrived"), ("done",)),
        Transition(Reserving.FIRST_WITHDRAWN, ("arrived",), ("confirmed",)),
        Transition(Reserving.LAST_WITHDRAWN, ("done",), ("arrived",)),
        Transition(Reserving.ONLY_WITHDRAWN, ("done",), ("confirmed",)),
        Transition(Reserving.TAKEN_AWAY, ("confirmed",), ("cancelled",)),
    ),
)

DOSE: Final = Machine("dose", "given", (Transition(Dosing.WITHDRAWN, ("given",), ("withdrawn",)),))

OFFER: Final = Machine(
    "offer",
    "open",
    (
        Transition(Offering.TAKEN, ("open",), ("taken",)),
        Transition(Offering.TOO_LATE, ("open", "lapsed"), ("late",)),
        Transition(Offering.DECLINED, ("open", "lapsed"), ("declined",)),
        Transition(Offering.OVERTAKEN, ("open", "lapsed"), ("overtaken",)),
        Transition(Offering.LAPSED, ("open",), ("lapsed",)),
    ),
)

HAS_DATES: Final = ("confirmed", "arrived")
"""Reservations with a date to come."""
IS_LIVING: Final = ("held", *HAS_DATES)
TAKES_PLACES: Final = (*IS_LIVING, "done")
"""For every slot: its places taken are as many as the reservations in these states that name it."""

MACHINES: Final = (REGISTRATION, ORDER, INVITATION, RESERVATION, DOSE, OFFER)


def mermaid(machine: Machine) -> str:
    """The table as a Mermaid state diagram."""
    arrows = [f"    [*] --> {state}" for state in (machine.begins_as, *machine.or_begins_as)]
    arrows += [
        f"    {old} --> {new}: {each.event.value}"
        for each in machine.transitions
        for old in each.before
        for new in each.after
    ]
    return "\n".join(["stateDiagram-v2", *arrows])


def page() -> str:
    """`docs/states.md`: every table drawn."""
    drawn = (f"## {each.name.capitalize()}\n\n```mermaid\n{mermaid(each)}\n```\n" for each in MACHINES)
    return "# States\n\n" + "Drawn from `core/states.py` by `crs reservations states`.\n\n" + "\n".join(drawn)
