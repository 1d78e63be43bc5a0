"""Answer latency under bulk: from a MO's deliver_sm to its answer's submit_sm, at the operator's centre.

Each MO is of another person, who asks for her place in the queue.
"""

import asyncio
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.ground import ground
from core.messages import Address, Lane, NewMt
from core.store.work import Store
from core.vault import Vault
from gateway.smpp.centre import Submitted
from gateway.smpp.smsc import Smsc
from tests.installation import operator

SEGMENTS_PER_SECOND = 20
MO_EVERY_SECONDS = 0.5
FIRST = 20  # invitations that leave before anything is measured: a gateway begins slowly
ANY_TIME = '[sms]\nsending_hours = ["00:00", "23:59"]\n'
INVITATION = (
    "Anna, zveme vas k ockovani: Nemocnice Jihlava. Odpovezte PINem 3262 2914 a vyberte si termin. "
    "PIN plati do pouziti."
)


@dataclass(frozen=True, slots=True)
class Latency:
    """One line of the table: seconds to an answer, and how they compare with the same without bulk."""

    work: str
    seconds: Sequence[float]
    plain: Sequence[float]

    def __str__(self) -> str:
        p50, p99 = _percentile(self.seconds, 50), _percentile(self.seconds, 99)
        bare = _percentile(self.plain, 99)
        return (
            f"{self.work:<44} p50 {p50:.2f} s, p99 {p99:.2f} s, max {max(self.seconds):.2f} s  "
            f"{p99 / bare:>5.1f} x without bulk (p99 {bare:.2f} s)"
        )


def main(invitations: int = 40_000, mos: int = 120) -> list[Latency]:
    """Measure and print."""
    plain = asyncio.run(_run(0, mos))
    work = f"answers under {invitations} invitations, {SEGMENTS_PER_SECOND}/s"
    measured = [Latency(work, asyncio.run(_run(invitations, mos)), plain)]
    for each in measured:
        print(each)
    return measured


async def _run(invitations: int, mos: int) -> list[float]:
    asked: dict[str, float] = {}
    seconds: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()

    def answered(mt: Submitted) -> None:
        if mt.destination in asked:
            seconds.setdefault(mt.destination, mt.at - asked[mt.destination])
            if len(seconds) == mos:
                finished.set()

    async with Smsc(chance=random.Random(1), on_submitted=answered) as smsc:
        settings = operator("bench", smsc.port, segments_per_second=SEGMENTS_PER_SECOND) + ANY_TIME
        with ground(settings) as here:
            vault = Vault.from_text(here.environ["CRS_SECRETS_KEY"])
            _queue(Store.connect(here.database_url, vault), FIRST + invitations)
            gateway = here.start("serve")
            try:
                await smsc.bound()
                await smsc.taken(FIRST)
                async with asyncio.TaskGroup() as tasks:
                    for n in range(mos):
                        phone = f"+4206010{n:05}"
                        asked[phone] = loop.time()
                        tasks.create_task(smsc.deliver(phone, "1221", "STAV"))
                        await asyncio.sleep(MO_EVERY_SECONDS)
                await asyncio.wait_for(finished.wait(), timeout=60)
            finally:
                gateway.terminate()
                await asyncio.to_thread(gateway.wait)
    return list(seconds.values())


def _queue(store: Store, invitations: int) -> None:
    now = datetime.now(UTC)
    with store.begin() as work:
        work.outbox.add(
            [
                NewMt(
                    Address("sms", f"+4206020{n:05}"),
                    "bench",
                    Lane.INVITATION,
                    "invitation",
                    INVITATION,
                    1,
                    now,
                    n,
                )
                for n in range(invitations)
            ]
        )
    store.close()


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    main()
