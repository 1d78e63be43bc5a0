"""A dose is recorded or withdrawn, and what it concerns follows: her dates, her registration, the vaccine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from core.blocking import Reason
from core.calendars import Pair, Slot
from core.doses import Dose, Follows, KnownAlready, Refusal, judge, second_window
from core.doses_file import Claim
from core.states import Reserving
from core.store.blocking import block
from core.store.doses import Recorded
from core.store.places import Places
from core.store.reservation_rows import Reservation, ReservationRows
from core.store.work import Work
from core.world import World


@dataclass(frozen=True, slots=True)
class Misfit:
    """A second date that does not suit the first dose as it was given."""

    registration_id: int
    reservation_id: int
    second: Slot
    given_on: date
    opens: date
    closes: date
    is_other_vaccine: bool
    """The first dose was not of the vaccine that her dates are for."""
    instead: Slot | None
    """The soonest free date that suits."""


@dataclass(frozen=True, slots=True)
class Given:
    """It is recorded; ``doubts`` are what does not fit, though it was given."""

    is_last: bool
    has_dates: bool
    doubts: tuple[str, ...]
    misfit: Misfit | None


RecordOutcome: TypeAlias = Given | KnownAlready | Refusal


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """It counts no more."""

    recorded: Recorded


@dataclass(frozen=True, slots=True)
class WithdrawnBefore:
    """It did not count any more."""


@dataclass(frozen=True, slots=True)
class FollowedBy:
    """A later dose counts on it: that has to be withdrawn first."""

    number: int


@dataclass(frozen=True, slots=True)
class NoSuchDose:
    """Nothing is recorded under that number."""


WithdrawOutcome: TypeAlias = Withdrawn | WithdrawnBefore | FollowedBy | NoSuchDose


def record(work: Work, claim: Claim, *, world: World, by: str, now: datetime) -> RecordOutcome:
    """Record a dose of somebody, once; the vaccine is counted by `StockBook.count_given` afterwards.

    Her dates move on: the first dose is her arrival, the last one completes her. Who had no dates and waits
    is vaccinated already, and nobody invites her for another first dose.
    """
    registration = work.registrations.lock(claim.number)  # also where there is none
    verdict = judge(claim.dose, work.doses.of_person(claim.number), world.products)
    if not isinstance(verdict, Follows):
        return verdict
    hers = registration.registration_id if registration else None
    dates = work.rebooking.dates_of(hers) if hers is not None else None
    work.doses.add(
        claim.number,
        claim.dose,
        is_last=verdict.is_last,
        registration_id=hers,
        reservation_id=dates.reservation_id if dates else None,
        by=by,
        now=now,
    )
    doubts = verdict.doubts
    if dates is not None:
        doubts += tuple(_against(work, claim.dose, dates, world))
        _move_on(work, dates, claim.dose, is_last=verdict.is_last, now=now)
    elif hers is not None:
        block(work, hers, Reason.VACCINATED, now=now)
    misfit = _misfit(work, claim.dose, dates, world, now) if dates and not verdict.is_last else None
    return Given(verdict.is_last, dates is not None, doubts, misfit)


def withdraw(work: Work, dose_id: int, *, by: str, because: str, now: datetime) -> WithdrawOutcome:
    """Take back a dose that was recorded by mistake, and what followed from it."""
    found = work.doses.get(dose_id)
    if found is None:
        return NoSuchDose()
    number = work.doses.number_of(dose_id)
    work.registrations.lock(number)
    hers = work.doses.of_person(number)
    if found.dose not in hers:
        return WithdrawnBefore()
    if hers[-1].number > found.dose.number:
        return FollowedBy(hers[-1].number)
    if not work.doses.withdraw(dose_id, by=by, because=because, now=now):
        return WithdrawnBefore()
    _move_back(work, found, has_others=len(hers) > 1)
    work.stock.count_given([(found.dose.site_id, found.dose.product, found.dose.given_on)])
    work.audit.note(by, f"dose {dose_id} withdrawn", registration_id=found.registration_id, now=now)
    return Withdrawn(found)


def _against(work: Work, dose: Dose, dates: Reservation, world: World) -> Iterator[str]:
    """What of a dose is not as it was booked."""
    site_id, product = work.rebooking.booked(dates, world)
    if site_id != dose.site_id:
        yield "given at another site than where she has dates"
    if product is not None and product.key != dose.product:
        yield f"{dose.product} was given, her dates are for {product.key}"


def _move_on(work: Work, dates: Reservation, dose: Dose, *, is_last: bool, now: datetime) -> None:
    rows = ReservationRows(work.db)
    if not is_last:
        rows.move(dates.reservation_id, Reserving.ARRIVED, now=now)
        return
    if dates.second and dates.second.day > dose.given_on:
        # She needs it no more: one dose was enough, or she had the second one earlier.
        rows.set_dates(dates, Pair(dates.first, None))
        Places(work.db).move(freed=[dates.second.slot_id])
    rows.move(dates.reservation_id, Reserving.COMPLETED, now=now)
    work.registrations.complete(dates.registration_id)


def _move_back(work: Work, found: Recorded, *, has_others: bool) -> None:
    if found.registration_id is None:
        return
    if found.reservation_id is None:
        if not has_others:
            work.blocks.lift(found.registration_id, [Reason.VACCINATED])
        return
    rows = ReservationRows(work.db)
    if not found.is_last:
        rows.move(found.reservation_id, Reserving.FIRST_WITHDRAWN)
        return
    is_second = found.dose.number > 1
    rows.move(found.reservation_id, Reserving.LAST_WITHDRAWN if is_second else Reserving.ONLY_WITHDRAWN)
    work.registrations.uncomplete(found.registration_id)


def _misfit(work: Work, dose: Dose, dates: Reservation, world: World, now: datetime) -> Misfit | None:
    """The second date, if it is still to come and does not suit the dose that was given."""
    second, window = dates.second, second_window(dose, world.products)
    if second is None or second.begins_at <= now or window is None:
        return None
    _, booked = work.rebooking.booked(dates, world)
    is_other = booked is not None and booked.key != dose.product
    if window[0] <= second.day <= window[1] and not is_other:
        return None
    free = work.rebooking.seconds(dates.registration_id, world, now=now, at_most=1)
    return Misfit(
        dates.registration_id,
        dates.reservation_id,
        second,
        dose.given_on,
        *window,
        is_other_vaccine=is_other,
        instead=next(iter(free), None),
    )
