"""A gateway at work in this process, its SMSC, and the database behind them."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.messages import Address, Lane, NewMt
from core.store.work import OUTBOX_CHANNEL, Store
from core.unanswered import PATIENCE
from core.vault import new_key
from gateway.compose import App
from gateway.serve import Gateway, end
from gateway.settings import read
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.smsc import Smsc
from tests.installation import operator

PHONE = "+420602000001"
WITHIN_SECONDS = 30


class Clock:
    """The time of day, set ahead by a test."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Running:
    """What a test needs of them."""

    def __init__(self, smsc: Smsc, store: Store, clock: Clock) -> None:
        self.smsc = smsc
        self.store = store
        self.clock = clock

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with self.store.begin() as work:
            return [tuple(row) for row in work.db.execute(text(query))]

    def queue(self, words: str, *, count: int = 1, segments: int = 1, lane: Lane = Lane.ANSWER) -> None:
        now = self.clock()
        with self.store.begin() as work:
            work.outbox.add(
                [
                    NewMt(Address("sms", PHONE), "o2", lane, "answer", f"{words}{n}", segments, now, rank=n)
                    for n in range(count)
                ]
            )
            work.wake(OUTBOX_CHANNEL)

    def let_pass(self, time: timedelta = PATIENCE.again_after * 1.1) -> None:
        """Let time pass, and silence be judged as every gateway and worker does."""
        self.clock.ahead += time
        with self.store.begin() as work:
            work.outbox.reconcile(PATIENCE, now=self.clock())
            work.wake(OUTBOX_CHANNEL)

    async def until(self, query: str, expected: list[tuple[object, ...]]) -> None:
        """Look until the database says so; the time limit shows what it said last."""
        seen: list[tuple[object, ...]] = []
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while (seen := await asyncio.to_thread(self.ask, query)) != expected:
                    pass
        except TimeoutError:
            pytest.fail(f"{query}: {seen}, not {expected}")


@asynccontextmanager
async def running(
    database: str,
    redis_url: str,
    folder: Path,
    behaviour: Behaviour,
    **choices: float,
) -> AsyncIterator[Running]:
    """Bind a gateway to an SMSC that behaves so; ``choices`` are the operator's."""
    async with Smsc(chance=random.Random(7), behaviour=behaviour) as smsc:
        config = folder / "crs.toml"
        config.write_text(operator("o2", smsc.port, **{"segments_per_second": 500} | choices), "utf-8")
        environ = {
            "CRS_DATABASE_URL": database,
            "CRS_REDIS_URL": redis_url,
            "CRS_SECRETS_KEY": new_key(),
            "CRS_SMS_SENDING_HOURS": "00:00, 23:59",
        }
        app = App(settings=read(config, environ))
        clock = Clock()
        with app.store() as store:
            working = asyncio.ensure_future(Gateway(app, store, redis_url, clock=clock).run())
            try:
                await smsc.bound()
                yield Running(smsc, store, clock)
            finally:
                await end({working})
                # As asyncio.run does: what a thread has begun ends before the store is closed.
                await asyncio.get_running_loop().shutdown_default_executor()
