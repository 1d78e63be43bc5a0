"""The sender on a real PostgreSQL, before a bind and a Redis that do what a test tells them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from core.messages import Address, Lane, NewMt
from core.sending_hours import SendingHours
from core.store.work import Store
from gateway.capacity import CapacityGone, Lease, OperatorRate
from gateway.channels.sms import SmsCarrier
from gateway.errors import NotConnected, Throttled
from gateway.sender import Sender
from gateway.serve import end
from gateway.smpp.coding import Part, decode, split_udh

NOON = datetime(2021, 1, 22, 11, tzinfo=UTC)
NIGHT = datetime(2021, 1, 22, 22, tzinfo=UTC)
LONG = "a" * 400


class Bind:
    """Takes what it is given, but for what `errors` says first; `answers` holds answers back."""

    def __init__(self) -> None:
        self.is_bound = True
        self.taken: list[tuple[int, str]] = []  # number of the part, text
        self.validities: list[timedelta | None] = []
        self.errors: list[Exception | None] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.waiting = self.most_waiting = 0
        self._news = asyncio.Event()

    async def submit(
        self, part: Part, source: str, destination: str, *, validity: timedelta | None = None
    ) -> str:
        self.validities.append(validity)
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            self._news.set()
            if self.errors and (error := self.errors.pop(0)):
                raise error
            payload, of = split_udh(part.payload, part.esm_class)
            self.taken.append((of.number if of else 1, decode(payload, part.data_coding)))
            number = len(self.taken)
            await self.answers.wait()
        finally:
            self.waiting -= 1
        return str(number)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():
                self._news.clear()
                await self._news.wait()


class Redis:
    """A pace without a limit, as long as it is there."""

    def __init__(self) -> None:
        self.is_gone = False
        self.started_over = 0
        self.slowed_down = 0

    def _ask(self) -> None:
        if self.is_gone:
            raise CapacityGone("Redis: gone")

    async def reserve(self, operator, segments, at_most, *, instead_of=None, patience=timedelta(0)) -> Lease:
        self._ask()
        return Lease((time.monotonic(),), 60.0, (0,))

    async def give_back(self, operator, lease) -> None:
        self._ask()

    async def slow_down(self, operator) -> float:
        self._ask()
        self.slowed_down += 1
        return 0.7

    async def start_over(self, operator) -> None:
        self._ask()
        self.started_over += 1


class Desk:
    """The queue of one operator, and the sender that works it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.bind = Bind()
        self.redis = Redis()
        self.now = NOON
        self.sender: Sender

    def queue(
        self,
        *texts: str,
        lane: Lane = Lane.ANSWER,
        segments: int = 1,
        valid_until: datetime | None = None,
    ) -> None:
        address = Address("sms", "+420601000001")
        with self.store.begin() as work:
            work.outbox.add(
                [
                    NewMt(address, "o2", lane, "answer", t, segments, NOON, valid_until=valid_until)
                    for t in texts
                ]
            )

    @asynccontextmanager
    async def sending(self, window: int = 10) -> AsyncIterator[None]:
        self.sender = Sender(
            self.store,
            SmsCarrier(self.bind, source="1221"),
            OperatorRate("o2", 100),
            self.redis,
            by="test",
            clock=lambda: self.now,
            hours=SendingHours(
                {Lane.INVITATION: (time_of_day(8), time_of_day(20))}, ZoneInfo("Europe/Prague")
            ),
            safe_rate=100,
            window=window,
        )
        running = asyncio.ensure_future(self.sender.run())
        try:
            yield
        finally:
            await end({running})
        if not running.cancelled():
            running.result()

    def states(self) -> list[tuple[str, int]]:
        with self.store.begin() as work:
            rows = work.db.execute(text("SELECT state, attempt FROM outbox ORDER BY mt_id"))
            return [(str(row.state), int(row.attempt)) for row in rows]

    async def until(self, expected: list[tuple[str, int]]) -> None:
        seen = None
        try:
            async with asyncio.timeout(20):
                while (seen := await asyncio.to_thread(self.states)) != expected:
                    pass
        except TimeoutError:
            pytest.fail(f"{seen}, not {expected}")


@pytest.fixture
async def desk(store: Store):
    yield Desk(store)
    await asyncio.get_running_loop().shutdown_default_executor()


