"""What a gateway says of itself in Prometheus' text format: counts and queues, nothing about people.

Source: Prometheus text exposition format 0.0.4.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

CONTENT_TYPE = "text/plain; version=0.0.4"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure, once for each set of labels."""

    name: str
    told: str  # what it is, in a line
    values: Mapping[tuple[tuple[str, str], ...], float]
    kind: Literal["gauge", "counter"] = "gauge"


def exposition(metrics: Iterable[Metric]) -> str:
    """The page that Prometheus reads."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.told}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in metric.values.items():
            written = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{metric.name}{{{written}}} {value:g}" if labels else f"{metric.name} {value:g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def pages(read: Callable[[], Awaitable[Iterable[Metric]]]) -> web.Application:
    """`/health` for whoever watches the process; `/metrics` for this machine only."""

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def metrics(request: web.Request) -> web.Response:
        if not _is_from_here(request):
            raise web.HTTPForbidden(text="Only this machine may read the metrics: scrape 127.0.0.1.")
        try:
            found = await read()
        except SQLAlchemyError:
            raise web.HTTPServiceUnavailable(text="The database does not answer.") from None
        return web.Response(text=exposition(found), headers={"Content-Type": CONTENT_TYPE})

    application = web.Application()
    application.router.add_get("/health", health)
    application.router.add_get("/metrics", metrics)
    return application


def _is_from_here(request: web.Request) -> bool:
    """Asked by this machine, not by a proxy on it that asks for somebody else."""
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For")):
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
