"""One site for four weeks: why both extremes fail, and what the chance does."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from core.invitations import (
    Observed,
    OpenInvitations,
    Policy,
    SiteState,
    Watched,
    load_policies,
    observe,
    plan,
)

POLICIES = load_policies((Path(__file__).parents[2] / "data" / "policies.toml").read_text(encoding="utf-8"))
DAYS = 28
COUNTED_FROM = 7
SLOTS_A_DAY = 100
PUBLISHED_DAYS_AHEAD = 2
BAND = "80+"
LINE = (BAND,) * 1_000
FIRST_SHARE, LAST_SHARE = 0.75, 0.45


@dataclass(frozen=True)
class Outcome:
    """What came of it: the share of places booked after the first week, of answers that found none."""

    used: float
    broken: float


class Town:
    """A site with a long line, whose people answer later and less as the weeks go by."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self.policy = policy
        self.random = random
        self.free: Counter[int] = Counter()
        self.silent: Counter[int] = Counter()
        self.answered: Counter[tuple[int, int]] = Counter()
        self.due: defaultdict[int, list[int]] = defaultdict(list)
        self.waves: list[int] = []
        self.booked = self.broken = 0

    def live(self) -> Outcome:
        for hour in range(DAYS * 24):
            day, of_day = divmod(hour, 24)
            if of_day == 0:
                self.free[day + PUBLISHED_DAYS_AHEAD] = SLOTS_A_DAY
                observed = self.see(hour)
            self.answer(hour)
            if 8 <= of_day < 20:
                self.invite(hour, observed)
        left = sum(self.free[day] for day in range(COUNTED_FROM, DAYS))
        return Outcome(
            1 - left / (SLOTS_A_DAY * (DAYS - COUNTED_FROM)), self.broken / (self.booked + self.broken)
        )

    def see(self, hour: int) -> dict[str, Observed]:
        """How people responded so far, as the planner would count it."""
        answered = [
            Watched(BAND, _hours(hour - invited), _hours(answered - invited), True, count)
            for (invited, answered), count in self.answered.items()
        ]
        silent = [
            Watched(BAND, _hours(hour - invited), min(_hours(hour - invited), self.validity), False, count)
            for invited, count in self.silent.items()
        ]
        return observe([*answered, *silent], half_life=self.policy.half_life)

    @property
    def validity(self) -> timedelta:
        return self.policy.validity or timedelta.max

    def answer(self, hour: int) -> None:
        for invited in self.due.pop(hour, ()):
            if _hours(hour - invited) >= self.validity:
                continue
            self.silent[invited] -= 1
            self.answered[invited, hour] += 1
            if (day := next(self.bookable(hour), None)) is None:
                self.broken += 1
            else:
                self.free[day] -= 1
                self.booked += 1

    def bookable(self, hour: int) -> Iterator[int]:
        """The days with free places, the soonest first."""
        return (d for d in range(hour // 24 + 1, hour // 24 + 1 + PUBLISHED_DAYS_AHEAD) if self.free[d])

    def invite(self, hour: int, observed: dict[str, Observed]) -> None:
        bookable = sum(self.free[day] for day in self.bookable(hour))
        state = SiteState(
            {"comirnaty": bookable},
            {"comirnaty": 1_000_000},
            LINE,
            open=tuple(
                OpenInvitations(BAND, _hours(hour - invited), count)
                for invited, count in self.silent.items()
                if count and _hours(hour - invited) < self.validity
            ),
            observed=observed,
            recent_waves=tuple(self.waves[-24:]),
        )
        size = plan(state, policy=self.policy).size
        if not size:
            return
        self.waves.append(size)
        self.silent[hour] += size
        share = FIRST_SHARE + (LAST_SHARE - FIRST_SHARE) * hour / (DAYS * 24)
        for _ in range(size):
            if self.random.random() < share:
                self.due[hour + 1 + int(self.random.lognormvariate(2.0, 1.2))].append(hour)


def _hours(count: int) -> timedelta:
    return timedelta(hours=count)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    names = ("2021-01-21", "2021-02-10", "chance", "ignoring")
    return {name: Town(POLICIES[name], Random(1)).live() for name in names}


def test_a_place_held_until_used_is_wasted_on_the_silent(outcomes):
    assert outcomes["2021-01-21"].used < 0.1
    assert outcomes["2021-01-21"].broken == 0


def test_a_place_held_for_72_hours_wastes_two_in_five(outcomes):
    assert 0.45 < outcomes["2021-02-10"].used < 0.7
    assert outcomes["2021-02-10"].broken == 0


def test_small_waves_by_chance_fill_the_site_and_keep_the_promise(outcomes):
    assert outcomes["chance"].used > 0.99
    assert outcomes["chance"].broken < 0.01


def test_ignoring_those_already_invited_breaks_a_promise_in_four(outcomes):
    assert outcomes["ignoring"].used == 1
    assert outcomes["ignoring"].broken > 0.25


def test_the_risk_buys_what_the_hard_guarantee_wastes():
    guaranteed = Town(replace(POLICIES["chance"], epsilon=0), Random(1)).live()
    assert guaranteed.used < 0.1
    assert guaranteed.broken == 0
