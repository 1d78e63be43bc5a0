"""Days on which a site does not vaccinate."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Pause:
    """From one day until just before another, in Prague; ``reopens_on`` None: nobody knows yet."""

    from_on: date
    reopens_on: date | None
    because: str

    @property
    def last_day(self) -> date | None:
        return None if self.reopens_on is None else self.reopens_on - timedelta(days=1)

    def covers(self, day: date) -> bool:
        """The site does not vaccinate on this day."""
        return self.from_on <= day and (self.reopens_on is None or day < self.reopens_on)

    def is_over(self, today: date) -> bool:
        return self.reopens_on is not None and self.reopens_on <= today

    def meets(self, other: "Pause") -> bool:
        """They have a day in common."""
        is_empty = self.from_on == self.reopens_on or other.from_on == other.reopens_on
        return not is_empty and (other.covers(self.from_on) or self.covers(other.from_on))

    def words(self) -> str:
        """``it pauses from 2021-01-25, and reopens on 2021-02-01 (the hall is being painted)``."""
        until = "until further notice" if self.reopens_on is None else f"and reopens on {self.reopens_on}"
        return f"it pauses from {self.from_on}, {until} ({self.because})"
