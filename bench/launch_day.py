"""The first hour of 15 January 2021, compressed: everybody registers at once, and a bulk waits behind them.

People come at the rate of that hour (44 000 registrations), at first before 20 segments a second, then
before 150; the change is a restart of the gateway under load. What was lost and what came twice is
counted from the centre's log against the database.
"""

import asyncio
import math
import random
import sys
import time
from bisect import bisect
from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import text

from bench.ground import Figure, ground, seniors
from core.messages import Address, Lane, NewMt
from core.store.work import Store
from core.vault import Vault
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.centre import Submitted
from gateway.smpp.smsc import Smsc
from tests.counting import Counted, count_mts
from tests.installation import operator

NATURAL_PER_SECOND = 44_000 / 3_600  # registrations in the first hour
AT_FIRST, RAISED = 20, 150  # segments a second
BULK = "Zveme vas k ockovani."
INVITED = 5_000
SCRIPT = ("REG {number} Jan Novák 111 58601", "1", "ANO")
BIND_WITHIN_SECONDS = 60
FINISH_WITHIN_SECONDS = 120
LOOK_EVERY_SECONDS = 0.02


class Day:
    """The people, what they said when, and what was heard."""

    def __init__(self, numbers: list[str], smsc: Smsc) -> None:
        self._smsc = smsc
        self._todo = {
            f"+4206010{n:05}": [line.format(number=number) for line in SCRIPT]
            for n, number in enumerate(numbers)
        }
        self._saying: set[asyncio.Task[int]] = set()
        self._left = len(numbers)
        self.said = 0
        self.heard: dict[str, list[float]] = defaultdict(list)  # when the answers came, by phone
        self.over = asyncio.Event()

    async def come(self, per_second: float) -> None:
        """Everybody begins, one after another."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for n, phone in enumerate(list(self._todo)):
            await asyncio.sleep(max(0.0, begun + n / per_second - loop.time()))
            self._say(phone)

    def hear(self, mt: Submitted) -> None:
        """An answer is read when its last part has come, and answered at once."""
        if mt.destination not in self._todo or (mt.part is not None and mt.part.number < mt.part.total):
            return
        self.heard[mt.destination].append(mt.at)
        if self._todo[mt.destination]:
            self._say(mt.destination)
            return
        self._left -= 1
        if not self._left:
            self.over.set()

    def _say(self, phone: str) -> None:
        task = asyncio.ensure_future(self._deliver(phone, self._todo[phone].pop(0)))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _deliver(self, phone: str, words: str) -> int:
        self.said += 1
        return await self._smsc.deliver(phone, "1221", words, f"m{self.said}")


def main(people: int = 500) -> list[Figure]:
    """Measure, check that nothing was lost or doubled, and print."""
    figures = [asyncio.run(_run(people))]
    for figure in figures:
        print(figure)
    return figures


async def _run(people: int) -> Figure:
    day: Day

    def heard(mt: Submitted) -> None:
        day.hear(mt)

    behaviour = Behaviour(window=100, deliver_attempts=100)
    async with Smsc(chance=random.Random(1), behaviour=behaviour, on_submitted=heard) as smsc:
        day = Day(seniors(random.Random(1), people), smsc)
        with ground(_operator(smsc, AT_FIRST)) as here:
            store = Store.connect(here.database_url, Vault.from_text(here.environ["CRS_SECRETS_KEY"]))
            _invite(store)
            queued: dict[int, float] = {}
            watching = asyncio.ensure_future(_watch(store, queued))
            gateway = here.start("serve")
            try:
                async with asyncio.timeout(BIND_WITHIN_SECONDS):
                    await smsc.bound()
                begun = time.perf_counter()
                coming = asyncio.ensure_future(day.come(NATURAL_PER_SECOND))
                await asyncio.sleep(people / NATURAL_PER_SECOND / 2)
                changed_at = asyncio.get_running_loop().time()
                gateway.terminate()
                await asyncio.to_thread(gateway.wait)
                (here.folder / "crs.toml").write_text(_operator(smsc, RAISED), "utf-8")
                gateway = here.start("serve")
                async with asyncio.timeout(FINISH_WITHIN_SECONDS):
                    await coming
                    await day.over.wait()
                elapsed = time.perf_counter() - begun
            finally:
                watching.cancel()
                gateway.terminate()
                await asyncio.to_thread(gateway.wait)
            _check(store, day, smsc, people)
            _tell(store, day, smsc, queued, changed_at)
            store.close()
    return Figure("launch day, registrations", people / elapsed, "that hour's rate", NATURAL_PER_SECOND)


def _operator(smsc: Smsc, segments_per_second: int) -> str:
    hours = '[sms]\nsending_hours = ["00:00", "23:59"]\n'
    return hours + operator("bench", smsc.port, window=100, segments_per_second=segments_per_second)


def _invite(store: Store) -> None:
    """The bulk that must not delay anybody."""
    now = datetime.now(UTC)
    with store.begin() as work:
        work.outbox.add(
            [
                NewMt(Address("sms", f"+4206050{n:05}"), "bench", Lane.INVITATION, "invitation", BULK, 1, now)
                for n in range(INVITED)
            ]
        )


def _check(store: Store, day: Day, smsc: Smsc, people: int) -> None:
    said = people * len(SCRIPT)
    counted = count_mts(store, smsc.submitted)
    with store.begin() as work:

        def ask(query: str) -> tuple[int, int]:
            one, other = work.db.execute(text(query)).one()
            return one, other

        mos = ask("SELECT count(*), count(done_at) FROM inbox")
        answers = ask("SELECT count(mo_id), count(DISTINCT mo_id) FROM outbox")
        registered = ask("SELECT count(*), count(DISTINCT phone) FROM registrations")
    assert day.said == said
    assert mos == (said, said), "every MO is there once, and done"
    assert answers == (said, said), "every MO has one answer"
    assert registered == (people, people), "everybody is registered once"
    assert counted == Counted(0, 0, in_doubt=0), counted
    print(f"  MOs {said}, MTs {len(smsc.submitted)} segments: lost 0, doubled 0")


async def _watch(store: Store, queued: dict[int, float]) -> None:
    """Note when each answer can be claimed, by its id: a turn says when it began, not when it committed."""

    def look() -> list[int]:
        with store.begin() as work:
            return list(work.db.scalars(text("SELECT mt_id FROM outbox WHERE mo_id IS NOT NULL")))

    while True:
        for mt_id in await asyncio.to_thread(look):
            queued.setdefault(mt_id, asyncio.get_running_loop().time())
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _tell(store: Store, day: Day, smsc: Smsc, queued: dict[int, float], changed_at: float) -> None:
    """How long answers took from their queueing to the centre, and how much of the bulk went before them.

    Of what left between the two, the invitations that were claimed before are the price of claiming some at
    a time; one that was claimed after it jumped the queue.
    """
    since_1970 = time.time() - asyncio.get_running_loop().time()
    left = {mt.destination: mt.at for mt in smsc.submitted if mt.text == BULK}
    since: dict[str, list[float]] = defaultdict(list)
    with store.begin() as work:
        answers = text("SELECT address, mt_id FROM outbox WHERE mo_id IS NOT NULL ORDER BY mt_id")
        for phone, mt_id in work.db.execute(answers):
            since[phone].append(queued.get(mt_id, math.inf))
        claims = text(
            "SELECT address, claimed_at FROM outbox JOIN attempts USING (mt_id, attempt) "
            "WHERE purpose = 'invitation'"
        )
        bulk = sorted(
            (left[phone], at.timestamp() - since_1970)
            for phone, at in work.db.execute(claims)
            if phone in left
        )
    waits = [pair for phone in since for pair in zip(since[phone], day.heard[phone], strict=True)]
    for capacity, is_first in ((AT_FIRST, True), (RAISED, False)):
        mine = [(min(at, until), until) for at, until in waits if (until < changed_at) is is_first]
        if not mine:
            continue
        times = sorted(until - at for at, until in mine)
        before = [bulk[bisect(bulk, (at, 0.0)) : bisect(bulk, (until, 0.0))] for at, until in mine]
        jumped = sum(claimed > at for (at, _), some in zip(mine, before, strict=True) for _, claimed in some)
        print(
            f"  at {capacity} segments/s: answers after {times[len(times) // 2]:.2f} s (median), "
            f"{times[len(times) * 99 // 100]:.2f} s (99 %), behind {max(map(len, before))} invitations "
            f"at most; {jumped} in all were claimed after the answer that they went before was queued"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
