"""The gateway between a real SMSC and real servers: what goes in, what comes out, what became of it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import NoneType

import pytest
from sqlalchemy.exc import OperationalError

from core.messages import Lane
from gateway.errors import NotNow
from gateway.grouping import Grouped
from gateway.serve import end
from gateway.smpp.behaviour import Behaviour, IdStyle, ReceiptForm
from tests.running import PHONE, WITHIN_SECONDS, running


@pytest.fixture
def run(database: str, redis_url: str, tmp_path: Path):
    def start(behaviour: Behaviour = Behaviour(), *, rate: int = 500):  # noqa: B008
        return running(database, redis_url, tmp_path, behaviour, segments_per_second=rate)

    return start


async def test_an_mo_is_answered_and_its_receipt_makes_the_answer_delivered(run):
    async with run() as running:
        assert await running.smsc.deliver(PHONE, "1221", "Dobrý den") == 0
        answer = (await running.smsc.taken(1))[0]
        assert answer.destination == PHONE
        assert "registrace" in answer.text
        await running.until("SELECT state FROM outbox", [("delivered",)])


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(Behaviour(receipts_before_answer=1.0), id="early"),
        pytest.param(Behaviour(receipts_doubled=1.0), id="doubled"),
        pytest.param(Behaviour(receipt_form=ReceiptForm.TEXT), id="as text"),
        pytest.param(
            Behaviour(answer_ids=IdStyle.HEX, receipt_ids=IdStyle.PADDED_DECIMAL),
            id="hex answered, decimal reported",
        ),
    ],
)
async def test_receipts_of_every_kind_find_their_mt(run, behaviour):
    async with run(behaviour) as running:
        running.queue("zpráva ", count=20, segments=1)
        await running.until("SELECT state, count(*) FROM outbox GROUP BY state", [("delivered", 20)])


async def test_a_lost_receipt_leaves_the_mt_sent(run):
    async with run(Behaviour(receipts_lost=1.0)) as running:
        running.queue("zprava ")
        await running.until("SELECT state FROM outbox", [("sent",)])


async def test_a_long_mt_is_delivered_when_all_its_parts_are(run):
    async with run() as running:
        running.queue("a" * 400, segments=3)
        parts = await running.smsc.taken(3)
        assert [part.part.number for part in parts if part.part] == [1, 2, 3]
        assert "".join(part.text for part in parts) == "a" * 400 + "0"
        await running.until("SELECT state FROM outbox", [("delivered",)])


async def test_a_long_mo_in_any_order_is_one_message(run):
    async with run(Behaviour(parts_reordered=True)) as running:
        await running.smsc.deliver(PHONE, "1221", "Příliš žluťoučký kůň úpěl ďábelské ódy. " * 5, "m1")
        await running.until("SELECT count(*), count(done_at) FROM inbox", [(1, 1)])


async def test_what_the_operator_refuses_for_good_is_not_tried_again(run):
    async with run(Behaviour(refused_destinations=frozenset({PHONE}))) as running:
        running.queue("zprava ")
        await running.until("SELECT state, attempt FROM outbox", [("failed", 1)])


async def test_a_throttled_mt_goes_again_and_none_is_doubled(run):
    async with run(Behaviour(segments_per_second=8), rate=12) as running:
        running.queue("zprava ", count=25)
        await running.until("SELECT state, count(*) FROM outbox GROUP BY state", [("delivered", 25)])
        assert set(Counter(mt.text for mt in running.smsc.submitted).values()) == {1}


async def test_an_answer_overtakes_a_bulk_of_invitations(run):
    async with run(rate=20) as running:
        running.queue("pozvanka ", count=200, lane=Lane.INVITATION)
        await running.smsc.taken(5)
        before = len(running.smsc.submitted)
        await running.smsc.deliver(PHONE, "1221", "STAV")
        async with asyncio.timeout(WITHIN_SECONDS):
            while not any("pozvanka" not in mt.text for mt in running.smsc.submitted):
                await running.smsc.taken(len(running.smsc.submitted) + 1)
        position = next(n for n, mt in enumerate(running.smsc.submitted) if "pozvanka" not in mt.text)
        assert position - before <= 20, "within a second's worth of segments"


async def test_invitations_leave_in_the_planners_order(run):
    async with run(rate=100) as running:
        running.queue("pozvanka ", count=60, lane=Lane.INVITATION)
        texts = [mt.text for mt in await running.smsc.taken(60)]
        assert texts == [f"pozvanka {n}" for n in range(60)]


async def test_the_smsc_may_cut_the_connection_and_nothing_is_lost(run):
    async with run(rate=200) as running:
        running.queue("zprava ", count=100)
        await running.smsc.taken(20)
        running.smsc.drop()
        await running.smsc.bound()
        await running.until("SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed')", [(0,)])
        assert {mt.text for mt in running.smsc.submitted} == {f"zprava {n}" for n in range(100)}


async def test_what_cannot_be_kept_is_not_acknowledged():
    def fail(_: object) -> None:
        raise OSError

    group: Grouped[int] = Grouped("test", fail)
    running = asyncio.ensure_future(group.run())
    with pytest.raises(NotNow):
        await group.keep(1)
    await end({running})


async def test_one_bad_item_harms_no_other_of_its_group():
    kept: list[int] = []

    def write(items: Sequence[int]) -> None:
        if 3 in items:
            raise ValueError
        kept.extend(items)

    group: Grouped[int] = Grouped("test", write)
    waiting = [asyncio.ensure_future(group.keep(n)) for n in range(5)]
    running = asyncio.ensure_future(group.run())
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NoneType, NoneType, NoneType, NotNow, NoneType]
    assert kept == [0, 1, 2, 4]
    await end({running})


async def test_a_database_that_is_away_is_not_asked_once_for_each_item():
    asked: list[int] = []

    def write(items: Sequence[int]) -> None:
        asked.append(len(items))
        raise OperationalError("SELECT 1", None, ConnectionError())

    group: Grouped[int] = Grouped("test", write)
    waiting = [asyncio.ensure_future(group.keep(n)) for n in range(5)]
    running = asyncio.ensure_future(group.run())
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NotNow}
    assert asked == [5]
    await end({running})


async def test_a_group_is_kept_in_one_write_while_another_is_written():
    written: list[int] = []
    group: Grouped[int] = Grouped("test", lambda items: written.append(len(items)))
    waiting = [asyncio.ensure_future(group.keep(n)) for n in range(100)]
    running = asyncio.ensure_future(group.run())
    await asyncio.gather(*waiting)
    assert written == [100]
    await end({running})
