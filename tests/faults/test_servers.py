"""Redis and PostgreSQL going away and coming back under a gateway: nothing is lost, nothing comes twice."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.messages import Lane
from core.store.schema import upgrade
from core.unanswered import PATIENCE
from gateway.embedded import postgres, remove, valkey
from gateway.embedded.places import home
from gateway.embedded.servers import running_in
from gateway.embedded.sharing import Using, unused
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.codes import Status
from tests.counting import Counted, count_mts
from tests.running import PHONE, WITHIN_SECONDS, Running, running

HANDED_OVER = "SELECT count(*) FROM outbox WHERE state IN ('sent', 'delivered')"
ANSWERED = "SELECT count(*) FROM outbox WHERE mo_id IS NOT NULL AND state IN ('sent', 'delivered')"
WAITING_FOR_THE_TABLE = "SELECT count(*) FROM pg_locks WHERE relation = 'inbox'::regclass AND NOT granted"


class Mortal:
    """An embedded server that a test may end and start again, with its data."""

    def __init__(self, use: Callable[[Path], Using], name: str, folder: Path) -> None:
        self._home = home(folder, name)
        self._using = use(folder)

    async def start(self) -> str:
        return await asyncio.to_thread(self._using.__enter__)

    async def end(self, with_signal: signal.Signals) -> None:
        await asyncio.to_thread(self._end, with_signal)

    def _end(self, with_signal: signal.Signals) -> None:
        os.kill(min(running_in(self._home.data)), with_signal)
        self.leave()
        with unused(self._home):
            pass

    def leave(self) -> None:
        self._using.__exit__(None, None, None)


@pytest.fixture
def mortal() -> Iterator[Callable[[Callable[[Path], Using], str], Mortal]]:
    """Makes servers in a folder of their own; whatever runs at the end is left."""
    # Open to ``nobody``, who runs the servers of root.
    folder = Path(tempfile.mkdtemp(prefix="crs-mortal-"))
    folder.chmod(0o711)
    servers: list[Mortal] = []

    def make(use: Callable[[Path], Using], name: str) -> Mortal:
        servers.append(Mortal(use, name, folder))
        return servers[-1]

    yield make
    for server in servers:
        server.leave()
    remove(folder)


async def test_redis_killed_stops_the_bulk_and_not_the_dialogues_and_all_goes_on_when_it_is_back(
    mortal, database, tmp_path
):
    server = mortal(valkey, "valkey")
    url = await server.start()
    async with running(database, url, tmp_path, Behaviour(), segments_per_second=100) as field:
        field.queue("pozvanka ", count=250, lane=Lane.INVITATION)
        await field.smsc.taken(20)
        await server.end(signal.SIGKILL)
        await field.smsc.deliver(PHONE, "1221", "Dobrý den", "m1")
        await field.until(ANSWERED, [(1,)])
        stopped_at = invitations(field)
        await field.smsc.deliver(PHONE, "1221", "POMOC", "m2")
        await field.until(ANSWERED, [(2,)])
        assert invitations(field) == stopped_at < 250
        await server.start()
        await field.until(HANDED_OVER, [(252,)])
        assert count_mts(field.store, field.smsc.submitted) == Counted(0, 0, in_doubt=0)


async def test_postgresql_gone_leaves_mos_at_the_centre_and_all_goes_on_when_it_is_back(
    mortal, redis_url, tmp_path
):
    behaviour = Behaviour(deliver_again_after=timedelta(seconds=0.1), deliver_attempts=1_000)
    server = mortal(postgres, "postgres")
    url = await server.start()
    await asyncio.to_thread(upgrade, url)
    async with running(url, redis_url, tmp_path, behaviour, segments_per_second=50) as field:
        field.queue("zprava ", count=60)
        early = [
            asyncio.ensure_future(field.smsc.deliver(phone(n), "1221", "Dobrý den", f"m{n}"))
            for n in range(10)
        ]
        await field.smsc.taken(20)
        await server.end(signal.SIGQUIT)
        late = [
            asyncio.ensure_future(field.smsc.deliver(phone(n), "1221", "Dobrý den", f"m{n}"))
            for n in range(10, 20)
        ]
        await field.smsc.put_off_times(field.smsc.put_off + 10)
        assert not any(each.done() for each in late), "not acknowledged"
        await server.start()
        async with asyncio.timeout(WITHIN_SECONDS):
            assert set(await asyncio.gather(*early, *late)) == {Status.OK}
        await field.until("SELECT count(*), count(done_at) FROM inbox", [(20, 20)])
        await field.until(HANDED_OVER, [(80,)])
        assert count_mts(field.store, field.smsc.submitted) == Counted(0, 0, in_doubt=0)


async def test_postgresql_gone_for_longer_than_a_claim_lasts_doubles_nothing_that_was_answered(
    mortal, redis_url, tmp_path
):
    server = mortal(postgres, "postgres")
    url = await server.start()
    await asyncio.to_thread(upgrade, url)
    async with running(url, redis_url, tmp_path, Behaviour(answers_held=True), window=10) as field:
        field.queue("zprava ", count=10)
        await field.smsc.taken(10)
        await server.end(signal.SIGQUIT)
        field.smsc.release()
        field.clock.ahead += PATIENCE.claim_lasts * 2
        await server.start()
        await field.until(HANDED_OVER, [(10,)])
        assert count_mts(field.store, field.smsc.submitted) == Counted(0, 0, in_doubt=0)


async def test_an_mo_is_acknowledged_when_it_is_committed_and_not_before(gateway):
    async with gateway(Behaviour()) as field:
        with field.store.begin() as work:
            work.db.execute(text("LOCK TABLE inbox IN EXCLUSIVE MODE"))
            delivering = asyncio.ensure_future(field.smsc.deliver(PHONE, "1221", "Dobrý den", "m1"))
            await field.until(WAITING_FOR_THE_TABLE, [(1,)])
            assert not delivering.done()
        assert await delivering == Status.OK
        assert field.ask("SELECT operator_id FROM inbox") == [("m1",)]


def invitations(field: Running) -> int:
    return sum("pozvanka" in mt.text for mt in field.smsc.submitted)


def phone(n: int) -> str:
    return f"+42060400{n:04}"
