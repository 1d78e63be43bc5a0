"""``crs serve`` killed with -9 between the steps of sending: what is lost, what comes twice."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from core.messages import Address, Lane, NewMt
from core.store.work import Store
from core.vault import Vault, new_key
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.smsc import Smsc
from tests.counting import Counted, count_mts
from tests.installation import ROOT, operator

pytestmark = pytest.mark.slow

MTS = 10  # claimed at once: a quarter of a second at this pace
PACE = 4 * MTS
WITHIN_SECONDS = 60
HANDED_OVER = "SELECT count(*) FROM outbox WHERE state IN ('sent', 'delivered')"
CLAIMED = "SELECT count(*) FROM outbox WHERE state = 'claimed'"
UNANSWERED = "SELECT count(*) FROM outbox WHERE state = 'unanswered'"
SETTLING = "SELECT count(*) FROM pg_locks WHERE relation = 'mt_parts'::regclass AND NOT granted"


class Field:
    """The SMSC, the database, and a gateway that is started and killed."""

    def __init__(self, smsc: Smsc, store: Store, config: Path, environ: dict[str, str]) -> None:
        self.smsc = smsc
        self.store = store
        self._config = config
        self._environ = os.environ | environ | {"CRS_CONFIG": str(config)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, window: int = MTS) -> None:
        account = operator("o2", self.smsc.port, window=window, segments_per_second=PACE)
        self._config.write_text(f'[web]\nlisten = "127.0.0.1:0"\n[log]\nlevel = "error"\n{account}', "utf-8")
        command = [sys.executable, "-m", "gateway", "serve"]
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=subprocess.DEVNULL)  # noqa: S603

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def queue(self, count: int = MTS, lane: Lane = Lane.ANSWER) -> None:
        now = datetime.now(UTC)
        phones = (Address("sms", f"+42060300{lane.value}0{n:02}") for n in range(count))
        with self.store.begin() as work:
            work.outbox.add([NewMt(phone, "o2", lane, "answer", "zprava", 1, now) for phone in phones])

    def ask(self, query: str) -> int:
        with self.store.begin() as work:
            return int(work.db.execute(text(query)).scalar_one())

    async def until(self, query: str, expected: int) -> None:
        seen = None
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while (seen := await asyncio.to_thread(self.ask, query)) != expected:
                    pass
        except TimeoutError:
            pytest.fail(f"{query}: {seen}, not {expected}")

    @contextmanager
    def no_settling(self) -> Iterator[None]:
        """Nobody can write down the ids of what was sent."""
        with self.store.begin() as work:
            work.db.execute(text("LOCK TABLE mt_parts IN EXCLUSIVE MODE"))
            yield


@pytest.fixture
async def field(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Field]:
    key = new_key()
    environ = {
        "CRS_DATABASE_URL": database,
        "CRS_REDIS_URL": redis_url,
        "CRS_SECRETS_KEY": key,
        "CRS_SMS_SENDING_HOURS": "00:00, 23:59",
    }
    store = Store.connect(database, Vault.from_text(key))
    async with Smsc(chance=random.Random(1), behaviour=Behaviour(answers_held=True)) as smsc:
        field = Field(smsc, store, tmp_path / "crs.toml", environ)
        try:
            yield field
        finally:
            await asyncio.to_thread(field.kill)
            store.close()


async def test_between_claim_and_submit_only_what_had_left_comes_twice(field):
    field.queue()
    field.start(window=1)
    await field.smsc.taken(1)
    await field.until(CLAIMED, MTS)
    await asyncio.to_thread(field.kill)
    field.smsc.behaviour = Behaviour()
    field.start()
    await field.until(HANDED_OVER, MTS)
    assert count_mts(field.store, field.smsc.submitted) == Counted(0, 1, in_doubt=MTS)


async def test_between_submit_and_answer_every_answer_in_the_window_comes_twice_and_no_invitation(field):
    field.queue(MTS // 2)
    field.queue(MTS // 2, Lane.INVITATION)
    field.start()
    await field.smsc.taken(MTS)
    await asyncio.to_thread(field.kill)
    field.smsc.behaviour = Behaviour()
    field.start()
    await field.until(HANDED_OVER, MTS // 2)
    assert field.ask(UNANSWERED) == MTS // 2
    assert count_mts(field.store, field.smsc.submitted) == Counted(0, MTS // 2, in_doubt=MTS)


async def test_between_answer_and_settling_every_answer_in_the_window_comes_twice(field):
    field.smsc.behaviour = Behaviour()
    field.queue()
    with field.no_settling():
        field.start()
        await field.smsc.taken(MTS)
        await field.until(f"SELECT (({SETTLING}) > 0)::int", 1)
        await asyncio.to_thread(field.kill)
    field.start()
    await field.until(HANDED_OVER, MTS)
    assert count_mts(field.store, field.smsc.submitted) == Counted(0, MTS, in_doubt=MTS)
