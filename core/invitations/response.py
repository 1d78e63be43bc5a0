"""How people respond to an invitation: what was seen at a site, per age band and by how long they took."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

BANDS = ("80+", "70-79", "65-69", "16-64")
"""Age bands, the oldest first."""

BUCKETS = tuple(
    timedelta(hours=h) for h in (0, 1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336)
)
"""Where each bucket of elapsed time begins; the last one has no end."""


def band_of(age: int) -> str:
    """Name the band of an age in full years; whoever is younger than 16 is in the youngest."""
    youngest = ((80, "80+"), (70, "70-79"), (65, "65-69"))
    return next((band for from_age, band in youngest if age >= from_age), BANDS[-1])


def bucket_of(elapsed: timedelta) -> int:
    """Number the bucket that an elapsed time falls into; the first for a message that is still on its way."""
    return max(0, bisect_right(BUCKETS, elapsed) - 1)


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a band before anybody was watched.

    ``answers`` is the share who ever answer, half of them within ``half_within``; it weighs as much as if
    ``watched`` people had been watched.
    """

    answers: float = 0.60
    half_within: timedelta = timedelta(hours=6)
    watched: float = 30.0


@dataclass(frozen=True, slots=True)
class Watched:
    """Some invitations of one band: sent ``invited_ago``, answered or still silent ``after`` so long.

    For the silent ``after`` is the whole time since the message could be read, or until the invitation ended.
    """

    band: str
    invited_ago: timedelta
    after: timedelta
    is_answered: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class Observed:
    """Invitations of one band by the bucket they answered in, or are silent in so far.

    Not whole numbers: what is long ago counts for less.
    """

    answered: tuple[float, ...] = (0.0,) * len(BUCKETS)
    silent: tuple[float, ...] = (0.0,) * len(BUCKETS)

    @property
    def count(self) -> float:
        return sum(self.answered) + sum(self.silent)

    @property
    def told(self) -> float:
        """How many tell something: they answered, or have been silent for more than the first bucket."""
        return sum(self.answered) + sum(self.silent[1:])


def observe(watched: Iterable[Watched], *, half_life: timedelta) -> dict[str, Observed]:
    """Count invitations per band; one sent ``half_life`` ago counts for a half."""
    answered: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * len(BUCKETS))
    silent: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * len(BUCKETS))
    for some in watched:
        counts = answered if some.is_answered else silent
        weight = 0.5 ** (max(some.invited_ago, timedelta()) / half_life)
        counts[some.band][bucket_of(some.after)] += weight * some.count
    return {
        band: Observed(tuple(answered[band]), tuple(silent[band])) for band in sorted({*answered, *silent})
    }
