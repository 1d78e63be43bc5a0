"""MOs and receipts become durable here, before the operator is told that we have them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from core.messages import SMS_CHANNEL, Address, NewMo
from core.phones import Phone, parse_phone
from core.store.mo_parts import Joined, LongMo
from core.store.receipts import FinalReceipt
from core.store.work import INBOX_CHANNEL, Store, Work
from gateway.roads import Roads
from gateway.smpp.coding import decode
from gateway.smpp.mo import ReceivedMo
from gateway.smpp.receipt import id_forms

PARTS_WAIT = timedelta(seconds=60)
JOINED_KEPT = timedelta(minutes=10)
EARLY_AFTER = timedelta(seconds=5)  # a part that was handed over is recorded by then
EARLY_UNTIL = timedelta(minutes=2)
EARLY_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FromOperator:
    """An MO and the bind that it came through."""

    operator: str
    mo: ReceivedMo


@dataclass(frozen=True, slots=True)
class FromChat:
    """An MO of a chat channel, whole as it comes."""

    mo: NewMo
    proven_phone: str | None = field(default=None, repr=False)  # E.164; the channel vouches that it is hers


class Intake:
    """Writes groups of MOs and receipts, each group in one transaction."""

    def __init__(
        self, store: Store, *, country: str, clock: Callable[[], datetime], roads: Roads | None = None
    ) -> None:
        """Without `roads` nothing is learned from receipts."""
        self._store = store
        self._roads = roads or Roads()
        self._country = country
        self._clock = clock

    def keep_mos(self, group: Sequence[FromOperator]) -> None:
        """Keep messages and parts; a message is in the inbox when its last part is."""
        now = self._clock()
        with self._store.begin() as work:
            whole = []
            for received in group:
                if received.mo.part is None:
                    whole.append(self._message(received, now))
                elif joined := self._add_part(work, received, now):
                    whole.append(self._joined(joined, now))
            self._add(work, whole, now)

    def keep_chat_mos(self, group: Sequence[FromChat]) -> None:
        """Keep what came through chats; one that was kept before is kept once."""
        with self._store.begin() as work:
            work.inbox.add([received.mo for received in group])
            for received in group:
                if phone := received.proven_phone:
                    address = received.mo.address
                    work.proven_phones.prove(address, phone, how="contact", now=received.mo.received_at)
            work.wake(INBOX_CHANNEL)

    def tend(self) -> None:
        """Let long messages without their rest be what there is; look for what early receipts name."""
        now = self._clock()
        with self._store.begin() as work:
            late = work.mo_parts.join_late(before=now - PARTS_WAIT, now=now)
            self._add(work, [self._joined(joined, now) for joined in late], now)
            work.mo_parts.forget(joined_before=now - JOINED_KEPT)
            found = work.receipts.match_early(
                id_forms, since=now - EARLY_UNTIL, before=now - EARLY_AFTER, now=now
            )
            self._roads.heed(work, found, now=now)
            work.receipts.forget_early(before=now - EARLY_KEPT)

    def keep_receipts(self, group: Sequence[FinalReceipt]) -> None:
        """Move the status of what the receipts name, and heed what they say of its number."""
        now = self._clock()
        with self._store.begin() as work:
            self._roads.heed(work, work.receipts.apply(group, now=now), now=now)

    def _add(self, work: Work, messages: Sequence[NewMo], now: datetime) -> None:
        if messages:
            work.inbox.add(messages)
            work.routes.learn([(m.address.number, m.operator) for m in messages], source="mo", now=now)
            work.wake(INBOX_CHANNEL)

    def _message(self, received: FromOperator, now: datetime) -> NewMo:
        mo = received.mo
        text = decode(mo.payload, mo.data_coding)
        return NewMo(_address(mo.source, self._country), received.operator, text, now, mo.message_id)

    def _add_part(self, work: Work, received: FromOperator, now: datetime) -> Joined | None:
        mo = received.mo
        assert mo.part is not None  # noqa: S101  the caller has looked
        key = LongMo(received.operator, mo.source, mo.destination, mo.part.reference, mo.part.total)
        return work.mo_parts.add(key, mo.part.number, mo.payload, mo.data_coding, now=now)

    def _joined(self, joined: Joined, now: datetime) -> NewMo:
        text = decode(joined.payload, joined.data_coding)
        return NewMo(_address(joined.key.sender, self._country), joined.key.operator, text, now)


@lru_cache(maxsize=10_000)
def _address(source: str, country: str) -> Address:
    """In E.164 where it is a number; a name or a short code stays as it came.

    Kept, for people write more than once in a dialogue and the numbering plan is slow to ask.
    """
    reading = parse_phone(source, country)
    return Address(SMS_CHANNEL, reading.e164 if isinstance(reading, Phone) else source)
