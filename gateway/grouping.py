"""Group commit: many small facts that arrive one by one are kept in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from gateway.errors import NotNow

T = TypeVar("T")
log = structlog.get_logger()

MOST_AT_ONCE = 500


class Grouped(Generic[T]):
    """`await keep(item)` returns when the item is durable, and raises `NotNow` when it could not be kept.

    While one group is being written the next one gathers, so a group is as large as the load makes it.
    When a group is refused, its items are kept one by one, so that one bad item harms no other.
    """

    def __init__(self, name: str, write: Callable[[Sequence[T]], None]) -> None:
        """`write` is synchronous, runs in a thread, and keeps all of a group or raises."""
        self._name = name
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._news = asyncio.Event()

    async def keep(self, item: T) -> None:
        """Hand an item in and wait until it is durable."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((item, kept))
        self._news.set()
        await kept

    async def run(self) -> None:
        """Write groups until cancelled."""
        while True:
            await self._news.wait()
            group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            if not self._waiting:
                self._news.clear()
            await self._keep(group)

    async def _keep(self, group: Sequence[tuple[T, asyncio.Future[None]]]) -> None:
        try:
            await asyncio.to_thread(self._write, [item for item, _ in group])
        except (OperationalError, InterfaceError) as error:  # the database is away: no item is to blame
            log.warning("group.not_now", group=self._name, size=len(group), error=type(error).__name__)
            _tell(group, NotNow())
        except Exception as error:  # noqa: BLE001  whatever went wrong, the other side shall try again
            log.warning("group.not_kept", group=self._name, size=len(group), error=type(error).__name__)
            if len(group) == 1:
                _tell(group, NotNow())
                return
            for alone in group:
                await self._keep([alone])
        else:
            _tell(group, None)


def _tell(group: Sequence[tuple[T, asyncio.Future[None]]], failure: NotNow | None) -> None:
    for _, kept in group:
        if kept.done():
            continue
        if failure is None:
            kept.set_result(None)
        else:
            kept.set_exception(failure)
