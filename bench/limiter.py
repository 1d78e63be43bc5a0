"""Operator capacity at the receiving side: how much of it is used, and is it ever exceeded?

Senders are processes of their own; a segment is one datagram, stamped by the receiver's kernel.
"""

import asyncio
import contextlib
import math
import multiprocessing
import random
import socket
import struct
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

from redis.asyncio import Redis

from gateway.capacity import Capacity, Moments, OperatorRate
from gateway.embedded import remove, valkey

SO_TIMESTAMPNS = 35  # Linux, asm-generic/socket.h; not in Python's socket before 3.14
LONGEST_MESSAGE = 3
CALLS = 3_000


@dataclass(frozen=True, slots=True)
class Row:
    capacity: int
    senders: int
    segments: int
    used: float  # of the capacity, while every sender had work waiting
    worst_second: int  # segments in the fullest sliding second
    closest: float  # seconds between a segment and the one a whole capacity later, at the least
    fewest: float  # of its fair part, what the least served sender got
    joined: int  # segments of which the receiver knows only between which moments they came

    def __str__(self) -> str:
        seen = f"{self.capacity:8}  {self.senders:7}  {self.segments:8}  {self.used:6.1%}"
        return f"{seen}  {self.worst_second:12}  {self.closest:22.4f} s  {self.fewest:12.0%}"


@dataclass(frozen=True, slots=True)
class Cost:
    script_per_second: float
    incr_per_second: float

    @property
    def ratio(self) -> float:
        return self.script_per_second / self.incr_per_second


def used(stamps: Sequence[float], capacity: int) -> float:
    return (len(stamps) - 1) / (stamps[-1] - stamps[0]) / capacity


def worst_second(stamps: Sequence[float], earliest: Sequence[float] = ()) -> int:
    """Segments in the fullest second of any alignment; surely, where some came as early as `earliest`."""
    since = earliest or stamps
    worst = first = 0
    for last, stamp in enumerate(stamps):
        while stamp - since[first] >= 1.0:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


def closest(stamps: Sequence[float], capacity: int, earliest: Sequence[float] = ()) -> float:
    since = earliest or stamps
    return min((b - a for a, b in zip(since, stamps[capacity:], strict=False)), default=math.inf)


@dataclass(frozen=True, slots=True)
class Segment:
    """As the operator's centre saw it."""

    at: float
    capacity: int
    sender: int


@contextlib.contextmanager
def receiver(log: list[Segment]) -> Iterator[int]:
    """Write down when each segment came, and whose; yields the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]

        def read() -> None:
            while True:
                whose, ancillary, _, _ = listening.recvmsg(16, 64)
                if not whose:
                    return
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                capacity, sender = whose.split()
                log.append(Segment(seconds + nanoseconds / 1e9, int(capacity), int(sender)))

        reading = threading.Thread(target=read)
        reading.start()
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", ("127.0.0.1", port))
            reading.join()


@dataclass(frozen=True, slots=True)
class Senders:
    """Processes that hand over messages of one to three segments, as fast as they may."""

    url: str
    port: int
    capacities: tuple[int, ...]
    seconds: float

    def work(self, sender: int, ready: Barrier) -> None:
        """One process, sending to every operator at once."""
        asyncio.run(self._work(sender, ready))

    async def _work(self, sender: int, ready: Barrier) -> None:
        async with Redis.from_url(self.url) as redis:
            capacity = Capacity(redis)
            lanes = {each: Moments(capacity, _operator(each)) for each in self.capacities}
            quiet = [await capacity.prepare(_operator(each)) for each in self.capacities]
            await asyncio.sleep(max(quiet).total_seconds())
            await asyncio.to_thread(ready.wait)
            ends_at = time.monotonic() + self.seconds
            await asyncio.gather(*(self._send(sender, *lane, ends_at) for lane in lanes.items()))

    async def _send(self, sender: int, capacity: int, moments: Moments, ends_at: float) -> None:
        chance = random.Random(sender)
        batch = max(1, capacity // 50)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.connect(("127.0.0.1", self.port))
            while time.monotonic() < ends_at:
                parts = chance.randint(1, LONGEST_MESSAGE)
                for left in range(parts, 0, -1):
                    await moments.next(max(left, batch))
                    wire.send(b"%d %d" % (capacity, sender))
        await moments.give_back()


def _operator(capacity: int) -> OperatorRate:
    return OperatorRate(f"bench-{capacity}", capacity)


def measure(url: str, *, capacities: tuple[int, ...], senders: int, seconds: float) -> list[Row]:
    """One row for each capacity; all of them are driven at once."""
    log: list[Segment] = []
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(senders)
    with receiver(log) as port:
        work = Senders(url, port, capacities, seconds).work
        processes = [spawn.Process(target=work, args=(number, ready)) for number in range(senders)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    return [_row([seen for seen in log if seen.capacity == each], each, senders) for each in capacities]


def _row(log: list[Segment], capacity: int, senders: int) -> Row:
    ends = [max((seen.at for seen in log if seen.sender == number), default=0.0) for number in range(senders)]
    waiting = sum(seen.at <= min(ends) for seen in log)
    return row_of([(seen.at, seen.at, seen.sender) for seen in log], capacity, senders, waiting=waiting)


def row_of(log: Sequence[tuple[float, float, int]], capacity: int, senders: int, *, waiting: int) -> Row:
    """Of the earliest and the latest moment of each segment and its sender, in order.

    While the first `waiting` came, work waited for every sender.
    """
    stamps = [at for _, at, _ in log]
    earliest = [since for since, _, _ in log]
    shares = Counter(sender for _, _, sender in log)
    fewest = min(shares.values()) if len(shares) == senders else 0
    return Row(
        capacity=capacity,
        senders=senders,
        segments=len(stamps),
        used=used(stamps[:waiting], capacity),
        worst_second=worst_second(stamps, earliest),
        closest=closest(stamps, capacity, earliest),
        fewest=fewest * senders / len(stamps),
        joined=sum(since < at for since, at, _ in log),
    )


async def cost(url: str) -> Cost:
    """Calls a second over one connection, one after the other: the script beside a plain INCR."""
    async with Redis.from_url(url) as redis:
        capacity = Capacity(redis)
        operator = OperatorRate("bench-cost", 200)
        await capacity.prepare(operator)
        begun = time.monotonic()
        for _ in range(CALLS):
            await redis.incr("bench:plain")
        between = time.monotonic()
        for _ in range(CALLS):
            await capacity.reserve(operator, 1, timedelta(seconds=1))
        ended = time.monotonic()
        await redis.delete("bench:plain")
    return Cost(CALLS / (ended - between), CALLS / (between - begun))


def run(*, seconds: float = 5.0, url: str | None = None) -> list[Row]:
    """Measure and print; on a Valkey of its own unless ``url`` names one."""
    if url is None:
        folder = Path(tempfile.mkdtemp(prefix="crs-bench-"))
        folder.chmod(0o711)
        try:
            with valkey(folder) as own:
                return run(seconds=seconds, url=own)
        finally:
            remove(folder)
    rows = []
    print("capacity  senders  segments    used  worst second  closest n and n+capacity  least served")
    for capacity in (20, 50, 200):
        for senders in (1, 8):
            (row,) = measure(url, capacities=(capacity,), senders=senders, seconds=seconds)
            rows.append(row)
            print(row)
    calls = asyncio.run(cost(url))
    print(
        f"script {calls.script_per_second:.0f} calls/s, plain INCR {calls.incr_per_second:.0f}/s: "
        f"ratio {calls.ratio:.2f}"
    )
    return rows


def main() -> None:
    run()


if __name__ == "__main__":
    main()