async def test_what_did_not_leave_for_want_of_a_bind_goes_again(desk):
    desk.bind.errors = [NotConnected()]
    desk.queue("a")
    async with desk.sending():
        await desk.until([("sent", 2)])


async def test_a_throttled_long_mt_goes_on_where_it_was(desk):
    desk.bind.errors = [None, Throttled(timedelta(0)), None]
    desk.queue(LONG, segments=3)
    async with desk.sending():
        await desk.until([("sent", 1)])
    assert [number for number, _ in desk.bind.taken] == [1, 2, 3]
    assert desk.redis.slowed_down == 1


async def test_an_mt_that_cannot_be_written_harms_no_other(desk):
    desk.queue("a" * 153 * 256, "b", segments=1)
    async with desk.sending():
        await desk.until([("failed", 1), ("sent", 1)])


async def test_no_more_wait_for_an_answer_than_the_window_and_none_waits_for_a_slot_with_its_moment(desk):
    desk.bind.answers.clear()
    desk.queue(*"abcdefghij")
    async with desk.sending(window=3):
        await desk.bind.until(lambda: desk.bind.waiting == 3)
        desk.bind.answers.set()
        await desk.until([("sent", 1)] * 10)
    assert desk.bind.most_waiting == 3
    assert [words for _, words in desk.bind.taken] == list("abcdefghij")


async def test_what_nobody_asked_for_waits_for_the_morning(desk):
    desk.now = NIGHT
    desk.queue("pozvanka", lane=Lane.INVITATION)
    desk.queue("odpoved")
    async with desk.sending():
        await desk.until([("queued", 0), ("sent", 1)])
        desk.now = NOON
        await desk.until([("sent", 1), ("sent", 1)])


async def test_an_mt_is_valid_no_longer_than_it_is_true(desk):
    desk.queue("a", valid_until=NOON + timedelta(minutes=10))
    async with desk.sending():
        await desk.until([("sent", 1)])
    assert desk.bind.validities == [timedelta(minutes=9, seconds=59)], "a second for the way"


async def test_an_mt_that_ceases_to_be_true_in_our_hands_is_never_handed_over(desk):
    desk.bind.answers.clear()
    desk.queue("a")
    desk.queue("b", "c", valid_until=NOON + timedelta(minutes=10))
    async with desk.sending(window=1):
        await desk.bind.until(lambda: desk.bind.waiting == 1)
        desk.now = NOON + timedelta(minutes=10)
        desk.bind.answers.set()
        await desk.until([("sent", 1), ("expired", 1), ("expired", 1)])
    assert [words for _, words in desk.bind.taken] == ["a"]


async def test_without_redis_only_answers_leave_and_when_it_is_back_the_rest_follows(desk):
    desk.redis.is_gone = True
    desk.queue("odpoved")
    desk.queue("pozvanka", lane=Lane.INVITATION)
    async with desk.sending():
        await desk.bind.until(lambda: len(desk.bind.taken) == 1)
        assert desk.bind.taken == [(1, "odpoved")]
        desk.redis.is_gone = False
        await desk.bind.until(lambda: len(desk.bind.taken) == 2)
    assert desk.redis.started_over == 1, "what left meanwhile is not in its account"


async def test_redis_going_away_while_nothing_waits_ends_nothing(desk):
    desk.queue("a")
    async with desk.sending():
        await desk.until([("sent", 1)])
        desk.redis.is_gone = True
        desk.queue("b")
        await desk.until([("sent", 1), ("sent", 1)])


async def test_a_clean_stop_settles_what_was_answered_and_gives_back_what_had_not_left(desk):
    """An invitation whose claim were left behind would be in doubt, and never go again."""
    desk.bind.answers.clear()
    desk.queue("a", "b", "c", lane=Lane.INVITATION)
    async with desk.sending(window=2):
        await desk.bind.until(lambda: desk.bind.waiting == 2)
        asyncio.get_running_loop().call_later(0.2, desk.bind.answers.set)
    assert desk.states() == [("sent", 1), ("sent", 1), ("queued", 1)]


async def test_a_clean_stop_leaves_in_doubt_what_is_never_answered(desk):
    desk.bind.answers.clear()
    desk.queue("a")
    async with desk.sending():
        await desk.bind.until(lambda: desk.bind.waiting == 1)
    assert desk.states() == [("unanswered", 1)]
