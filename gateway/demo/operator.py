"""The demo's operator: our own SMSC, and behind it the people with their phones."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from gateway.demo.people import Person
from gateway.demo.robots import Reply, Robot
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.centre import Submitted
from gateway.smpp.smsc import Smsc

NAME: Final = "demo"
SEGMENTS_PER_SECOND: Final = 50
FIRST_AFTER: Final = timedelta(seconds=4)  # long enough to see the page before anything moves


class DemoOperator:
    """People who register and answer by themselves, at a pace that can be watched."""

    def __init__(
        self,
        people: Iterable[Person],
        *,
        number: str,
        chance: random.Random,
        run: str,
        all_within: timedelta = timedelta(minutes=6),
    ) -> None:
        """``number`` is ours; ``run`` makes the ids of this run's MOs unlike those of any other."""
        self.robots = {
            person.phone: Robot(person, chance=random.Random(chance.random()))  # noqa: S311 - no secret
            for person in people
        }
        self.smsc = Smsc(
            chance=chance,
            behaviour=Behaviour(receipt_after=timedelta(seconds=1)),
            on_submitted=self._take,
        )
        self._number = number
        self._chance = chance
        self._run = run
        self._all_within = all_within
        self._mo_count = 0
        self._parts: defaultdict[tuple[str, int, int], dict[int, str]] = defaultdict(dict)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self.smsc)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._open.aclose()

    def segments_per_second(self, over: timedelta = timedelta(seconds=5)) -> float:
        """What we were handed of late."""
        seconds = over.total_seconds()
        since = asyncio.get_running_loop().time() - seconds
        count = 0
        for mt in reversed(self.smsc.submitted):
            if mt.at < since:
                break
            count += 1
        return count / seconds

    async def live(self, *, known: Set[str] = frozenset(), last_mt: Mapping[str, str]) -> None:
        """Let everybody register who is not ``known`` yet; the others read their ``last_mt`` once more."""
        await self.smsc.bound()
        for phone, text in last_mt.items():
            self._hear(phone, text)
        fresh = [robot for phone, robot in self.robots.items() if phone not in known]
        self._chance.shuffle(fresh)
        await asyncio.sleep(FIRST_AFTER.total_seconds())
        pause = self._all_within.total_seconds() / max(1, len(self.robots))
        for robot in fresh:
            self._send(robot.person.phone, robot.begin())
            await asyncio.sleep(self._chance.expovariate(1 / pause))

    def _take(self, mt: Submitted) -> None:
        """A part of an MT has come to a phone; the robot reads once all parts are there."""
        if mt.part is None:
            self._hear(mt.destination, mt.text)
            return
        key = (mt.destination, mt.part.reference, mt.part.total)
        self._parts[key][mt.part.number] = mt.text
        if len(self._parts[key]) == mt.part.total:
            parts = self._parts.pop(key)
            self._hear(mt.destination, "".join(parts[n] for n in sorted(parts)))

    def _hear(self, phone: str, text: str) -> None:
        robot = self.robots.get(phone)
        reply = robot.read(text) if robot else None
        if reply is not None:
            self._send(phone, reply)

    def _send(self, phone: str, reply: Reply) -> None:
        self._mo_count += 1
        task = asyncio.get_running_loop().create_task(
            self._deliver(phone, reply, f"{self._run}-{self._mo_count}")
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, phone: str, reply: Reply, message_id: str) -> None:
        await asyncio.sleep(reply.after.total_seconds())
        await self.smsc.deliver(phone, self._number, reply.text, message_id)
