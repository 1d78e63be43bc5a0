"""What a channel is to the gateway, and what the gateway is to a channel."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from conversations.library import Library
from core.store.receipts import FinalReceipt
from core.store.work import Store
from gateway.capacity import OperatorRate
from gateway.grouping import Grouped
from gateway.intake import FromChat, FromOperator
from gateway.roads import Roads
from gateway.sender import Carrier
from gateway.settings import Settings
from gateway.turns.runner import TurnRunner


@dataclass(frozen=True, slots=True)
class House:
    """What a channel is opened with; ``await kept.keep(...)`` returns when an item is durable."""

    settings: Settings
    store: Store
    library: Library
    runner: TurnRunner  # for a channel that cannot wait for its turn
    roads: Roads
    mos: Grouped[FromOperator]
    receipts: Grouped[FinalReceipt]
    chat_mos: Grouped[FromChat]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Out:
    """What a sender needs of a channel that MTs leave by."""

    carrier: Carrier[Any]
    rate: OperatorRate  # its name is the outbox's operator
    window: int
    roads: Roads | None = None  # where refused MTs go next, if there is a choice


async def _nothing() -> None:
    """Nothing is left open."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way in and out as the gateway runs it; ``run`` ends when cancelled."""

    run: Callable[[], Coroutine[Any, Any, None]]
    out: Out | None = None
    routes: Sequence[web.RouteDef] = ()  # on the gateway's web address
    close: Callable[[], Coroutine[Any, Any, None]] = _nothing
