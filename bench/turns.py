"""Turns per second end to end: deliver_sm in, everything committed, submit_sm out, over real SMPP.

Each phone registers one person, one answer a message. The operator's centre runs in this process, the
gateway in its own.
"""

import asyncio
import random
import time

from bench.ground import Figure, durable_commits_per_second, ground, seniors
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.centre import Submitted
from gateway.smpp.smsc import Smsc
from tests.installation import operator

REST = ("Jan Novák", "VZP", "58601", "1", "ANO")
PHONES = 200  # writing at the same time


def main(people: int = 1_000) -> list[Figure]:
    """Measure and print."""
    figures = asyncio.run(_run(people))
    for figure in figures:
        print(figure)
    return figures


async def _run(people: int) -> list[Figure]:
    numbers = seniors(random.Random(1), people)
    todo = {f"+4206010{n:05}": ["REG", number, *REST] for n, number in enumerate(numbers)}
    waiting = list(todo)
    chance = random.Random(2)
    finished = asyncio.Event()
    turns = 0
    working: set[asyncio.Task[int]] = set()

    def write(phone: str) -> None:
        task = asyncio.ensure_future(smsc.deliver(phone, "1221", todo[phone].pop(0)))
        working.add(task)
        task.add_done_callback(working.discard)

    def answered(mt: Submitted) -> None:
        nonlocal turns
        turns += 1
        if todo[mt.destination]:
            write(mt.destination)
        elif waiting:
            write(waiting.pop())
        elif not any(todo.values()):
            finished.set()

    async with Smsc(chance=chance, on_submitted=answered, behaviour=Behaviour(window=PHONES)) as smsc:
        settings = operator("bench", smsc.port, window=100, segments_per_second=10_000)
        with ground(settings) as here:
            baseline = await asyncio.to_thread(durable_commits_per_second, here.database_url)
            gateway = here.start("serve")
            try:
                await smsc.bound()
                begun = time.perf_counter()
                for _ in range(min(PHONES, len(waiting))):
                    write(waiting.pop())
                await asyncio.wait_for(finished.wait(), timeout=120)
                elapsed = time.perf_counter() - begun
            finally:
                gateway.terminate()
                await asyncio.to_thread(gateway.wait)
    return [
        Figure("turns end to end, SMPP in to SMPP out", turns / elapsed, "a bare durable commit", baseline)
    ]


if __name__ == "__main__":
    main()
