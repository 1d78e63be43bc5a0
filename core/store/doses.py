"""Doses that were given: each once, and whose."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from core.doses import Dose
from core.doses_file import Holder
from core.services import VACCINATION
from core.states import DOSE, Dosing
from core.store import tables as t
from core.store.registrations import NUMBER
from core.vault import Vault

GIVEN: Final = DOSE.begins_as
_d, _r, _v, _s, _c = (
    t.doses.c,
    t.registrations.c,
    t.reservations.c,
    t.slots.c,
    t.calendars.c,
)
_CHANGED_AT: Final = func.coalesce(_d.withdrawn_at, _d.recorded_at)
AT_ONCE: Final = 1_000  # rows read from the server at a time


@dataclass(frozen=True, slots=True)
class Recorded:
    """A dose as it is kept."""

    dose_id: int
    state: str
    dose: Dose
    is_last: bool
    registration_id: int | None
    reservation_id: int | None
    number_digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reportable:
    """A dose with whatever is known of its person: what another register asks for."""

    recorded: Recorded
    number: str = field(repr=False)
    first_name: str | None = field(repr=False)
    last_name: str | None = field(repr=False)
    birth_date: date | None = field(repr=False)
    insurer: str | None
    site_name: str
    nrpzs_code: str | None
    changed_at: datetime


class DoseBook:
    """The `doses` table; of each number a person has at most one that was given."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def of_person(self, number: str) -> list[Dose]:
        """The doses that somebody was given, in their order."""
        digests = self._vault.digests(number, purpose=NUMBER)
        rows = self._db.execute(
            select(*_DOSE).where(_d.number_digest.in_(digests), _d.state == GIVEN).order_by(_d.dose_number)
        )
        return [Dose(*row) for row in rows]

    def get(self, dose_id: int, *, lock: bool = False) -> Recorded | None:
        """One dose, also one that was withdrawn."""
        found = select(*_RECORDED, *_DOSE).where(_d.dose_id == dose_id)
        row = self._db.execute(found.with_for_update() if lock else found).first()
        return None if row is None else _recorded(row)

    def number_of(self, dose_id: int) -> str:
        """The insurance number of whoever was given a dose."""
        sealed = select(_d.number_sealed).where(_d.dose_id == dose_id)
        return self._vault.open(self._db.execute(sealed).scalar_one())

    def add(
        self,
        number: str,
        dose: Dose,
        *,
        is_last: bool,
        registration_id: int | None,
        reservation_id: int | None,
        by: str,
        now: datetime,
    ) -> int:
        """Write a dose that follows; whoever calls has the lock of the insurance number."""
        row = insert(t.doses).values(
            number_sealed=self._vault.seal(number),
            number_digest=self._vault.digest(number, purpose=NUMBER),
            registration_id=registration_id,
            reservation_id=reservation_id,
            site_id=dose.site_id,
            dose_number=dose.number,
            is_last=is_last,
            product=dose.product,
            lot=dose.lot,
            given_on=dose.given_on,
            given_by=dose.given_by,
            state=GIVEN,
            recorded_at=now,
            recorded_by=by,
        )
        return int(self._db.execute(row.returning(_d.dose_id)).scalar_one())

    def withdraw(self, dose_id: int, *, by: str, because: str, now: datetime) -> bool:
        """Count a dose no more; False when it does not count already."""
        given = update(t.doses).where(_d.dose_id == dose_id, _d.state.in_(DOSE.before(Dosing.WITHDRAWN)))
        values = {"withdrawn_at": now, "withdrawn_by": by, "withdrawn_because": because}
        return self._db.execute(given.values(state=DOSE.after(Dosing.WITHDRAWN), **values)).rowcount == 1

    def holders(self, reservation_ids: Collection[int]) -> dict[int, Holder]:
        """Who has these reservations for vaccination, and where."""
        rows = self._db.execute(
            select(_v.reservation_id, _r.number_sealed, _c.site_id)
            .select_from(t.reservations)
            .join(t.registrations, _r.registration_id == _v.registration_id)
            .join(t.slots, _s.slot_id == _v.first_slot_id)
            .join(t.calendars, _c.calendar_id == _s.calendar_id)
            .where(_v.reservation_id.in_(reservation_ids), _r.service == VACCINATION)
        )
        return {row[0]: Holder(self._vault.open(row[1]), row[2]) for row in rows}

    def of_day(self, site_id: UUID, day: date) -> list[Recorded]:
        """What a site has recorded of a day, also what was withdrawn."""
        rows = self._db.execute(
            select(*_RECORDED, *_DOSE).where(_d.site_id == site_id, _d.given_on == day).order_by(_d.dose_id)
        )
        return [_recorded(row) for row in rows]

    def changed_since(self, since: datetime) -> Iterator[Reportable]:
        """Every dose that was recorded or withdrawn since then, in that order; not read all at once."""
        site = t.sites.c
        rows = self._db.execute(
            select(
                *_RECORDED,
                *_DOSE,
                _d.number_sealed,
                _r.first_name,
                _r.last_name,
                _r.birth_date,
                _r.insurer,
                site.name,
                site.nrpzs_code,
                _CHANGED_AT.label("changed_at"),
            )
            .select_from(t.doses.join(t.sites))
            .outerjoin(t.registrations, _r.registration_id == _d.registration_id)
            .where(since <= _CHANGED_AT)
            .order_by(_CHANGED_AT, _d.dose_id),
            execution_options={"yield_per": AT_ONCE},
        )
        for row in rows:
            yield Reportable(
                _recorded(row),
                self._vault.open(row.number_sealed),
                row.first_name,
                row.last_name,
                row.birth_date,
                row.insurer,
                row.name,
                row.nrpzs_code,
                row.changed_at,
            )

    def count_changed_since(self, since: datetime) -> int:
        """How many `changed_since` gives."""
        counted = select(func.count()).select_from(t.doses).where(since <= _CHANGED_AT)
        return int(self._db.execute(counted).scalar_one())


def _recorded(row: Any) -> Recorded:
    keys = len(_RECORDED)
    dose_id, state, is_last, registration_id, reservation_id, digest = row[:keys]
    dose = Dose(*row[keys : keys + len(_DOSE)])
    return Recorded(dose_id, state, dose, is_last, registration_id, reservation_id, digest)


_DOSE: Final = (_d.dose_number, _d.product, _d.given_on, _d.site_id, _d.lot, _d.given_by)
_RECORDED: Final = (
    _d.dose_id,
    _d.state,
    _d.is_last,
    _d.registration_id,
    _d.reservation_id,
    _d.number_digest,
)
