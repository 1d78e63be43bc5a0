"""A site at one moment, as the planner sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.invitations.response import Observed


@dataclass(frozen=True, slots=True)
class OpenInvitations:
    """Some people of one band, invited so long ago, silent since and without dates.

    Ago is counted from when the message could be read.
    """

    band: str
    invited_ago: timedelta
    count: int


@dataclass(frozen=True, slots=True)
class SiteState:
    """What one site can do at one moment, and who waits there.

    Per product's key: ``pairs_by_product`` are the pairs of free places whose first date keeps the policy's
    notice, ``courses_by_product`` how many more people may be promised all their doses
    (`core.stock.uncommitted_courses`, which knows the policy's reserve and haircut).
    """

    pairs_by_product: Mapping[str, int]
    courses_by_product: Mapping[str, int]
    in_line: Sequence[str]
    """The bands of the next people in order, at most the policy's ``most_at_once``."""
    open: tuple[OpenInvitations, ...] = ()
    choosing: int = 0
    """How many have answered and are choosing, and hold no place yet."""
    observed: Mapping[str, Observed] = field(default_factory=dict)
    """How people responded here, by band (`observe`)."""
    recent_waves: tuple[int, ...] = ()
    """Sizes since the last change, over some days and up to an hour ago."""
    is_changed: bool = False
    """Policy, product or calendars are not what they were at the last wave."""
    closed_because: str = ""
    """What the site's gate waits for; empty when it is open."""
    awaited_by_product: Mapping[str, int] = field(default_factory=dict)
    """How many of the courses rest on deliveries that are announced but not here; only told."""

    @property
    def capacity(self) -> int:
        """How many people can be served who hold no dates yet."""
        return sum(
            max(0, min(pairs, self.courses_by_product.get(product, 0)))
            for product, pairs in self.pairs_by_product.items()
        )

    @property
    def open_count(self) -> int:
        """How many people are invited and silent."""
        return sum(some.count for some in self.open)
