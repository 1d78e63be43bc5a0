"""Two operators at once: one of them goes down, comes back, or says that a number is not its own."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.messages import Address, Lane, NewMo, NewMt
from core.store.work import Store
from core.vault import new_key
from gateway.compose import App
from gateway.metrics import exposition
from gateway.serve import Gateway, end
from gateway.settings import read
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.smsc import Smsc
from tests.installation import operator

PHONE = "+420601000001"
WITHIN_SECONDS = 40
LINE = re.compile(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')


class House:
    """A gateway bound to two operators, and a clock that may be put forward."""

    def __init__(self, o2: Smsc, tm: Smsc) -> None:
        self.o2 = o2
        self.tm = tm
        self.ahead = timedelta(0)
        self.store: Store
        self.gateway: Gateway

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def queue(self, *texts: str, lane: Lane = Lane.INVITATION) -> None:
        now = self.clock()
        with self.store.begin() as work:
            work.outbox.add(
                [
                    NewMt(Address("sms", PHONE), "o2", lane, "test", words, 1, now, rank=rank)
                    for rank, words in enumerate(texts)
                ]
            )
            work.wake("crs_outbox")

    async def lose(self, smsc: Smsc) -> None:
        """Nobody can bind there any more."""
        smsc.behaviour = replace(smsc.behaviour, binds_refused=True)
        smsc.drop()

    async def until(self, query: str, expected: list[tuple[object, ...]]) -> None:
        def ask() -> list[tuple[object, ...]]:
            with self.store.begin() as work:
                return [tuple(row) for row in work.db.execute(text(query))]

        seen: list[tuple[object, ...]] = []
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while (seen := await asyncio.to_thread(ask)) != expected:
                    pass
        except TimeoutError:
            pytest.fail(f"{query}: {seen}, not {expected}")


@pytest.fixture
def house(database: str, redis_url: str, tmp_path: Path):
    @asynccontextmanager
    async def start(
        o2: Behaviour = Behaviour(),  # noqa: B008
        tm: Behaviour = Behaviour(),  # noqa: B008
        *,
        rate: int = 500,
    ) -> AsyncIterator[House]:
        async with AsyncExitStack() as centres:
            here = House(
                *[
                    await centres.enter_async_context(Smsc(chance=random.Random(7), behaviour=behaviour))
                    for behaviour in (o2, tm)
                ]
            )
            (tmp_path / "crs.toml").write_text(
                operator("o2", here.o2.port, segments_per_second=500)
                + 'carriers = ["O2"]\n'
                + operator("tm", here.tm.port, segments_per_second=rate),
                "utf-8",
            )
            environ = {
                "CRS_DATABASE_URL": database,
                "CRS_REDIS_URL": redis_url,
                "CRS_SECRETS_KEY": new_key(),
                "CRS_SMS_SENDING_HOURS": "00:00, 23:59:59.999",
            }
            app = App(settings=read(tmp_path / "crs.toml", environ))
            with app.store() as here.store:
                here.gateway = Gateway(app, here.store, redis_url, clock=here.clock)
                working = asyncio.ensure_future(here.gateway.run())
                try:
                    await asyncio.gather(here.o2.bound(), here.tm.bound())
                    yield here
                finally:
                    await end({working})
                    await asyncio.get_running_loop().shutdown_default_executor()

    return start


def texts(smsc: Smsc) -> list[str]:
    return [mt.text for mt in smsc.submitted]


async def test_what_waits_for_an_operator_that_is_down_goes_by_another_in_order(house):
    async with house() as here:
        await here.lose(here.o2)
        here.queue(*(f"pozvanka {n}" for n in range(50)))
        here.queue("odpoved", lane=Lane.ANSWER)
        here.ahead = timedelta(seconds=40)
        await here.until(
            "SELECT state, operator, count(*) FROM outbox GROUP BY 1, 2", [("delivered", "tm", 51)]
        )
        assert texts(here.tm) == ["odpoved", *(f"pozvanka {n}" for n in range(50))]
        assert here.o2.submitted == []


async def test_for_a_short_time_it_is_waited_for(house):
    async with house() as here:
        await here.lose(here.o2)
        here.queue("a")
        here.ahead = timedelta(seconds=10)
        here.o2.behaviour = Behaviour()
        await here.until("SELECT state, operator FROM outbox", [("delivered", "o2")])
        assert here.tm.submitted == []


async def test_when_it_is_back_the_rest_goes_home_and_nothing_is_lost_or_doubled(house):
    async with house(rate=100) as here:
        await here.lose(here.o2)
        here.queue(*(f"{n}" for n in range(2_000)))
        here.ahead = timedelta(seconds=40)
        await here.tm.taken(20)
        here.o2.behaviour = Behaviour()
        await here.until("SELECT state, count(*) FROM outbox GROUP BY 1", [("delivered", 2_000)])
        by_tm, by_o2 = ([int(words) for words in texts(smsc)] for smsc in (here.tm, here.o2))
        assert by_tm == sorted(by_tm)
        assert by_o2 == sorted(by_o2)
        assert by_o2, "some of it came home"
        assert sorted(by_tm + by_o2) == list(range(2_000))


REFUSED = Behaviour(refused_destinations=frozenset({PHONE}))
UNKNOWN = Behaviour(unknown_subscribers=frozenset({PHONE}))
AS_A_NUMBER = replace(UNKNOWN, unknown_subscriber_error="1")  # as network_error_code has it


@pytest.mark.parametrize(
    ("behaviour", "source"),
    [
        pytest.param(REFUSED, "refusal", id="at once"),
        pytest.param(UNKNOWN, "receipt", id="by a receipt"),
        pytest.param(AS_A_NUMBER, "receipt", id="by a receipt with a number"),
    ],
)
async def test_a_number_that_is_not_its_own_is_tried_elsewhere_and_remembered(house, behaviour, source):
    async with house(o2=behaviour) as here:
        here.queue("a")
        await here.until("SELECT state, operator, attempt FROM outbox", [("delivered", "tm", 2)])
        await here.until("SELECT operator, learned_from FROM unserved", [("o2", source)])
        await here.until("SELECT operator, learned_from FROM routes", [("tm", "receipt")])


async def test_a_number_that_everybody_refuses_is_tried_once_with_each(house):
    async with house(o2=REFUSED, tm=UNKNOWN) as here:
        here.queue("a")
        await here.until("SELECT state, attempt FROM outbox", [("failed", 2)])
        await here.until("SELECT operator FROM unserved ORDER BY 1", [("o2",), ("tm",)])


async def test_an_answer_goes_by_another_road_when_nobody_is_bound_to_its_own(house):
    async with house() as here:
        await here.lose(here.o2)
        here.ahead = timedelta(seconds=40)
        here.queue("a")
        await here.until("SELECT state, operator FROM outbox", [("delivered", "tm")])
        with here.store.begin() as work:
            work.inbox.add([NewMo(Address("sms", PHONE), "o2", "Dobrý den", here.clock())])
            work.wake("crs_inbox")
        await here.until(
            "SELECT purpose, operator, home FROM outbox ORDER BY mt_id",
            [("test", "tm", "o2"), ("answer", "tm", None)],
        )


async def measured(here: House) -> dict[str, dict[tuple[str, ...], float]]:
    metrics = await here.gateway.metrics()
    assert all(LINE.fullmatch(line) for line in exposition(metrics).splitlines())
    return {
        metric.name: {tuple(value for _, value in labels): each for labels, each in metric.values.items()}
        for metric in metrics
    }


async def test_the_metrics_say_how_the_operators_are_and_what_waits_for_them(house):
    async with house(tm=Behaviour(segments_per_second=3), rate=5) as here:
        await here.lose(here.o2)
        here.queue(*(f"pozvanka {n}" for n in range(40)))
        here.ahead = timedelta(seconds=40)
        await here.tm.taken(4)
        async with asyncio.timeout(WITHIN_SECONDS):
            while (seen := await measured(here))["crs_throttled_total"][("tm",)] == 0:
                pass
    assert seen["crs_operator_up"] == {("o2",): False, ("tm",): True}
    assert seen["crs_bound"] == {("o2",): False, ("tm",): True}
    assert seen["crs_operator_weight"] == {("o2",): 1, ("tm",): 1}
    assert seen["crs_capacity_share"][("o2",)] == 1
    assert seen["crs_capacity_share"][("tm",)] < 1
    assert 0 < seen["crs_segments_last_second"][("tm",)] <= 5
    assert 0 < seen["crs_mts_moved"][("tm",)] <= seen["crs_segments_queued"][("tm", "invitation")] < 40
    assert 40 <= seen["crs_queue_oldest_seconds"][("invitation",)] < 60
    assert seen["crs_mts_blocked"] == {(): 0}
    assert seen["crs_mts_given_up"] == {}
