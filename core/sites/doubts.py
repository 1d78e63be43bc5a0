"""Changes of the registry that somebody has to look at before they are made.

In January 2021 a site was offered that was not yet meant for vaccination, because its parameters in the
registry were wrong. What could offer, move or close a site by mistake is held; everything else of the same
file is applied.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from core.geography import distance_km
from core.sites.difference import Changed, SitesDiff, as_words
from core.sites.gate import PUBLIC
from core.sites.site import MOST_PEOPLE_A_DAY, Site

FARTHEST_MOVE_KM: Final = 3.0  # of 31 sites whose coordinates changed in spring 2021, two moved farther
MOST_FOLD: Final = 10
MOST_GONE: Final = 0.1  # of the sites that we know
FEW_GONE: Final = 3  # so many may go at once from however short a list

# What tells people where to go; all of it waits when a site jumps.
WHERE: Final = ("name", "district", "address", "city", "psc", "latitude", "longitude")


class Doubt(StrEnum):
    """What is dangerous about a change."""

    MOVED = "moved"
    CAPACITY = "capacity"
    PUBLIC = "public"
    EARLIER = "earlier"
    CLOSED = "closed"
    GONE = "gone"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class People:
    """Who would be hurt at a site: those who wait for an invitation or a date, and those who have dates."""

    waiting: int = 0
    dated: int = 0

    def __bool__(self) -> bool:
        return bool(self.waiting or self.dated)

    def words(self) -> str:
        return f"{self.waiting} wait there, {self.dated} have dates"


NOBODY: Final = People()


@dataclass(frozen=True, slots=True)
class Doubted:
    """One question about a site; ``words`` say what was seen and what to check. ``new`` None: it would go."""

    doubt: Doubt
    old: Site
    new: Site | None
    fields: tuple[str, ...]
    words: str

    @property
    def site_id(self) -> UUID:
        return self.old.site_id


@dataclass(frozen=True, slots=True)
class SortedOut:
    """An import parted into what may be applied at once, and what waits for somebody."""

    safe: SitesDiff
    doubted: tuple[Doubted, ...]


def sort_out(
    found: SitesDiff, people: Mapping[UUID, People], *, gone_before: Mapping[UUID, Site], today: date
) -> SortedOut:
    """Part an import; ``gone_before`` are sites that left the registry earlier, as they were then."""
    changed: list[Changed] = []
    doubted: list[Doubted] = []
    for each in found.changed:
        asked = list(doubts(each, people.get(each.new.site_id, NOBODY), today=today))
        doubted += asked
        if rest := _without(each, asked):
            changed.append(rest)
    new, returned = _returned(found.new, gone_before, today=today)
    gone, missed = _gone(found, people)
    safe = replace(found, new=new, changed=tuple(changed), gone=gone)
    return SortedOut(safe, tuple(doubted + returned + missed))


def doubts(changed: Changed, people: People, *, today: date) -> Iterator[Doubted]:
    """What is dangerous about one change; each doubt holds the fields that it is about, and no other."""
    old, new = changed.old, changed.new

    def ask(doubt: Doubt, about: Iterable[str], words: str) -> Doubted:
        return Doubted(doubt, old, new, tuple(f for f in changed.fields if f in about), words)

    if (km := _moved_km(old, new)) > FARTHEST_MOVE_KM:
        yield ask(
            Doubt.MOVED,
            WHERE,
            f"it would jump {km:.1f} km, from {old.address} to {new.address}. Look both up on a map; "
            "people who have dates there must hear of a real move",
        )
    if words := _capacity(old.capacity_per_day, new.capacity_per_day):
        yield ask(Doubt.CAPACITY, ("capacity_per_day",), words)
    becomes_public = old.kind not in PUBLIC and new.kind in PUBLIC
    if becomes_public:
        yield ask(
            Doubt.PUBLIC,
            ("kind",),
            f"its type would become {new.kind}, and was {as_words(old.kind)}: everybody would be offered it. "
            "Ask the site whether it is meant for the public",
        )
    if _opens_earlier(old.opens_on, new.opens_on, today):
        yield ask(
            Doubt.EARLIER,
            ("opens_on",),
            f"it would open on {as_words(new.opens_on or today)}, and not as late as {old.opens_on}. "
            "Ask the site whether it will be ready",
        )
    closing = [
        *(["is_active"] if old.is_active and not new.is_active else []),
        *(["kind"] if old.kind in PUBLIC and new.kind not in PUBLIC else []),
    ]
    if closing and people:
        yield ask(
            Doubt.CLOSED,
            closing,
            f"it would not be offered any more ({changed.words(closing)}), and {people.words()}. "
            "Ask the site; for a while only: `crs sites pause`",
        )


def _without(changed: Changed, asked: Iterable[Doubted]) -> Changed | None:
    held = {field for doubted in asked for field in doubted.fields}
    rest = tuple(f for f in changed.fields if f not in held)
    if not rest:
        return None
    return Changed(changed.old, replace(changed.old, **{f: getattr(changed.new, f) for f in rest}), rest)


def _moved_km(old: Site, new: Site) -> float:
    if old.latitude is None or old.longitude is None or new.latitude is None or new.longitude is None:
        return 0.0
    return distance_km(old.latitude, old.longitude, new.latitude, new.longitude)


def _capacity(old: int | None, new: int | None) -> str:
    if new is not None and not 0 < new <= MOST_PEOPLE_A_DAY:
        return f"{new} people a day cannot be right (at most {MOST_PEOPLE_A_DAY}). Ask the site"
    if old and new and max(old, new) > MOST_FOLD * min(old, new):
        return (
            f"its capacity would go from {old} to {new} people a day, more than {MOST_FOLD} times. "
            "Ask the site for how many it has people and room"
        )
    return ""


def _opens_earlier(old: date | None, new: date | None, today: date) -> bool:
    return old is not None and old > today and (new is None or new < old)


def _returned(
    new: tuple[Site, ...], gone_before: Mapping[UUID, Site], *, today: date
) -> tuple[tuple[Site, ...], list[Doubted]]:
    """A site that comes back is judged by what it was, or leaving for a day would launder any change."""
    fine: list[Site] = []
    asked: list[Doubted] = []
    for site in new:
        before = gone_before.get(site.site_id)
        wrong = before and list(doubts(Changed.between(before, site), NOBODY, today=today))
        if before and wrong:
            every = tuple(f.name for f in fields(Site) if f.name != "site_id")
            words = "it left the registry, and would come back different: " + "; ".join(
                doubted.words for doubted in wrong
            )
            asked.append(Doubted(Doubt.RETURNED, before, site, every, words))
        else:
            fine.append(site)
    return tuple(fine), asked


def _gone(found: SitesDiff, people: Mapping[UUID, People]) -> tuple[tuple[Site, ...], list[Doubted]]:
    known = len(found.changed) + len(found.gone) + len(found.unchanged)
    at_once = len(found.gone)
    too_many = (
        f"{at_once} of {known} sites would go at once: is the file whole, and of the right day?"
        if at_once > max(FEW_GONE, MOST_GONE * known)
        else ""
    )
    fine: list[Site] = []
    asked: list[Doubted] = []
    for site in found.gone:
        here = people.get(site.site_id, NOBODY)
        missed = f"it is not in the file, and {here.words()}: ask who will serve them" if here else ""
        if words := "; ".join(filter(None, (missed, too_many))):
            asked.append(Doubted(Doubt.GONE, site, None, (), words))
        else:
            fine.append(site)
    return tuple(fine), asked
