"""What an address was answered lately: so that asking again costs no second SMS, and a loop is seen."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    DateTime,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
)

from core.messages import Address, Lane, MtState
from core.store import tables as t
from core.vault import Vault

WAITING = (MtState.QUEUED, MtState.CLAIMED, MtState.UNANSWERED)  # an unanswered answer goes again
_GONE = (MtState.SENT, MtState.DELIVERED)
CLOSING = "closing answer"  # the purpose of an answer that ends its dialogue
MOST_TOLD = 20  # newest answers of an address that are looked at


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of ours; `words` and `asked` are digests, of what it says and of the MO it answers."""

    words: bytes
    asked: bytes | None
    state: MtState
    settled_at: datetime | None
    is_closing: bool  # it ended its dialogue

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING


@dataclass(frozen=True, slots=True)
class Lately:
    """What passed between us and an address: its last MO that is done, and our answers."""

    last_asked: bytes | None = None
    told: tuple[Told, ...] = ()


class AskingBook:
    """Reads `outbox` and `inbox` for the turns that are about to be taken."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def lately(
        self, addresses: Collection[Address], *, since: datetime, now: datetime
    ) -> dict[Address, Lately]:
        """The answers to these addresses that still wait, or were made after `since`; one statement."""
        rows = self._db.execute(
            _LATELY,
            {
                "channels": [a.channel for a in addresses],
                "numbers": [a.number for a in addresses],
                "since": since,
                "now": now,
            },
        )
        last: dict[Address, bytes | None] = {}
        told: dict[Address, list[Told]] = defaultdict(list)
        for channel, number, words, asked, state, settled_at, purpose, last_asked in rows:
            address = Address(channel, number)
            last[address] = last_asked
            told[address].append(Told(words, asked, MtState(state), settled_at, purpose == CLOSING))
        return {address: Lately(last[address], tuple(told[address])) for address in last}

    def digest_of_mo(self, text: str) -> bytes:
        """The digest that the inbox keeps of a MO."""
        return self._vault.digest(text, purpose="mo")

    def digest_of_words(self, text: str) -> bytes:
        """The digest that the outbox keeps of an answer."""
        return self._vault.digest(text, purpose="mt")

    def queued_answers(self) -> dict[str, int]:
        """Segments of answers that wait at each operator."""
        o = t.outbox.c
        rows = self._db.execute(
            select(o.operator, func.sum(o.segments))
            .where(o.state == MtState.QUEUED, o.lane == Lane.ANSWER)
            .group_by(o.operator)
        )
        return {operator: int(segments) for operator, segments in rows}


def _lately() -> Select[Any]:
    """Each address by itself, along the indexes that end in the id: nothing is sorted."""
    asking = (
        func.unnest(cast(bindparam("channels"), ARRAY(Text)), cast(bindparam("numbers"), ARRAY(Text)))
        .table_valued("channel", "address", name="asking")
        .render_derived()
    )
    o, i = t.outbox.c, t.inbox.c
    is_in_force = or_(
        and_(
            o.state.in_(WAITING),
            or_(o.valid_until.is_(None), o.valid_until > bindparam("now", type_=DateTime(timezone=True))),
        ),
        and_(
            o.state.in_((*_GONE, MtState.BLOCKED)),
            o.created_at > bindparam("since", type_=DateTime(timezone=True)),
        ),
    )
    told = (
        select(o.mt_id, o.text_digest.label("words"), o.state, o.settled_at, o.purpose, o.mo_id)
        .where(
            o.channel == asking.c.channel,
            o.address == asking.c.address,
            o.lane == Lane.ANSWER,
            o.text_digest.is_not(None),
            is_in_force,
        )
        .order_by(o.mt_id.desc())
        .limit(MOST_TOLD)
        .lateral("told")
    )
    done = t.inbox.alias("done")
    last = (
        select(done.c.text_digest.label("asked"))
        .where(
            done.c.channel == asking.c.channel,
            done.c.address == asking.c.address,
            done.c.done_at.is_not(None),
        )
        .order_by(done.c.mo_id.desc())
        .limit(1)
        .lateral("last")
    )
    return select(
        asking.c.channel,
        asking.c.address,
        told.c.words,
        i.text_digest,
        told.c.state,
        told.c.settled_at,
        told.c.purpose,
        last.c.asked,
    ).select_from(
        asking.outerjoin(last, true()).join(told, true()).outerjoin(t.inbox, i.mo_id == told.c.mo_id)
    )


_LATELY = _lately()
