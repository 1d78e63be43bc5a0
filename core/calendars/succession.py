"""A change of calendars that begins on a day: until then the old ones hold, then their successors."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from uuid import UUID

from core.calendars.calendar import PRAGUE
from core.calendars.reading import CalendarDraft


def beginning(drafts: Iterable[CalendarDraft], day: date) -> list[CalendarDraft]:
    """The drafts with their slots from a local day on."""
    return [
        replace(d, slots=tuple(s for s in d.slots if s.begins_at.astimezone(PRAGUE).date() >= day))
        for d in drafts
    ]


def succeed(
    drafts: Iterable[CalendarDraft], changing: Collection[tuple[UUID, str]], day: date
) -> list[CalendarDraft]:
    """Give those that change a name of their own, told by the day; links among them follow."""

    def named(site_id: UUID, name: str) -> str:
        return successor(name, day) if (site_id, name) in changing else name

    return [
        replace(
            d,
            name=named(d.site_id, d.name),
            links_to=None if d.links_to is None else named(d.site_id, d.links_to),
        )
        for d in drafts
    ]


def successor(name: str, day: date) -> str:
    """Name what follows a calendar from a day on."""
    return f"{name} ({day})"
