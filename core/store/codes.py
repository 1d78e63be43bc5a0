"""Codes of employers and physicians: given in batches, used once, taken back together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.codes import new_code
from core.store import tables as t
from core.store.registrations import NUMBER
from core.vault import Vault

CODE: Final = "group code"  # purpose of the digests
AT_ONCE: Final = 1_000  # codes in one statement
MOST_WRONG: Final = 5
"""Wrong codes of one phone; after them it is not listened to until it has rested."""
REST: Final = timedelta(days=1)

_b, _c, _w, _r = t.code_batches.c, t.group_codes.c, t.wrong_codes.c, t.registrations.c


@dataclass(frozen=True, slots=True)
class Batch:
    """Codes that were given together; ``used`` of ``codes`` have brought somebody into the group."""

    batch_id: int
    group_key: str
    issued_to: str
    issued_by: str
    issued_at: datetime
    revoked_at: datetime | None
    codes: int
    used: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The code is hers, until the registration that used it is named."""

    code_id: int


@dataclass(frozen=True, slots=True)
class Good:
    """The code would be taken."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody was given it."""


@dataclass(frozen=True, slots=True)
class Used:
    """Somebody has used it; ``registration_id`` is hers."""

    registration_id: int | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """Its batch was taken back."""


@dataclass(frozen=True, slots=True)
class OtherGroup:
    """It is good, for this group."""

    group_key: str


