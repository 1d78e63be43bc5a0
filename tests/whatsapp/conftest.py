"""The whole gateway before a Cloud API of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.messages import WHATSAPP_CHANNEL
from core.store.work import Store
from core.vault import new_key
from gateway.compose import App
from gateway.serve import serve
from gateway.settings import read
from tests.whatsapp.cloud_api import NUMBER_ID, SECRET, TOKEN, VERIFY, CloudApi


@dataclass
class Running:
    channel = WHATSAPP_CHANNEL
    api: CloudApi
    store: Store


@pytest.fixture
def run(database: str, redis_url: str, tmp_path: Path, unused_tcp_port_factory):
    @asynccontextmanager
    async def start(**more: str) -> AsyncIterator[Running]:
        port = unused_tcp_port_factory()
        async with CloudApi() as api:
            api.webhook = f"http://127.0.0.1:{port}/whatsapp"
            environ = {
                "CRS_DATABASE_URL": database,
                "CRS_REDIS_URL": redis_url,
                "CRS_SECRETS_KEY": new_key(),
                "CRS_WEB_LISTEN": f"127.0.0.1:{port}",
                "CRS_WHATSAPP_TOKEN": TOKEN,
                "CRS_WHATSAPP_APP_SECRET": SECRET,
                "CRS_WHATSAPP_VERIFY_TOKEN": VERIFY,
                "CRS_WHATSAPP_PHONE_NUMBER_ID": NUMBER_ID,
                "CRS_WHATSAPP_BASE_URL": api.url,
                **more,
            }
            app = App(settings=read(None, environ, here=tmp_path))
            with app.store() as store:
                stop = asyncio.Event()
                serving = asyncio.ensure_future(serve(app, store, redis_url, stop))
                try:
                    await api.until(lambda: serving.done() or api.asked > 0, "the account is up")
                    yield Running(api, store)
                finally:
                    stop.set()
                    await serving
                    await asyncio.get_running_loop().shutdown_default_executor()

    return start
