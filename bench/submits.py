"""MTs per second through one bind: claimed from the outbox, submitted, settled, receipts matched."""

import asyncio
import random
import time
from datetime import UTC, datetime

from bench.ground import Figure, ground
from core.messages import Address, Lane, NewMt
from core.store.work import Store
from core.vault import Vault
from gateway.smpp.coding import encode_parts
from gateway.smpp.esme import Esme, SmscAddress
from gateway.smpp.smsc import Smsc
from tests.installation import operator

WINDOW = 100
TEXT = "Registrace prijata: Nemocnice Jihlava, 340. v poradi. Poradi: STAV."


def main(messages: int = 6_000) -> list[Figure]:
    """Measure and print."""
    figures = [asyncio.run(_run(messages))]
    for figure in figures:
        print(figure)
    return figures


async def _run(messages: int) -> Figure:
    async with Smsc(chance=random.Random(1)) as smsc:
        baseline = await _bare_submits(smsc, messages)
        smsc.submitted.clear()
        settings = operator("bench", smsc.port, window=WINDOW, segments_per_second=100_000)
        with ground(settings) as here:
            store = Store.connect(here.database_url, Vault.from_text(here.environ["CRS_SECRETS_KEY"]))
            now = datetime.now(UTC)
            with store.begin() as work:
                work.outbox.add(
                    [
                        NewMt(Address("sms", f"+4206010{n:05}"), "bench", Lane.ANSWER, "answer", TEXT, 1, now)
                        for n in range(messages)
                    ]
                )
            store.close()
            gateway = here.start("serve")
            try:
                taken = await asyncio.wait_for(smsc.taken(messages), timeout=120)
            finally:
                gateway.terminate()
                await asyncio.to_thread(gateway.wait)
            elapsed = taken[messages - 1].at - taken[0].at
    return Figure("MT through one bind, uncapped", messages / elapsed, "a bare submit_sm loop", baseline)


async def _bare_submits(smsc: Smsc, messages: int) -> float:
    """The baseline: a window of submits from one process, nothing kept, nothing paced."""

    async def ignore(*_: object) -> None:
        """Receipts and MOs are not what is measured."""

    address = SmscAddress("bare", "127.0.0.1", smsc.port, "crs", "secret", window=WINDOW)
    esme = Esme(address, on_mo=ignore, on_receipt=ignore, chance=random.Random(2))
    running = asyncio.ensure_future(esme.run())
    await esme.bound()
    (part,) = encode_parts(TEXT, 0)
    begun = time.perf_counter()
    await asyncio.gather(*(esme.submit(part, "1221", f"+4206010{n:05}") for n in range(messages)))
    elapsed = time.perf_counter() - begun
    await esme.close()
    await running
    return messages / elapsed


if __name__ == "__main__":
    main()
