"""What a site tells after its people came, or did not: doses follow from it, and places come back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

from core.calendars.calendar import PRAGUE
from core.states import Registering, Reserving
from core.store.places import Places
from core.store.reservation_rows import Reservation, ReservationRows, State
from core.store.site_days import Visit
from core.store.work import Work


@dataclass(frozen=True, slots=True)
class Came:
    """Noted; ``is_complete``: that was the last date."""

    is_complete: bool


@dataclass(frozen=True, slots=True)
class CameBefore:
    """It was noted already."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Her next date is on a later day."""

    day: date


@dataclass(frozen=True, slots=True)
class NotExpected:
    """There is no such reservation, or it is a hold, cancelled, or noted as missed."""

    state: State | None


ArriveOutcome: TypeAlias = Came | CameBefore | NotYet | NotExpected
_OVER: Final = (State.CANCELLED, State.LAPSED, State.EXCHANGED, State.HELD, State.MISSED)


def arrive(work: Work, reservation_id: int, *, now: datetime) -> ArriveOutcome:
    """Note that somebody came to the date that is due: the first of two, or the last."""
    rows, found = _locked(work, reservation_id)
    if found is None or found.state in _OVER:
        return NotExpected(found.state if found else None)
    today = now.astimezone(PRAGUE).date()
    last = found.second or found.first
    if found.state is State.DONE:
        return CameBefore()
    if last.day <= today:
        return _complete(work, rows, found, now)
    if found.first.day > today:
        return NotYet(found.first.day)
    if found.state is State.ARRIVED:
        return CameBefore() if found.first.day == today else NotYet(last.day)
    rows.move(found.reservation_id, Reserving.ARRIVED, now=now)
    return Came(is_complete=False)


def finish(work: Work, reservation_id: int, *, now: datetime) -> ArriveOutcome:
    """Note that somebody has had all doses, at a site that does not note arrivals one by one."""
    rows, found = _locked(work, reservation_id)
    if found is None or found.state in _OVER:
        return NotExpected(found.state if found else None)
    if found.state is State.DONE:
        return CameBefore()
    last = found.second or found.first
    if last.day > now.astimezone(PRAGUE).date():
        return NotYet(last.day)
    return _complete(work, rows, found, now)


def miss(work: Work, site_id: UUID, day: date, *, now: datetime) -> Iterator[Visit]:
    """Note who did not come on a day that is over; gives each, once.

    Without the first dose both places come back, and she waits again in her place. Without the second, hers
    stays promised to her: she keeps her reservation and chooses another second date.
    """
    rows, places = ReservationRows(work.db), Places(work.db)
    for visit in sorted(work.site_days.visits(site_id, day), key=lambda visit: visit.registration_id):
        if not visit.is_awaited or (visit.dose == 2 and visit.state is not State.ARRIVED):
            continue
        rows.lock(visit.registration_id)
        now_has = rows.get(visit.reservation_id)
        if now_has is None or visit.slot_id not in now_has.slot_ids or now_has.state is not visit.state:
            continue
        if visit.dose == 1:
            rows.move(visit.reservation_id, Reserving.MISSED)
            work.rebooking.let_go_new(visit.registration_id)
            places.move(freed=now_has.slot_ids)
            work.registrations.release(visit.registration_id, Registering.MISSED)
        yield visit


def _locked(work: Work, reservation_id: int) -> tuple[ReservationRows, Reservation | None]:
    rows = ReservationRows(work.db)
    found = rows.get(reservation_id)
    if found is not None:
        rows.lock(found.registration_id)
        found = rows.get(reservation_id)
    return rows, found


def _complete(work: Work, rows: ReservationRows, found: Reservation, now: datetime) -> Came:
    rows.move(found.reservation_id, Reserving.COMPLETED, now=now)
    work.registrations.complete(found.registration_id)
    return Came(is_complete=True)
