"""Places of slots, taken and given back: here and nowhere else."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, update

from core.calendars import Slot
from core.store import tables as t

_s = t.slots.c


class Places:
    """The column `taken` of `slots`; one statement decides whether a place is left."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def move(self, *, taken: Collection[int] = (), freed: Collection[int] = ()) -> bool:
        """Take and give back a place in each of these slots, all or none; False when one is full.

        The rows are locked in the order of their ids. A slot that is both taken and freed stays as it is.
        """
        done: list[tuple[int, int]] = []
        for slot_id, places in sorted(_changes(taken, freed).items()):
            if not self._change(slot_id, places):
                # Our own locks are on these rows: nobody saw them taken.
                for taken_id, before in done:
                    self._change(taken_id, -before)
                return False
            done.append((slot_id, places))
        return True

    def _change(self, slot_id: int, places: int) -> bool:
        moved = _TAKE if places > 0 else _GIVE
        return self._db.execute(moved, {"slot": slot_id, "places": places}).rowcount == 1


def slot_ids(first: Slot, second: Slot | None) -> tuple[int, ...]:
    """The slots that a pair of dates has places in."""
    return (first.slot_id,) if second is None else (first.slot_id, second.slot_id)


def _changes(taken: Collection[int], freed: Collection[int]) -> Mapping[int, int]:
    """Places to take (above 0) and to give back (below 0) per slot; what is both, is neither."""
    changes = Counter(taken)
    changes.subtract(Counter(freed))
    return {slot_id: places for slot_id, places in changes.items() if places}


# Built once: building a statement costs more than running it.

_TAKE: Final = (
    update(t.slots)
    .where(_s.slot_id == bindparam("slot"), _s.taken + bindparam("places") <= _s.capacity)
    .values(taken=_s.taken + bindparam("places"))
)
_GIVE: Final = (
    update(t.slots).where(_s.slot_id == bindparam("slot")).values(taken=_s.taken + bindparam("places"))
)
