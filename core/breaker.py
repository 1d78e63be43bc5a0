"""A circuit breaker: who does not answer is left alone for a while, so that nobody waits for it in vain."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Breaker:
    """Opens after ``most_failures`` in a row; after ``rests_for`` one try decides whether it stays open."""

    most_failures: int = 5
    rests_for: timedelta = timedelta(minutes=1)
    failures: int = 0
    open_until: datetime | None = None

    def may_ask(self, now: datetime) -> bool:
        """Say whether asking makes sense now."""
        return self.open_until is None or self.open_until <= now

    def answered(self) -> "Breaker":
        """The breaker after an answer, whatever it said."""
        return replace(self, failures=0, open_until=None)

    def failed(self, now: datetime) -> "Breaker":
        """The breaker after one more try in vain."""
        failures = self.failures + 1
        return replace(
            self,
            failures=failures,
            open_until=now + self.rests_for if failures >= self.most_failures else None,
        )
