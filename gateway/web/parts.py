"""What the pages need, given to them once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from core.phones import NotAPhone, parse_phone
from core.store.work import Store
from gateway.channels.loopback import Loopback
from gateway.demo.people import Person


@dataclass(frozen=True, slots=True)
class WebParts:
    """``capacity`` and ``in_use`` are segments a second of the demo's operator."""

    store: Store
    loopback: Loopback
    clock: Callable[[], datetime]
    country: str
    sender: str
    taken: frozenset[str]
    somebody: Callable[[], Person]
    capacity: float
    in_use: Callable[[], float]
    closing: asyncio.Event = field(default_factory=asyncio.Event)


PARTS: web.AppKey[WebParts] = web.AppKey("parts", WebParts)


def number_of(parts: WebParts, written: object) -> str:
    """A number in E.164 that nobody else of the demo has."""
    phone = parse_phone(written if isinstance(written, str) else "", parts.country)
    if isinstance(phone, NotAPhone):
        raise web.HTTPBadRequest(text="Toto není telefonní číslo. / That is not a phone number.")
    if phone.e164 in parts.taken:
        raise web.HTTPConflict(
            text="Toto číslo už má někdo jiný, zvolte jiné. / Somebody else has this number, choose another."
        )
    return phone.e164