Fault: TypeAlias = Unknown | Used | Revoked | OtherGroup
TakeOutcome: TypeAlias = Taken | Fault
LookOutcome: TypeAlias = Good | Fault


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one code."""

    batch: Batch
    used_at: datetime | None
    used_by: int | None


class CodeBook:
    """The `code_batches`, `group_codes` and `wrong_codes` tables."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    # -- Whoever gives them --------------------------------------------------------------------------------

    def issue(
        self,
        group_key: str,
        count: int,
        *,
        issued_to: str,
        issued_by: str,
        now: datetime,
        random: Random,
        with_some: Callable[[int], None] = lambda _: None,
    ) -> tuple[int, list[str]]:
        """Make a batch; its number and its codes. ``with_some`` hears how many there are more, as it goes."""
        batch = insert(t.code_batches).values(
            group_key=group_key, issued_to=issued_to, issued_by=issued_by, issued_at=now
        )
        batch_id = int(self._db.execute(batch.returning(_b.batch_id)).scalar_one())
        codes: list[str] = []
        while len(codes) < count:
            fresh = self._add(batch_id, min(AT_ONCE, count - len(codes)), random)
            codes += fresh
            with_some(len(fresh))
        return batch_id, codes

    def _add(self, batch_id: int, count: int, random: Random) -> list[str]:
        """Add so many codes, or fewer where one was in use."""
        by_digest = {
            self._vault.digest(code, purpose=CODE): code for code in (new_code(random) for _ in range(count))
        }
        rows = [
            {"batch_id": batch_id, "code_sealed": self._vault.seal(code), "code_digest": digest}
            for digest, code in by_digest.items()
        ]
        new = upsert(t.group_codes).values(rows).on_conflict_do_nothing(index_elements=[_c.code_digest])
        added = self._db.execute(new.returning(_c.code_digest)).scalars()
        return [by_digest[bytes(digest)] for digest in added]

    def batches(self) -> list[Batch]:
        """Every batch, the newest first."""
        return list(self._batches())

    def batch(self, batch_id: int) -> Batch | None:
        return next(self._batches(_b.batch_id == batch_id), None)

    def unused(self, batch_id: int) -> list[str]:
        """The codes of a batch that nobody has used, in the order they were made."""
        sealed = select(_c.code_sealed).where(_c.batch_id == batch_id, _c.used_at.is_(None))
        return [self._vault.open(each) for each in self._db.execute(sealed.order_by(_c.code_id)).scalars()]

    def revoke(self, batch_id: int, *, by: str, now: datetime) -> bool:
        """Take a batch back: what was not used is good no more. False if it was before, or is not there."""
        taken_back = (
            update(t.code_batches)
            .where(_b.batch_id == batch_id, _b.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=by)
        )
        return self._db.execute(taken_back).rowcount == 1

    def find(self, code: str) -> Known | None:
        """What is known of a code, or None if nobody was given it."""
        row = self._db.execute(select(_c.batch_id, _c.used_at, _c.used_by).where(self._is(code))).first()
        batch = row and self.batch(row.batch_id)
        return Known(batch, row.used_at, row.used_by) if row and batch else None

    def _batches(self, *which: ColumnElement[bool]) -> Iterator[Batch]:
        rows = self._db.execute(
            select(
                _b.batch_id,
                _b.group_key,
                _b.issued_to,
                _b.issued_by,
                _b.issued_at,
                _b.revoked_at,
                func.count(_c.code_id),
                func.count(_c.used_at),
            )
            .select_from(t.code_batches.outerjoin(t.group_codes))
            .where(*which)
            .group_by(_b.batch_id)
            .order_by(_b.batch_id.desc())
        )
        return (Batch(*row) for row in rows)

    # -- Whoever uses one ----------------------------------------------------------------------------------

    def take(self, code: str, group_key: str, *, number: str, now: datetime) -> TakeOutcome:
        """Use a code for an insurance number: one statement says yes or no.

        The same person may use hers again, for a newer registration.
        """
        taken = (
            update(t.group_codes)
            .where(self._is(code), self._is_free_for(number), _is_of(group_key))
            .values(used_at=case((_c.used_at.is_(None), now), else_=_c.used_at))
            .returning(_c.code_id)
        )
        code_id = self._db.execute(taken).scalar_one_or_none()
        return Taken(code_id) if code_id is not None else self._why_not(code, group_key)

    def look(self, code: str, group_key: str, *, number: str) -> LookOutcome:
        """Say what would become of a code, and leave it as it is."""
        free = select(_c.code_id).where(self._is(code), self._is_free_for(number), _is_of(group_key))
        return Good() if self._db.execute(free).first() else self._why_not(code, group_key)

    def name_user(self, code_id: int, registration_id: int) -> None:
        """Note whose registration a code was taken for."""
        self._db.execute(update(t.group_codes).where(_c.code_id == code_id).values(used_by=registration_id))

    def of_registration(self, registration_id: int, group_key: str) -> int | None:
        """The code of a registration for a group, as long as its batch stands."""
        hers = select(_c.code_id).where(_c.used_by == registration_id, _is_of(group_key))
        return self._db.execute(hers.limit(1)).scalar_one_or_none()

    def _is(self, code: str) -> ColumnElement[bool]:
        return _c.code_digest.in_(self._vault.digests(code, purpose=CODE))

    def _is_free_for(self, number: str) -> ColumnElement[bool]:
        hers = select(_r.registration_id).where(
            _r.number_digest.in_(self._vault.digests(number, purpose=NUMBER))
        )
        return or_(_c.used_at.is_(None), _c.used_by.in_(hers))

    def _why_not(self, code: str, group_key: str) -> Fault:
        known = self.find(code)
        if known is None:
            return Unknown()
        if known.batch.revoked_at is not None:
            return Revoked()
        if known.batch.group_key != group_key:
            return OtherGroup(known.batch.group_key)
        return Used(known.used_by)

    # -- Whoever guesses -----------------------------------------------------------------------------------

    def is_blocked(self, phone: str, *, now: datetime) -> bool:
        """Say whether a phone has used its tries up, and has not rested since."""
        many = select(_w.count).where(_w.phone == phone, _w.count >= MOST_WRONG, _w.last_at > now - REST)
        return self._db.execute(many).first() is not None

    def count_wrong(self, phone: str, *, now: datetime) -> int:
        """Count one more wrong code; returns how many tries are left."""
        wrong = upsert(t.wrong_codes).values(phone=phone, count=1, last_at=now)
        counted = wrong.on_conflict_do_update(
            index_elements=[_w.phone],
            set_={"count": case((_w.last_at <= now - REST, 1), else_=_w.count + 1), "last_at": now},
        )
        return max(0, MOST_WRONG - int(self._db.execute(counted.returning(_w.count)).scalar_one()))


def _is_of(group_key: str) -> ColumnElement[bool]:
    """The code is of a batch of the group that was not taken back."""
    return exists().where(
        and_(_b.batch_id == _c.batch_id, _b.group_key == group_key, _b.revoked_at.is_(None))
    )
