"""The gateway process: channels, intake, turns, senders and the web, started and stopped together."""

import asyncio
import os
import secrets
import socket
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from aiohttp import web
from redis.asyncio import Redis
from sqlalchemy import make_url

from core.store.work import INBOX_CHANNEL, OUTBOX_CHANNEL, Store
from core.unanswered import PATIENCE
from gateway.capacity import Capacity, CapacityGone
from gateway.channels.channel import House, Out
from gateway.channels.opening import open_channels
from gateway.clock import utc_now
from gateway.compose import App
from gateway.gauges import Gauges
from gateway.grouping import Grouped
from gateway.intake import FromChat, FromOperator, Intake
from gateway.metrics import Metric, pages
from gateway.sender import LOOK_EVERY_SECONDS, Sender, set_within
from gateway.turns.backlog import Backlog
from gateway.turns.runner import TurnRunner
from gateway.watch import Promptness, Watch
from gateway.web.scheduling import SchedulingLinks
from gateway.web.visitor import Front

log = structlog.get_logger()

RUNNERS = 2  # threads that take turns: one computes while the other commits
TEND_EVERY_SECONDS = 5.0
LEAVE_WITHIN_SECONDS = 3.0
CLOSE_WITHIN_SECONDS = 2.0
CONNECTIONS = 16


