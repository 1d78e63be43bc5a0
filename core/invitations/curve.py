"""The response curve of one age band at one site: a belief, corrected by what was seen there."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from core.invitations.response import BUCKETS, Observed, Prior

# Log-logistic: half of those who answer do so within the prior's time, nine of ten within six times as long.
SHAPE = 1.2


@dataclass(frozen=True, slots=True)
class Curve:
    """How surely somebody answers who has been silent up to a bucket.

    ``never[k]`` is the mean chance, of somebody silent when bucket k begins, that she answers too late or
    never; ``variance[k]`` is how far that chance itself may be from its mean.
    """

    never: tuple[float, ...]
    variance: tuple[float, ...]
    seen: float
    """How many invitations it was learned from, the older ones counting for less."""

    def claim(self, bucket: int) -> float:
        """The chance that somebody silent so long still answers; it never grows with silence."""
        return 1 - self.never[bucket]

    def spread(self, silent: tuple[int, ...]) -> float:
        """The variance of how many of these people answer, by bucket, that comes of not knowing the curve.

        The same error moves everybody of a band together. What one person adds by herself is chance, not
        ignorance, and is left out.
        """
        total = younger = 0.0
        for count, never, variance in zip(silent, self.never, self.variance, strict=True):
            total += variance * count * (count - 1 + 2 * younger / never)
            younger += count * never
        return total


def learn(prior: Prior, observed: Observed | None = None, *, patience: timedelta | None = None) -> Curve:
    """Correct the belief of a band by what was seen; answers after ``patience`` are too late.

    A beta-Stacy process on the buckets: in each, somebody silent so far answers with a chance that has a beta
    distribution. The silent count in every bucket they have passed, by half in the one they are in.

    Source: Walker and Muliere, Beta-Stacy processes (Annals of Statistics 25, 1997); the actuarial half.
    """
    seen = observed or Observed()
    passed = list(accumulate(reversed([a + s for a, s in zip(seen.answered, seen.silent, strict=True)])))
    passed.reverse()  # how many were answered or are silent in this bucket or a later one
    shares = [*(_share_by(prior, edge) for edge in BUCKETS), prior.answers]
    never, square = [1.0], [1.0]
    last = len(BUCKETS) - 1
    for k in range(last, -1, -1):
        answered = prior.watched * (shares[k + 1] - shares[k]) + seen.answered[k]
        half = 0.5 if k < last else 0.0
        silent = prior.watched * (1 - shares[k + 1]) + passed[k] - seen.answered[k] - half * seen.silent[k]
        if patience is not None and BUCKETS[k] >= patience:
            answered = 0.0
        mean = silent / (answered + silent)
        never.append(never[-1] * mean)
        square.append(square[-1] * mean * (silent + 1) / (answered + silent + 1))
    pairs = list(zip(reversed(never[1:]), reversed(square[1:]), strict=True))
    return Curve(
        never=tuple(n for n, _ in pairs),
        variance=tuple(max(0.0, s - n * n) for n, s in pairs),
        seen=seen.count,
    )


def _share_by(prior: Prior, elapsed: timedelta) -> float:
    halves: float = (elapsed / prior.half_within) ** SHAPE
    return prior.answers * halves / (1 + halves)
