"""The whole gateway before a Bot API of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from core.messages import TELEGRAM_CHANNEL
from core.store.work import Store
from core.vault import new_key
from gateway.compose import App
from gateway.serve import serve
from gateway.settings import read
from tests.telegram.bot_api import TOKEN, BotApi

SECRET = "a-secret-of-sixteen"


@dataclass
class Running:
    channel = TELEGRAM_CHANNEL
    api: BotApi
    store: Store
    app: App

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with self.store.begin() as work:
            return [tuple(row) for row in work.db.execute(text(query))]

    async def until(self, query: str, expected: list[tuple[object, ...]]) -> None:
        seen: list[tuple[object, ...]] = []
        try:
            async with asyncio.timeout(30):
                while (seen := await asyncio.to_thread(self.ask, query)) != expected:
                    pass
        except TimeoutError:
            pytest.fail(f"{query}: {seen}, not {expected}")


@pytest.fixture
def run(database: str, redis_url: str, tmp_path: Path, unused_tcp_port_factory):
    @asynccontextmanager
    async def start(*, mode: str = "webhook") -> AsyncIterator[Running]:
        port = unused_tcp_port_factory()
        environ = {
            "CRS_DATABASE_URL": database,
            "CRS_REDIS_URL": redis_url,
            "CRS_SECRETS_KEY": new_key(),
            "CRS_WEB_LISTEN": f"127.0.0.1:{port}",
            "CRS_TELEGRAM_TOKEN": TOKEN,
            "CRS_TELEGRAM_SECRET_TOKEN": SECRET,
            "CRS_TELEGRAM_MODE": mode,
            "CRS_TELEGRAM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        async with BotApi() as api:
            app = App(settings=read(None, environ | {"CRS_TELEGRAM_BASE_URL": api.url}, here=tmp_path))
            with app.store() as store:
                stop = asyncio.Event()
                serving = asyncio.ensure_future(serve(app, store, redis_url, stop))
                try:
                    ready = "setWebhook" if mode == "webhook" else "getUpdates"
                    await api.until(lambda: serving.done() or api.count(ready) > 0, "the bot is up")
                    yield Running(api, store, app)
                finally:
                    stop.set()
                    await serving
                    await asyncio.get_running_loop().shutdown_default_executor()

    return start
