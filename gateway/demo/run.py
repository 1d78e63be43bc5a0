"""Everything in one process tree, from the databases to the phone in the browser."""

import asyncio
import random
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from core.calendars.calendar import PRAGUE
from core.store.figures import FigureBook
from core.store.work import Store
from gateway.channels.loopback import Loopback
from gateway.channels.voice import open_sounds
from gateway.clock import utc_now
from gateway.compose import DATA, App
from gateway.demo.operator import NAME, SEGMENTS_PER_SECOND, DemoOperator
from gateway.demo.people import Census, Person
from gateway.demo.world import HOME, populate
from gateway.serve import CONNECTIONS, Gateway, end
from gateway.settings import EMBEDDED, Settings, SettingsError
from gateway.settings.channels import Mail, Telegram, Voice, Voicexml, WhatsApp
from gateway.settings.choices import Database, Operator, Redis
from gateway.turns.runner import TurnRunner
from gateway.voice.shelf import PATH as SOUNDS
from gateway.voice.shelf import HttpShelf
from gateway.voice.turns import Turns
from gateway.web.call import Hotline
from gateway.web.pages import create_web
from gateway.web.parts import WebParts
from workers.planning import SitesNotPlanned, plan_all
from workers.upkeep import end_invitations, reconcile_unanswered, release_lapsed_holds
from workers.workshop import install

log = structlog.get_logger()

HOST: Final = "127.0.0.1"
PLAN_EVERY: Final = timedelta(
    seconds=4
)  # `crs worker` plans every minute; nobody watches a page for that long
TEND_EVERY: Final = timedelta(seconds=30)
LEAVE_WITHIN: Final = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says."""

    port: int
    people: int
    seed: int


class PortTaken(Exception):
    """Somebody listens there already, perhaps another demo."""


def run_demo(app: App, choices: Choices, *, tell: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; ``tell`` is given what a person should read."""
    settings = demo_settings(app.settings)
    tell("Starting PostgreSQL and Valkey …")
    here = App(settings=settings)
    with here.store(connections=CONNECTIONS) as store, here.redis_url() as redis_url:
        asyncio.run(_run(settings, store, redis_url, choices, tell))
    tell("Stopped. The next start continues.")


def demo_settings(settings: Settings, port: int = 0) -> Settings:
    """The settings with the demo's operator, at any hour, and with no database, bot or hotline of yours."""
    operator = Operator(
        name=NAME,
        host=HOST,
        port=port or 1,
        system_id="crs",
        password=SecretStr("secret"),
        window=SEGMENTS_PER_SECOND,
        segments_per_second=SEGMENTS_PER_SECOND,
    )
    return settings.model_copy(
        update={
            "database": Database(url=EMBEDDED),
            "redis": Redis(url=EMBEDDED),
            "operators": (operator,),
            "voice": Voice(),  # the page leads its calls itself
            "voicexml": Voicexml(),
            "mail": Mail(),  # nobody made up has a mailbox
            "telegram": Telegram(),
            "whatsapp": WhatsApp(),
            "sms": settings.sms.model_copy(update={"sending_hours": (time.min, time.max), "lane_hours": {}}),
        }
    )


async def _run(
    settings: Settings, store: Store, redis_url: str, choices: Choices, tell: Callable[[str], None]
) -> None:
    stop = asyncio.Event()
    with _until_asked(stop):
        world = App(settings=settings).world
        census = Census(DATA, world.postcodes)
        today = utc_now().astimezone(PRAGUE).date()
        chance = random.Random(choices.seed)  # noqa: S311 - a demo is to be the same again
        tell(f"Importing sites, calendars and deliveries; making up {choices.people} people …")
        people = census.people(choices.people, chance=chance, today=today)

        def prepare() -> tuple[set[str], dict[str, str]]:
            with store.begin() as work:
                populate(work, world, folder=DATA, seed=choices.seed, now=utc_now())
                book = FigureBook(work.db, work.vault)
                return book.known_addresses(NAME), book.unanswered_mts(NAME)

        known, last_mts = await asyncio.to_thread(prepare)
        operator = DemoOperator(
            people, number=settings.sms.sender, chance=chance, run=f"{utc_now():%Y%m%dT%H%M%S}"
        )
        async with operator:
            here = App(settings=demo_settings(settings, operator.smsc.port))
            install(here.workshop(store))
            parts = WebParts(
                store=store,
                loopback=Loopback(store, by="demo"),
                clock=utc_now,
                country=settings.sms.country,
                sender=settings.sms.sender,
                taken=frozenset(operator.robots),
                somebody=lambda: _somebody(census),
                capacity=SEGMENTS_PER_SECOND,
                in_use=operator.segments_per_second,
            )
            gateway = Gateway(here, store, redis_url)
            routes = [route for channel in gateway.channels for route in channel.routes]
            async with _web(create_web(parts, _hotline(here, store), routes), choices.port):
                running = {
                    asyncio.create_task(work)
                    for work in (
                        gateway.run(),
                        operator.live(known=known, last_mt=last_mts),
                        _every(PLAN_EVERY, plan_all),
                        _every(TEND_EVERY, release_lapsed_holds),
                        _every(TEND_EVERY, end_invitations),
                        _every(TEND_EVERY, reconcile_unanswered),
                    )
                }
                tell(f"\n  Open http://{HOST}:{choices.port}/\n\nCtrl-C ends it.")
                try:
                    await _until_asked_or_broken(stop, running)
                finally:
                    tell("Stopping …")
                    await end(running)


async def _until_asked_or_broken(stop: asyncio.Event, running: Collection[asyncio.Future[None]]) -> None:
    """Wait for the signal; what breaks meanwhile is raised."""
    asked = asyncio.ensure_future(stop.wait())
    working: set[asyncio.Future[Any]] = {asked, *running}
    while not asked.done():
        done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()


async def _every(period: timedelta, job: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(period.total_seconds())
        try:
            await asyncio.to_thread(job)
        except (SitesNotPlanned, SQLAlchemyError) as error:  # the next round comes soon
            log.warning("demo.job_failed", job=job.__name__, error=type(error).__name__)


@asynccontextmanager
async def _web(pages: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(pages, access_log=None, shutdown_timeout=LEAVE_WITHIN.total_seconds())
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise PortTaken(f"Port {port} is taken. Choose another: crs demo --port {port + 1}") from error
        yield
    finally:
        await runner.cleanup()


def _hotline(here: App, store: Store) -> Hotline:
    """Calls from the page, spoken aloud where this machine can speak."""
    turns = Turns(store, TurnRunner(store, here.library, here.world), utc_now, by="demo")
    shelf = HttpShelf(SOUNDS)
    try:
        return Hotline(turns, open_sounds(here.settings, shelf), shelf)
    except SettingsError:
        return Hotline(turns, None, shelf)


def _somebody(census: Census) -> Person:
    """Somebody of eighty or more, for whoever opens the page."""
    return census.person(secrets.SystemRandom(), today=utc_now().date(), youngest=80, psc=HOME)


@contextmanager
def _until_asked(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
