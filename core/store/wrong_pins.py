"""Wrong PINs from each address: after five of them it is not listened to any more."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, case, select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address
from core.store import tables as t

MOST_WRONG: Final = 5
"""Wrong PINs that block an address or a registration; the hotline can unblock."""

_w = t.wrong_pins.c


class WrongPinBook:
    """The `wrong_pins` table.

    A right PIN does not forgive the wrong ones before it: whoever has one could guess for ever.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def is_blocked(self, address: Address) -> bool:
        """Say whether the address used its tries up."""
        blocked_at = select(_w.blocked_at).where(_w.channel == address.channel, _w.address == address.number)
        return self._db.execute(blocked_at).scalar_one_or_none() is not None

    def count(self, address: Address, *, now: datetime) -> int:
        """Count one more wrong PIN, and return how many that makes."""
        wrong = upsert(t.wrong_pins).values(
            channel=address.channel, address=address.number, count=1, last_at=now
        )
        one_more = wrong.on_conflict_do_update(
            index_elements=[_w.channel, _w.address],
            set_={
                "count": _w.count + 1,
                "last_at": now,
                "blocked_at": case((_w.count + 1 >= MOST_WRONG, now), else_=_w.blocked_at),
            },
        )
        return int(self._db.execute(one_more.returning(_w.count)).scalar_one())

    def unblock(self, address: Address) -> bool:
        """Listen to an address again, with all its tries; False when it was not blocked."""
        gone = t.wrong_pins.delete().where(
            _w.channel == address.channel, _w.address == address.number, _w.blocked_at.is_not(None)
        )
        return self._db.execute(gone).rowcount == 1
