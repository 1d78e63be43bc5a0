"""``crs serve``: the gateway."""

import asyncio
import signal
import sys

import click

from core.store.work import Store
from gateway.compose import App
from gateway.logs import set_up_logs
from gateway.serve import CONNECTIONS
from gateway.serve import serve as run_gateway

# How long a turn in a thread may keep the loop from a moment of an operator's capacity; Python's own 5 ms
# are the whole tolerance of one.
SWITCH_SECONDS = 0.0005


@click.command()
@click.pass_obj
def serve(app: App) -> None:
    """Open the channels of the settings and answer whoever writes, until stopped."""
    set_up_logs(app.settings.log.level)
    sys.setswitchinterval(SWITCH_SECONDS)
    names = ", ".join(f"{o.name} ({o.host}:{o.port})" for o in app.settings.operators)
    if not names:
        click.echo(
            "No [[operators]] in the settings: no SMS is sent or received. See crs.example.toml.", err=True
        )
    with app.store(connections=CONNECTIONS) as store, app.redis_url() as redis_url:
        click.echo(f"Gateway on {app.settings.web.listen}; operators: {names or 'none'}. Ctrl-C stops it.")
        asyncio.run(_until_told(app, store, redis_url))


async def _until_told(app: App, store: Store, redis_url: str) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await run_gateway(app, store, redis_url, stop)
