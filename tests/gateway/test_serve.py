"""What the gateway serves besides its channels, and only where the settings say so."""

import asyncio
from contextlib import suppress

import aiohttp
import pytest

from core.vault import new_key
from gateway.compose import App
from gateway.serve import serve
from gateway.settings import read
from tests.ports import unused_port
from tests.slot_publisher import check_manifest


@pytest.mark.parametrize(("links", "status"), [("true", 200), ("false", 404)])
async def test_free_dates_are_served_where_they_are_wanted(
    database: str, redis_url: str, links: str, status: int
):
    listen = f"127.0.0.1:{unused_port()}"
    environ = {
        "CRS_DATABASE_URL": database,
        "CRS_SECRETS_KEY": new_key(),
        "CRS_CONFIG": "",
        "CRS_WEB_LISTEN": listen,
        "CRS_OPEN_DATA_SCHEDULING_LINKS": links,
        "CRS_OPEN_DATA_PUBLIC_URL": "https://crs.example.cz",
    }
    app, stop = App(settings=read(None, environ)), asyncio.Event()
    with app.store() as store:
        serving = asyncio.ensure_future(serve(app, store, redis_url, stop))
        try:
            async with aiohttp.ClientSession() as http:
                answer = await _answer(http, f"http://{listen}/smart-scheduling/$bulk-publish", serving)
                assert answer.status == status
                if status == 200:
                    said = await answer.json()
                    assert check_manifest(said)
                    assert said["request"] == "https://crs.example.cz/smart-scheduling/$bulk-publish"
        finally:
            stop.set()
            await serving
            await asyncio.get_running_loop().shutdown_default_executor()  # threads have connections


async def _answer(
    http: aiohttp.ClientSession, url: str, serving: "asyncio.Future[None]"
) -> aiohttp.ClientResponse:
    while not serving.done():
        with suppress(aiohttp.ClientConnectorError):
            return await http.get(url)
    raise AssertionError("It ended before it answered.")
