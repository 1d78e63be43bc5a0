"""An answer under a bulk of invitations, counted in segments: no clock decides."""

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.messages import Address, Lane, NewMt
from core.sending_hours import SendingHours
from core.store.work import Store
from gateway.capacity import Lease, OperatorRate
from gateway.channels.sms import SmsCarrier
from gateway.sender import CLAIM_SECONDS, Sender
from gateway.serve import end
from gateway.smpp.coding import Part

NOON = datetime(2021, 1, 22, 11, tzinfo=UTC)
SEGMENTS_PER_SECOND = 20
INVITATIONS = 5_000


class Wire:
    """A bind and its pace: a segment leaves when the test lets it."""

    def __init__(self) -> None:
        self.is_bound = True
        self.taken: list[str] = []  # the numbers that a segment left for
        self._moments = asyncio.Semaphore(0)
        self._left = asyncio.Event()

    async def reserve(
        self,
        operator: OperatorRate,
        segments: int,
        at_most: timedelta,
        *,
        instead_of: Lease | None = None,
        patience: timedelta = timedelta(0),
    ) -> Lease:
        await self._moments.acquire()
        return Lease((time.monotonic(),), 60.0, (0,))

    async def give_back(self, operator: OperatorRate, lease: Lease) -> None:
        """Nothing is left over here."""

    async def submit(
        self, part: Part, source: str, destination: str, *, validity: timedelta | None = None
    ) -> str:
        self.taken.append(destination)
        self._left.set()
        return str(len(self.taken))

    async def let_one_leave(self) -> str:
        self._left.clear()
        self._moments.release()
        async with asyncio.timeout(20):
            await self._left.wait()
        return self.taken[-1]


def mt(number: int, lane: Lane) -> NewMt:
    address = Address("sms", f"+42060{lane.value}{number:06}")
    return NewMt(address, "o2", lane, lane.name.lower(), "Ano.", 1, NOON, rank=number)


async def test_no_more_segments_leave_before_an_answer_than_are_claimed_at_once(store: Store):
    """Five thousand invitations wait; each answer comes when another number of a claim has left."""
    wire = Wire()
    sender = Sender(
        store,
        SmsCarrier(wire, source="1221"),
        OperatorRate("o2", SEGMENTS_PER_SECOND),
        wire,
        by="test",
        clock=lambda: NOON,
        hours=SendingHours({}, ZoneInfo("Europe/Prague")),
        safe_rate=1,
        window=100,
    )
    with store.begin() as work:
        work.outbox.add([mt(n, Lane.INVITATION) for n in range(INVITATIONS)])
    sending = asyncio.ensure_future(sender.run())
    waited = []
    try:
        for n in range(12):
            await wire.let_one_leave()
            answer = mt(n, Lane.ANSWER)
            with store.begin() as work:
                work.outbox.add([answer])
            before = len(wire.taken)
            while await wire.let_one_leave() != answer.address.number:
                pass
            waited.append(len(wire.taken) - before)
    finally:
        await end({sending})
        await asyncio.get_running_loop().shutdown_default_executor()
    assert max(waited) <= math.ceil(SEGMENTS_PER_SECOND * CLAIM_SECONDS) + 1
    invited = [number for number in wire.taken if number.startswith("+420602")]
    assert invited == sorted(invited), "the planner's order is kept"
