"""The loopback channel: a phone that is a program, in the terminal or in the browser."""

from dataclasses import dataclass, field
from datetime import datetime

from core.messages import SMS_CHANNEL, Address, MtState, NewMo
from core.routing import LOOPBACK
from core.store.work import INBOX_CHANNEL, Store

MOST_SEGMENTS = 1_000  # nothing paces a message that no operator carries


@dataclass(frozen=True, slots=True)
class Shown:
    """An MT as the phone shows it."""

    mt_id: int
    text: str = field(repr=False)
    segments: int


class Loopback:
    """Writes MOs to the inbox and takes MTs from the outbox, of any number that asks."""

    def __init__(self, store: Store, *, by: str) -> None:
        self._store = store
        self._by = by

    def say(self, number: str, text: str, *, now: datetime) -> None:
        """Keep an MO, durable when this returns; the number (E.164) is reached this way from now on."""
        with self._store.begin() as work:
            work.inbox.add([NewMo(Address(SMS_CHANNEL, number), LOOPBACK, text, now)])
            work.routes.learn([(number, LOOPBACK)], source="mo", now=now)
            work.wake(INBOX_CHANNEL)

    def connect(self, number: str, *, now: datetime) -> None:
        """The number is reached this way from now on, as a phone that was switched on."""
        with self._store.begin() as work:
            work.routes.learn([(number, LOOPBACK)], source="mo", now=now)

    def collect(self, number: str, *, now: datetime) -> list[Shown]:
        """Take the MTs that wait for a number, in order; they count as delivered."""
        with self._store.begin() as work:
            claimed = work.outbox.claim(
                LOOPBACK,
                max_segments=MOST_SEGMENTS,
                by=self._by,
                now=now,
                address=Address(SMS_CHANNEL, number),
            )
            work.outbox.settle(claimed, MtState.DELIVERED, now=now)
        return [Shown(mt.mt_id, mt.text, mt.segments) for mt in claimed]
