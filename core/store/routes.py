"""Which operator serves a number, as messages, receipts and refusals have shown."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ARRAY,
    Connection,
    DateTime,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core.routing import Known
from core.store import tables as t
from core.store.given import given, rows_given

RELEARN_AFTER = timedelta(hours=1)
ROUTES_LAST = timedelta(days=90)  # a number is ported once in years; who writes to us is seen again
REFUSALS_LAST = timedelta(days=30)  # it may have been a fault of theirs, and must not shut them out for long


class RouteBook:
    """The `routes` and `unserved` tables: numbers are portable, so what was seen beats what a prefix says."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def learn(self, seen: Sequence[tuple[str, str]], *, source: str, now: datetime) -> None:
        """Note (number, operator) pairs; writes only what is new, changed or old."""
        rows = {
            number: {"address": number, "operator": operator, "learned_from": source, "learned_at": now}
            for number, operator in sorted(seen)
        }
        if not rows:
            return
        of = rows_given(rows.values(), "address", "operator", "learned_from", "learned_at")
        self._db.execute(_LEARN, of | {"old": now - RELEARN_AFTER})

    def learn_delivered(self, mts: Collection[tuple[int, str]], *, now: datetime) -> None:
        """Note whose the numbers are that another operator had refused, by (mt_id, operator) of receipts.

        Of other numbers a receipt tells nothing: an operator delivers to all networks.
        """
        u, r, o = t.unserved.c, t.routes.c, t.outbox.c
        for operator in sorted({operator for _, operator in mts}):
            refused_by_another = exists().where(u.address == o.address, u.operator != operator)
            found = (
                select(o.address, literal(operator), literal("receipt"), literal(now))
                .where(o.mt_id.in_([mt_id for mt_id, by in mts if by == operator]), refused_by_another)
                .distinct()
                .order_by(o.address)
            )
            new = upsert(t.routes).from_select(["address", "operator", "learned_from", "learned_at"], found)
            self._db.execute(
                new.on_conflict_do_update(
                    index_elements=["address"],
                    set_={name: new.excluded[name] for name in ("operator", "learned_from", "learned_at")},
                    where=exists().where(u.address == r.address, u.operator == r.operator),
                )
            )

    def refuse(self, numbers: Collection[str], operator: str, *, source: str, now: datetime) -> None:
        """Note that an operator said these numbers are not its own."""
        if numbers:
            rows = [
                {"address": number, "operator": operator, "learned_from": source, "learned_at": now}
                for number in sorted(set(numbers))
            ]
            new = upsert(t.unserved).values(rows)
            self._db.execute(
                new.on_conflict_do_update(
                    index_elements=["address", "operator"], set_={"learned_at": new.excluded.learned_at}
                )
            )

    def find(self, numbers: Collection[str]) -> Known:
        """What these numbers have shown."""
        learned = self._db.execute(_LEARNED, {"numbers": list(numbers)})
        refusals = self._db.execute(_REFUSALS, {"numbers": list(numbers)})
        unserved: dict[str, frozenset[str]] = {}
        for row in refusals:
            unserved[row.address] = unserved.get(row.address, frozenset()) | {row.operator}
        return Known({row.address: row.operator for row in learned}, unserved)

    def forget(self, *, now: datetime) -> None:
        """Drop what may no longer be so."""
        self._db.execute(delete(t.routes).where(t.routes.c.learned_at < now - ROUTES_LAST))
        self._db.execute(delete(t.unserved).where(t.unserved.c.learned_at < now - REFUSALS_LAST))


# Built once: building a statement costs more than running it.

_r, _u = t.routes.c, t.unserved.c
_SEEN = given(address=Text, operator=Text, learned_from=Text, learned_at=DateTime(timezone=True))
_new = upsert(t.routes).from_select(_SEEN.c.keys(), select(_SEEN))
_LEARN = _new.on_conflict_do_update(
    index_elements=["address"],
    set_={name: _new.excluded[name] for name in ("operator", "learned_from", "learned_at")},
    where=(_r.operator != _new.excluded.operator)
    | (_r.learned_at < bindparam("old", type_=DateTime(timezone=True))),
)
_NUMBERS = func.any(cast(bindparam("numbers"), ARRAY(Text)))
_LEARNED = select(_r.address, _r.operator).where(_r.address == _NUMBERS)
_REFUSALS = select(_u.address, _u.operator).where(_u.address == _NUMBERS)
