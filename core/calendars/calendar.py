"""A series of slots for one round and product at one site."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

PRAGUE = ZoneInfo("Europe/Prague")


class Round(StrEnum):
    """First doses, second doses, substitutes."""

    FIRST = "V1"
    SECOND = "V2"
    SUBSTITUTE = "VX"


@dataclass(frozen=True, slots=True)
class Slot:
    """A start time with places; ``begins_at`` is aware, in UTC."""

    slot_id: int
    calendar_id: int
    begins_at: datetime
    capacity: int
    taken: int = 0

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.taken)

    @property
    def day(self) -> date:
        """The local date."""
        return self.begins_at.astimezone(PRAGUE).date()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Slots in the order of time; ``links_to`` is the name of a V2 calendar of the same site."""

    calendar_id: int
    site_id: UUID
    name: str
    round: Round
    product: str
    """The product's key, or the name as it was written where it is not known."""
    links_to: str | None
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A first slot with its second; None for a single-dose product."""

    first: Slot
    second: Slot | None
