"""What an operator's centre may do to us, and what is lost or doubled by it."""

import asyncio

import pytest
from sqlalchemy import text

from core.messages import Lane
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.codes import Status
from tests.counting import Counted, count_mts

HANDED_OVER = "SELECT count(*) FROM outbox WHERE state IN ('sent', 'delivered')"
UNANSWERED = "SELECT count(*) FROM outbox WHERE state = 'unanswered'"
WINDOW = 10
LONG = "Příliš žluťoučký kůň úpěl ďábelské ódy. " * 5


async def test_a_connection_cut_in_mid_window_sends_the_unanswered_answers_once_more(gateway):
    async with gateway(Behaviour(answers_held=True), window=WINDOW) as running:
        running.queue("zprava ", count=30)
        await running.smsc.taken(WINDOW)
        running.smsc.behaviour = Behaviour()
        running.smsc.drop()
        await running.until(HANDED_OVER, [(30 - WINDOW,)])
        running.let_pass()
        await running.until(HANDED_OVER, [(30,)])
        assert count_mts(running.store, running.smsc.submitted) == Counted(0, WINDOW, in_doubt=WINDOW)


async def test_a_connection_cut_in_mid_window_never_sends_an_invitation_twice(gateway):
    async with gateway(Behaviour(answers_held=True), window=WINDOW) as running:
        running.queue("pozvanka ", count=30, lane=Lane.INVITATION)
        await running.smsc.taken(WINDOW)
        running.smsc.behaviour = Behaviour()
        running.smsc.drop()
        await running.until(HANDED_OVER, [(30 - WINDOW,)])
        running.let_pass()
        assert running.ask(UNANSWERED) == [(WINDOW,)]
        assert count_mts(running.store, running.smsc.submitted) == Counted(0, 0, in_doubt=WINDOW)


async def test_an_answer_that_comes_too_late_is_no_answer_and_misleads_nobody(gateway):
    async with gateway(Behaviour(answers_held=True), answers_within_seconds=1) as running:
        running.queue("zprava ", count=5)
        await running.until(UNANSWERED, [(5,)])
        running.smsc.behaviour = Behaviour()
        running.smsc.release()
        running.let_pass()
        await running.until(
            "SELECT state, attempt, count(*) FROM outbox GROUP BY 1, 2",
            [("delivered", 2, 5)],
        )
        assert count_mts(running.store, running.smsc.submitted) == Counted(0, 5, in_doubt=5)


@pytest.mark.parametrize("busy", [Status.THROTTLED, Status.MESSAGE_QUEUE_FULL])
async def test_what_a_busy_centre_refuses_goes_again_and_none_twice(gateway, busy):
    async with gateway(Behaviour(segments_per_second=20, busy=busy), segments_per_second=30) as running:
        running.queue("zprava ", count=40)
        await running.until(HANDED_OVER, [(40,)])
        assert count_mts(running.store, running.smsc.submitted) == Counted(0, 0, in_doubt=0)
        assert running.ask("SELECT count(*) > 40 FROM attempts") == [(True,)], "it did refuse"


async def test_doubled_receipts_count_once_and_lost_ones_leave_it_sent(gateway):
    async with gateway(Behaviour(receipts_doubled=0.5, receipts_lost=0.3)) as running:
        running.queue("zprava ", count=40)
        await running.smsc.taken(40)
        reported = len(set(running.smsc.reported))
        assert reported < 40 < len(running.smsc.reported) + 10, "some are lost, some come twice"
        await running.until(
            "SELECT state, count(*) FROM outbox GROUP BY 1 ORDER BY 1",
            [("delivered", reported), ("sent", 40 - reported)],
        )
        await running.until("SELECT count(*) FROM early_receipts", [(0,)])
        assert count_mts(running.store, running.smsc.submitted) == Counted(0, 0, in_doubt=0)


async def test_parts_of_long_mos_in_any_order_and_once_more_are_one_message_each(gateway):
    said = {f"+42060300{n:04}": f"{n} {LONG}" for n in range(20)}
    async with gateway(Behaviour(parts_reordered=True)) as running:
        delivering = [
            asyncio.ensure_future(running.smsc.deliver(phone, "1221", words, f"m{n}"))
            for n, (phone, words) in enumerate(said.items())
        ]
        await running.until("SELECT count(*) > 0 FROM mo_parts", [(True,)])
        running.smsc.drop()
        assert set(await asyncio.gather(*delivering)) == {Status.OK}
        await running.until("SELECT count(*), count(done_at) FROM inbox", [(20, 20)])
        with running.store.begin() as work:
            kept = {
                row.address: work.vault.open(row.text_sealed)
                for row in work.db.execute(text("SELECT address, text_sealed FROM inbox"))
            }
        assert kept == said
        await running.until("SELECT count(*), count(DISTINCT mo_id) FROM outbox", [(20, 20)])
