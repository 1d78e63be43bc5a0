"""Who may: a browser on this machine, on a page of ours."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other machines, other names for this one, and what another site's page sends."""
    # A name that merely resolves to 127.0.0.1 would let a foreign page read ours (DNS rebinding).
    if not _is_loopback(request.remote or "") or not _is_loopback(
        urlsplit(f"//{request.host}").hostname or ""
    ):
        raise web.HTTPForbidden(
            text="Only a browser on this machine, at http://127.0.0.1 or http://localhost."
        )
    if request.method not in ("GET", "HEAD") and not _is_ours(request):
        raise web.HTTPForbidden(text="This can only be sent from our own page.")
    return await handler(request)


async def add_policy(request: web.Request, response: web.StreamResponse) -> None:
    """Nothing from elsewhere is loaded, and nobody frames us."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")


def _is_ours(request: web.Request) -> bool:
    """A browser always says where a POST comes from."""
    origin = urlsplit(request.headers.get("Origin", ""))
    return (origin.scheme, origin.netloc) == (request.scheme, request.host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
