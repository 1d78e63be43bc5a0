"""Changes of rules: made once each, everybody told once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import Address, notice_address
from core.rule_changes import OpenPin, Purpose, Standing
from core.store import tables as t

RULES_LOCK = 6  # namespace of the advisory lock that keeps those who change rules apart
CONCERNED = ("waiting", "returned", "invited")

_c, _r, _i, _n = t.rule_changes.c, t.registrations.c, t.invitations.c, t.rule_notices.c


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One policy gave way to another; until ``finished_at`` not everybody was told."""

    change_id: int
    old_policy: str
    new_policy: str
    changed_at: datetime
    approved_by: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody whom a change may concern."""

    registration_id: int
    name: str = field(repr=False)
    address: Address = field(repr=False)
    language: str
    site_id: UUID
    site: str
    standing: Standing


class RuleChangeBook:
    """The `rule_changes` and `rule_notices` tables."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def is_ours(self) -> bool:
        """Be the only one who changes rules until the commit; False when somebody else does."""
        lock = func.pg_try_advisory_xact_lock(RULES_LOCK, 0)
        return bool(self._db.execute(select(lock)).scalar_one())

    def last(self) -> RuleChange | None:
        """The newest change, finished or not."""
        row = self._db.execute(select(t.rule_changes).order_by(_c.change_id.desc()).limit(1)).first()
        return None if row is None else RuleChange(*row)

    def begin(self, old: str, new: str, *, approved_by: str, now: datetime) -> int:
        """Write down that the rules change from now on."""
        change = insert(t.rule_changes).values(
            old_policy=old, new_policy=new, changed_at=now, approved_by=approved_by
        )
        return int(self._db.execute(change.returning(_c.change_id)).scalar_one())

    def finish(self, change_id: int, *, now: datetime) -> bool:
        """Everybody was told."""
        done = update(t.rule_changes).where(_c.change_id == change_id, _c.finished_at.is_(None))
        return self._db.execute(done.values(finished_at=now)).rowcount == 1

    # -- Who is told ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many people a change may concern."""
        return int(
            self._db.execute(
                select(func.count()).where(_r.state.in_(CONCERNED), _r.ended_at.is_(None))
            ).scalar_one()
        )

    def look(self, new_policy: str, *, after: int, at_most: int) -> list[Concerned]:
        """The next people whom a change to a policy may concern, by id."""
        return [_concerned(row) for row in self._db.execute(_next(new_policy, after, at_most))]

    def take(self, change: RuleChange, *, after: int, at_most: int) -> list[Concerned]:
        """The same, locked until the commit, without those who were told of this change."""
        told = exists().where(_n.change_id == change.change_id, _n.registration_id == _r.registration_id)
        query = _next(change.new_policy, after, at_most).where(~told)
        locked = query.with_for_update(key_share=True, of=t.registrations)
        return [_concerned(row) for row in self._db.execute(locked)]

    def note(self, change_id: int, told: Sequence[tuple[int, Purpose]]) -> set[int]:
        """Note who is told what, in the transaction that queues it; gives those who were not told before."""
        if not told:
            return set()
        rows = [
            {"change_id": change_id, "registration_id": registration_id, "purpose": purpose.value}
            for registration_id, purpose in told
        ]
        noted = upsert(t.rule_notices).on_conflict_do_nothing().returning(_n.registration_id)
        return set(self._db.execute(noted, rows).scalars())

    def expire_at(self, invitation_ids: Collection[int], at: datetime | None) -> set[int]:
        """Let open invitations hold until then (None: until used); gives those that are open still."""
        if not invitation_ids:
            return set()
        held = update(t.invitations).where(_i.invitation_id.in_(invitation_ids), _i.state == "open")
        return set(self._db.execute(held.values(expires_at=at).returning(_i.invitation_id)).scalars())


def _next(new_policy: str, after: int, at_most: int) -> Select[Any]:
    was_told_before = exists().where(
        _n.registration_id == _r.registration_id, _n.purpose == Purpose.OLD_PIN_IS_DEAD
    )
    # A PIN given under the new rules already said what they are, unless other rules came in between.
    changed_before = select(func.max(_c.changed_at)).where(_c.finished_at.is_not(None)).scalar_subquery()
    given_before = and_(
        _i.registration_id == _r.registration_id,
        _i.state == "open",
        or_(
            exists().where(t.waves.c.wave_id == _i.wave_id, t.waves.c.policy != new_policy),
            _i.invited_at <= changed_before,
        ),
    )
    return (
        select(
            _r.registration_id,
            (_r.first_name + literal(" ") + _r.last_name).label("name"),
            _r.phone,
            _r.channel,
            _r.address,
            _r.language,
            _r.site_id,
            t.sites.c.name.label("site"),
            _r.state,
            _i.invitation_id,
            _i.expires_at,
            and_(_r.imported_from.is_not(None), ~was_told_before).label("came_over"),
        )
        .select_from(t.registrations.join(t.sites).outerjoin(t.invitations, given_before))
        .where(_r.registration_id > after, _r.state.in_(CONCERNED), _r.ended_at.is_(None))
        .order_by(_r.registration_id)
        .limit(at_most)
    )


def _concerned(row: Any) -> Concerned:
    pin = None if row.invitation_id is None else OpenPin(row.invitation_id, row.expires_at)
    return Concerned(
        row.registration_id,
        row.name,
        notice_address(Address(row.channel, row.address), row.phone),
        row.language,
        row.site_id,
        row.site,
        Standing(row.state, pin, row.came_over),
    )
