"""The chat as browsers reach it: a gateway without operators, its pages, and a town to register in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, async_playwright

from core.store.work import Store
from core.vault import new_key
from gateway.compose import App
from gateway.serve import Gateway, end
from gateway.settings import read
from tests.web.browsers import CHROMIUM
from tests.workers.town import NOW, add_dates, add_site


@dataclass
class Site:
    """Where the chat is, and the store behind it."""

    url: str
    store: Store
    routes: Sequence[web.RouteDef] = ()
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The time goes on from the day of the town."""
        return NOW + (datetime.now(UTC) - self.began) + self.ahead

    def __post_init__(self) -> None:
        self.began = datetime.now(UTC)


@pytest.fixture
def environ() -> dict[str, str]:
    """More settings of the gateway."""
    return {}


@pytest.fixture
async def site(
    database: str, redis_url: str, environ: dict[str, str], tmp_path: object
) -> AsyncIterator[Site]:
    environ = {
        "CRS_DATABASE_URL": database,
        "CRS_REDIS_URL": redis_url,
        "CRS_SECRETS_KEY": new_key(),
        "CRS_CONFIG": "",
    } | environ
    app = App(settings=read(None, environ))
    with app.store() as store:
        with store.begin() as work:
            add_site(work.db)
            add_dates(work.db, pairs=6)
        site = Site("", store)
        gateway = Gateway(app, store, redis_url, clock=site.now)
        site.routes = [route for channel in gateway.channels for route in channel.routes]
        pages = web.Application()
        pages.router.add_routes(site.routes)
        working = asyncio.ensure_future(gateway.run())
        async with TestServer(pages, host="127.0.0.1") as server:
            site.url = str(server.make_url("")).rstrip("/")
            try:
                yield site
            finally:
                await end({working})
        await asyncio.get_running_loop().shutdown_default_executor()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # The sandbox of Chromium does not start for root, and what it opens here is ours.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()
