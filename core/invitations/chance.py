"""The chance that more people answer than can be served."""

from cmath import exp, pi
from dataclasses import dataclass
from math import ceil, cos, erfc, floor, sqrt

# So far from the mean there is nothing that a double could tell from 0.
DEVIATIONS = 9
MARGIN = 12
NOTHING = 1e-15


@dataclass(frozen=True, slots=True)
class Crowd:
    """People who each answer with a chance: so many, with such a chance, per group.

    ``spread`` is the variance that comes on top because the chances are not known exactly.
    """

    groups: tuple[tuple[int, float], ...]
    spread: float = 0.0

    @property
    def count(self) -> int:
        return sum(count for count, _ in self.groups)

    @property
    def mean(self) -> float:
        """How many are expected to answer."""
        return sum(count * chance for count, chance in self.groups)

    @property
    def variance(self) -> float:
        return sum(count * chance * (1 - chance) for count, chance in self.groups) + self.spread

    def roughly_above(self, served: int) -> float:
        """`chance_above` by the normal distribution: quick, and a little wrong."""
        return erfc((served + 0.5 - self.mean) / sqrt(2 * self.variance or 1)) / 2

    def chance_above(self, served: int) -> float:
        """The chance that more than ``served`` of them answer; exactly 0 when there are no more.

        The number of answers is Poisson-binomial, and the spread a symmetric Skellam noise upon it. The
        distribution is read off its characteristic function at as many points as it is wide; their number
        hardly grows with the crowd, because a wide distribution has a narrow one.

        Source: Hong, On computing the distribution function for the Poisson binomial distribution
        (Computational Statistics and Data Analysis 59, 2013).
        """
        if self.count <= served:
            return 0.0
        reach = DEVIATIONS * sqrt(self.variance) + MARGIN
        lowest, highest = floor(self.mean - reach), ceil(self.mean + reach)
        if served < lowest:
            return 1.0
        if served >= highest:
            return 0.0
        points = highest - lowest + 1 + (highest - lowest) % 2
        total = float(highest - served)
        for j in range(1, points // 2 + 1):
            angle = 2 * pi * j / points
            value = self._characteristic(angle)
            if abs(value) < NOTHING:
                break
            step = exp(-1j * angle)
            above = step ** (served + 1) * (1 - step ** (highest - served)) / (1 - step)
            total += 2 * (value * above).real
        return min(1.0, max(0.0, total / points))

    def _characteristic(self, angle: float) -> complex:
        turned = exp(1j * angle)
        value: complex = exp(-self.spread * (1 - cos(angle)))
        for count, chance in self.groups:
            value *= (1 - chance + chance * turned) ** count
        return value
