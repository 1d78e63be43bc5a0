"""Citizens: robots that answer an invitation when, and if, people of their age do, and ask again."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from conversations.media.gsm import fold
from core.calendars.calendar import PRAGUE
from core.invitations import band_of
from core.programme import age
from gateway.demo.people import Person
from gateway.demo.robots import INVITED, Reply, Robot
from gateway.simulation.scenario import Citizens
from gateway.simulation.timeline import Timeline

FREE_AGAIN: Final = "zase volno"
NOTHING_FREE: Final = "terminy jsou ted obsazene"
HAS_DATES: Final = "mate termin"
SHORTEST_PATIENCE: Final = timedelta(seconds=45)


@dataclass(slots=True)
class Heard:
    """What citizens have seen so far, as only they see it."""

    begun: int = 0
    asked_again: int = 0
    answered: set[str] = field(default_factory=set, repr=False)
    """Phones of those who sent their PIN."""
    found_nothing: set[str] = field(default_factory=set, repr=False)
    """Those of them who were told that everything is taken, the first time they answered."""
    waits: list[float] = field(default_factory=list)
    """Seconds from a message to its answer, since the last sample."""


class Citizen:
    """One person of the rehearsal."""

    def __init__(
        self,
        person: Person,
        habits: Citizens,
        *,
        response: Callable[[datetime], float],
        timeline: Timeline,
        heard: Heard,
        send: Callable[[str, str], None],
        chance: random.Random,
    ) -> None:
        """``response`` is the share of people who answer an invitation of that time; ``send`` takes an MO."""
        self.person = person
        self._habits = habits
        self._response = response
        self._timeline = timeline
        self._heard = heard
        self._send = send
        self._chance = chance
        self._robot = Robot(person, chance=chance)
        self._waits_since: datetime | None = None
        self._was_called_again = False
        self._asked = 0  # grows with every message and answer: a reminder of an older one is void

    def begin(self) -> None:
        """Write for the first time."""
        self._heard.begun += 1
        self._write(self._robot.begin())

    def hear(self, mt: str) -> None:
        """Read an MT; what is written back leaves later."""
        now = self._timeline.now()
        text = " ".join(fold(mt).lower().split())
        is_again = FREE_AGAIN in text
        is_call = is_again or INVITED.search(text) is not None
        self._was_called_again |= is_again
        if self._waits_since is not None and not is_call:
            self._heard.waits.append((now - self._waits_since).total_seconds())
            self._waits_since = None
        if not is_call:
            self._asked += 1
        if NOTHING_FREE in text and not self._was_called_again:
            self._heard.found_nothing.add(self.person.phone)
        reply = self._robot.read(mt)
        if reply is None:
            return
        if not is_call:
            self._write(reply)
        elif self._chance.random() < self._share(now, is_again=is_again):
            later = replace(reply, after=self._delay())
            self._timeline.after(later.after, lambda: self._heard.answered.add(self.person.phone))
            self._write(later)

    def _share(self, now: datetime, *, is_again: bool) -> float:
        if is_again:
            return self._habits.answers_again
        band = band_of(age(self.person.born, now.astimezone(PRAGUE).date()))
        return self._response(now) * self._habits.response_by_age.get(band, 1.0)

    def _delay(self) -> timedelta:
        median = self._habits.answers_after.total_seconds()
        return timedelta(seconds=self._chance.lognormvariate(math.log(max(median, 1.0)), self._habits.spread))

    def _write(self, reply: Reply) -> None:
        self._asked += 1
        asked = self._asked
        self._timeline.after(
            reply.after, lambda: self._sent(reply.text, asked, left=self._habits.asks_again_at_most)
        )

    def _sent(self, text: str, asked: int, *, left: int) -> None:
        if asked != self._asked:  # she was answered meanwhile, and writes something else
            return
        if self._waits_since is None:
            self._waits_since = self._timeline.now()
        self._send(self.person.phone, text)
        if left:
            patience = self._chance.expovariate(1 / self._habits.patience.total_seconds())
            wait = max(SHORTEST_PATIENCE, timedelta(seconds=patience))
            self._timeline.after(wait, lambda: self._remind(text, asked, left=left - 1))

    def _remind(self, text: str, asked: int, *, left: int) -> None:
        if asked == self._asked:
            self._heard.asked_again += 1
            self._sent(text, asked, left=left)
