"""Registrations that may not be invited, and how they may be again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Update, case, exists, select, update

from core.blocking import Reason
from core.states import REGISTRATION, Registering
from core.store import tables as t

_r, _i = t.registrations.c, t.invitations.c
_NO_BLOCK = {"blocked_because": None, "blocked_from": None, "blocked_until": None}


class BlockBook:
    """What `registrations` says of blocks. Lifting one leaves every other as it is."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def block(self, registration_id: int, reason: Reason, *, until: datetime | None = None) -> bool:
        """Block somebody without dates; False for who has dates, is blocked already, or has ended.

        Her holds and messages are the caller's, as `core.store.blocking.block` does it.
        """
        may_be = _r.state.in_(REGISTRATION.before(Registering.BLOCKED))
        hers = update(t.registrations).where(_r.registration_id == registration_id, _r.ended_at.is_(None))
        blocked = hers.where(may_be).values(
            state=REGISTRATION.after(Registering.BLOCKED),
            blocked_because=reason.value,
            blocked_from=_r.state,
            blocked_until=until,
        )
        return self._db.execute(blocked).rowcount == 1

    def lift(self, registration_id: int, reasons: Collection[Reason]) -> bool:
        """Lift a block of these reasons; False for any other."""
        return (
            self._db.execute(_lift(_is_blocked(reasons), _r.registration_id == registration_id)).rowcount == 1
        )

    def lift_over(self, *, now: datetime, at_most: int = 1_000) -> list[int]:
        """Lift the blocks whose time is over; gives whose they were."""
        over = (
            select(_r.registration_id)
            .where(_r.blocked_until <= now)
            .order_by(_r.blocked_until)
            .limit(at_most)
            .with_for_update(key_share=True, skip_locked=True)
            .cte("over")  # looked for once: a subquery may be run again for each row, past its limit
        )
        lifted = _lift(
            _r.registration_id.in_(select(over.c.registration_id)), _r.blocked_until <= now
        ).returning(_r.registration_id)
        return sorted(self._db.execute(lifted).scalars())

    def ask_again(self, registration_id: int, *, now: datetime) -> bool:
        """Have the register asked again that is why she is blocked; False where none is."""
        mine = update(t.registrations).where(_r.registration_id == registration_id)
        group = mine.where(_is_blocked([Reason.UNPROVEN, Reason.NOT_IN_GROUP]))
        if self._db.execute(group.values(prove_at=now, blocked_because=Reason.UNPROVEN.value)).rowcount:
            return True
        return (
            self._db.execute(mine.where(_is_blocked([Reason.VACCINATED])).values(identify_at=now)).rowcount
            == 1
        )


def _is_blocked(reasons: Collection[Reason]) -> ColumnElement[bool]:
    return _r.blocked_because.in_([reason.value for reason in reasons]) & _r.ended_at.is_(None)


def _lift(*which: ColumnElement[bool]) -> Update:
    """She is at the head of the queue if she stood there, invited if her PIN is still good, else waiting."""
    has_pin = exists().where(_i.registration_id == _r.registration_id, _i.state == "open")
    state = case((_r.blocked_from == "returned", "returned"), (has_pin, "invited"), else_="waiting")
    is_wrong_pins = _r.blocked_because == Reason.WRONG_PINS.value
    wrong_pins = case((is_wrong_pins, 0), else_=_r.wrong_pins)
    may_be = _r.state.in_(REGISTRATION.before(Registering.UNBLOCKED))
    return (
        update(t.registrations).where(may_be, *which).values(state=state, wrong_pins=wrong_pins, **_NO_BLOCK)
    )