class Gateway:
    """Everything that one process runs; `run` ends when cancelled, and leaves nothing half done."""

    def __init__(
        self, app: App, store: Store, redis_url: str, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        settings = app.settings
        self._store = store
        self._clock = clock
        self._by = f"{_here()} {os.getpid()} {secrets.token_hex(4)}"
        self._redis = Redis.from_url(redis_url)
        backlog = Backlog({o.name: o.segments_per_second for o in settings.operators})
        self._promptness: defaultdict[str, Promptness] = defaultdict(Promptness)
        self._watch = Watch(store, app.operators, self._is_bound, self._promptness, clock=clock)
        self._runner = TurnRunner(
            store, app.library, app.world, backlog=backlog, operators=lambda: self._watch.operators
        )
        self._intake = Intake(store, country=settings.sms.country, clock=clock, roads=app.roads)
        self._mos: Grouped[FromOperator] = Grouped("MOs", self._keep_mos)
        self._chat_mos: Grouped[FromChat] = Grouped("chat MOs", self._keep_chat_mos)
        self._receipts = Grouped("receipts", self._intake.keep_receipts)
        self.turns_due = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.capacity = Capacity(self._redis)
        self.channels = open_channels(
            House(
                settings,
                store,
                app.library,
                self._runner,
                app.roads,
                mos=self._mos,
                chat_mos=self._chat_mos,
                receipts=self._receipts,
                clock=clock,
            )
        )
        self._senders = [self._sender(app, channel.out) for channel in self.channels if channel.out]

    def _sender(self, app: App, out: Out) -> Sender[Any]:
        return Sender(
            self._store,
            out.carrier,
            out.rate,
            self.capacity,
            by=self._by,
            clock=self._clock,
            hours=app.sending_hours,
            safe_rate=app.settings.sms.safe_segments_per_second,
            window=out.window,
            roads=out.roads,
            promptness=self._promptness[out.rate.name],
        )

    def _is_bound(self, name: str) -> bool:
        return any(sender.is_bound for sender in self._senders if sender.operator.name == name)

    def _keep_mos(self, group: Sequence[FromOperator]) -> None:
        self._intake.keep_mos(group)
        self._loop.call_soon_threadsafe(self.turns_due.set)

    def _keep_chat_mos(self, group: Sequence[FromChat]) -> None:
        self._intake.keep_chat_mos(group)
        self._loop.call_soon_threadsafe(self.turns_due.set)

    async def run(self) -> None:
        """Work until cancelled, then leave in order: answers awaited, claims settled, unbound."""
        for sender in self._senders:
            with suppress(CapacityGone):
                await self.capacity.prepare(sender.operator)
        sending = [asyncio.ensure_future(sender.run()) for sender in self._senders]
        working = asyncio.ensure_future(self._work(sending))
        try:
            await asyncio.shield(working)
        finally:
            try:
                await self._leave(sending)
            finally:
                await end({working, *sending})
                await self._redis.aclose()

    async def _work(self, sending: Sequence[asyncio.Future[None]]) -> None:
        """Everything of this process; whatever breaks, ends it."""
        async with asyncio.TaskGroup() as tasks:
            for kept in (self._mos, self._chat_mos, self._receipts):
                tasks.create_task(kept.run())
            for work in (self._listen, self._tend, self._watch.run):
                tasks.create_task(work())
            for _ in range(RUNNERS):
                tasks.create_task(self._take_turns())
            for channel in self.channels:
                tasks.create_task(channel.run())
            for sender in sending:
                tasks.create_task(_result(sender))

    async def _leave(self, sending: Sequence[asyncio.Future[None]]) -> None:
        """Settle every claim, then let the channels finish what they are keeping."""
        for sender in sending:
            sender.cancel()
        if sending:
            await asyncio.wait(sending, timeout=LEAVE_WITHIN_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_SECONDS):
                await asyncio.gather(*(channel.close() for channel in self.channels))
        await _or_later(asyncio.to_thread(self._runner.write_counts), "counts")

    async def _take_turns(self) -> None:
        while True:
            answered = await _or_later(asyncio.to_thread(self._runner.run_batch, self._clock()), "turns")
            if answered:
                for sender in self._senders:
                    sender.news.set()
                continue
            await set_within(self.turns_due, LOOK_EVERY_SECONDS)
            self.turns_due.clear()

    async def metrics(self) -> list[Metric]:
        """What waits, and how the operators are."""
        gauges = Gauges(self._store, self.capacity, self._senders, self._promptness, self._watch)
        return await gauges.read(self._clock())

    async def _listen(self) -> None:
        """Hear at once what other processes committed; the slow looks find it all the same."""
        url = make_url(self._store.engine.url).set(drivername="postgresql")
        while True:
            with suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(
                    url.render_as_string(hide_password=False), autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {INBOX_CHANNEL}")
                    await connection.execute(f"LISTEN {OUTBOX_CHANNEL}")
                    async for notification in connection.notifies():
                        self._wake(notification.channel)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _wake(self, channel: str) -> None:
        if channel == INBOX_CHANNEL:
            self.turns_due.set()
        for sender in self._senders:
            sender.news.set()

    async def _tend(self) -> None:
        """What a dead process left in doubt, and long MOs whose rest never came."""
        while True:
            await _or_later(asyncio.to_thread(self._tend_once), "tending")
            await asyncio.sleep(TEND_EVERY_SECONDS)

    def _tend_once(self) -> None:
        now = self._clock()
        with self._store.begin() as work:
            dead = {by for by in work.outbox.claimants() if by != self._by and _is_dead(by)}
            given_up = work.outbox.doubt_claims_of(dead, PATIENCE, now=now)
            found = work.outbox.reconcile(PATIENCE, now=now)
            if given_up or found.resent:
                work.wake(OUTBOX_CHANNEL)
        self._intake.tend()
        self._runner.write_counts()


def _here() -> str:
    """Where process ids mean the same: this machine, and in it this container."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _is_dead(claimant: str) -> bool:
    """A process of ours, here, that is no more; of another machine's we cannot know."""
    match claimant.split():
        case [here, pid, _] if here == _here() and pid.isdecimal():
            return int(pid) == os.getpid() or not _lives(int(pid))
        case _:
            return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


async def _result(task: asyncio.Future[None]) -> None:
    """What breaks in a task breaks here too; its end by cancellation is no failure."""
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def _or_later(work: Awaitable[int | None], name: str) -> int | None:
    """The result, or None when the database is away: everything waits there and is looked for again."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  a process's main loop outlives its database
        log.warning("gateway.not_now", work=name, error=type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        return None


async def serve(app: App, store: Store, redis_url: str, stop: asyncio.Event) -> None:
    """Run the gateway and its web page until `stop` is set."""
    gateway = Gateway(app, store, redis_url)
    application = pages(gateway.metrics)
    for channel in gateway.channels:
        application.router.add_routes(channel.routes)
    if app.settings.open_data.scheduling_links:
        application.router.add_routes(_scheduling_links(app, store).routes)
    # An update that is not durable yet when we leave is not answered, and comes again.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=LEAVE_WITHIN_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, app.settings.web.host, app.settings.web.port).start()
    working = asyncio.ensure_future(gateway.run())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await end({working})
        await runner.cleanup()
    if not working.cancelled():
        working.result()


def _scheduling_links(app: App, store: Store) -> SchedulingLinks:
    return SchedulingLinks(
        lambda now: app.free_dates(store, now),
        Front(app.settings.web.behind_proxy),
        utc_now,
        public_url=app.settings.open_data.public_url,
    )


async def end(running: Collection[asyncio.Future[None]]) -> None:
    """Cancel until everything has ended: a client library may swallow one cancellation."""
    while left := {each for each in running if not each.done()}:
        for each in left:
            each.cancel()
        await asyncio.wait(left, timeout=LEAVE_WITHIN_SECONDS)
