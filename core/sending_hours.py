"""When a message may leave: what nobody asked for waits for the day, an answer never waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from core.messages import Lane

Hours: TypeAlias = tuple[time, time]  # local: from the first, until just before the second


@dataclass(frozen=True, slots=True)
class SendingHours:
    """The hours of each lane; one that is not named here leaves at any time.

    A day is open from one instant to another, so a clock that is put forward or back neither opens it twice
    nor closes it in between.
    """

    by_lane: Mapping[Lane, Hours]
    zone: ZoneInfo

    def is_open(self, lane: Lane, now: datetime) -> bool:
        """A message of this lane may leave now."""
        return self.next_opening(lane, now) == now

    def next_opening(self, lane: Lane, now: datetime) -> datetime:
        """The first moment from now on at which a message of this lane may leave."""
        hours = self.by_lane.get(lane)
        if hours is None:
            return now
        today = now.astimezone(self.zone).date()
        while True:
            # In UTC: times of one zone are compared by the clock on the wall, which goes back in autumn.
            opens, closes = (datetime.combine(today, at, self.zone).astimezone(UTC) for at in hours)
            if max(now, opens) < closes:  # hours may fall into those that are left out in spring
                return max(now, opens)
            today += timedelta(days=1)
