"""Dates that change: the old ones stay until the new are sure, and no place is lost or given twice."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from core.calendars.calendar import PRAGUE
from core.sites.pauses import Pause
from core.sites.record import Origin
from core.states import RESERVATION, Registering, Reserving
from core.store import tables as t
from core.store.attendance import arrive, finish, miss
from core.store.moving_days import move
from core.store.outcomes import OutcomeBook
from core.store.rebooking import Changed, ChangeOutcome, NothingToChange, RebookingBook
from core.store.reservation_rows import Picked, Reservation, ReservationRows
from core.store.reservations import Lapsed, PairTaken
from core.store.work import Store
from core.world import World
from gateway.compose import load_world
from tests.workers.town import FIRST_DAY, NOW, SITE, THREE_WEEKS, add_dates, add_person, add_site, hold, vault

PAIRS = 6
A_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=12)
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


@pytest.fixture
def pairs(store: Store) -> list[Picked]:
    with store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=PAIRS)
    return [Picked(*ids) for ids in zip(firsts, seconds, strict=True)]


def dated(store: Store, number: int, pair: Picked, state: str = "confirmed") -> int:
    with store.begin() as work:
        registration_id = add_person(work.db, number, state="reserved", reserved_at=NOW)
        hold(work.db, registration_id, pair.first_id, pair.second_id, state=state)
    return registration_id


def places_agree(store: Store) -> bool:
    with store.begin() as work:
        return OutcomeBook(work.db).miscounted_slots() == 0


def slots_of(store: Store, registration_id: int) -> tuple[int, ...]:
    with store.begin() as work:
        dates = work.rebooking.dates_of(registration_id)
    return dates.slot_ids if dates else ()


def test_the_old_dates_stay_hers_until_the_new_are_confirmed(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    old = (pairs[0].first_id, pairs[0].second_id)
    with store.begin() as work:
        held = work.rebooking.hold_new(anna, pairs[1], site_id=SITE, world=world, now=NOW)
        assert isinstance(held, Reservation)
    assert slots_of(store, anna) == old
    assert places_agree(store)
    with store.begin() as work:
        changed = work.rebooking.exchange(anna, world=world, now=NOW)
    assert isinstance(changed, Changed)
    assert slots_of(store, anna) == (pairs[1].first_id, pairs[1].second_id)
    assert places_agree(store)


def test_a_change_that_fails_keeps_the_old_dates(store, world, pairs):
    anna, eva = dated(store, 1, pairs[0]), dated(store, 2, pairs[1])
    with store.begin() as work:
        assert isinstance(
            work.rebooking.hold_new(anna, pairs[1], site_id=SITE, world=world, now=NOW), PairTaken
        )
        assert isinstance(work.rebooking.exchange(anna, world=world, now=NOW), Lapsed)
    assert slots_of(store, anna) == (pairs[0].first_id, pairs[0].second_id)
    assert slots_of(store, eva) == (pairs[1].first_id, pairs[1].second_id)
    assert places_agree(store)


def test_a_lapsed_change_that_somebody_else_took_leaves_the_old_dates(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    later = NOW + 2 * world.hold_for
    with store.begin() as work:
        work.rebooking.hold_new(anna, pairs[1], site_id=SITE, world=world, now=NOW)
        assert work.reservations.release_lapsed(later) == 1
    dated(store, 2, pairs[1])
    with store.begin() as work:
        assert isinstance(work.rebooking.exchange(anna, world=world, now=later), Lapsed)
    assert slots_of(store, anna) == (pairs[0].first_id, pairs[0].second_id)
    assert places_agree(store)


def test_the_second_date_alone_can_be_moved(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    with store.begin() as work:
        offered = work.rebooking.seconds(anna, world, now=NOW, at_most=10)
        assert [slot.slot_id for slot in offered] == [pair.second_id for pair in pairs[1:]]
        changed = work.rebooking.change_second(anna, offered[2].slot_id, world=world, now=NOW)
    assert isinstance(changed, Changed)
    assert slots_of(store, anna) == (pairs[0].first_id, pairs[3].second_id)
    assert places_agree(store)


@pytest.mark.usefixtures("second_days_paused")
def test_no_second_date_is_on_a_day_on_which_the_site_pauses(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    with store.begin() as work:
        assert work.rebooking.seconds(anna, world, now=NOW, at_most=10) == []
        refused = work.rebooking.change_second(anna, pairs[1].second_id, world=world, now=NOW)
    assert isinstance(refused, PairTaken)
    assert slots_of(store, anna) == (pairs[0].first_id, pairs[0].second_id)


@pytest.fixture
def second_days_paused(store: Store) -> None:
    day = (FIRST_DAY + THREE_WEEKS).date()
    with store.begin() as work:
        work.pauses.begin(SITE, Pause(day, day + A_DAY, "painting"), Origin("Eva", "by hand"), now=NOW)


@pytest.mark.usefixtures("second_days_paused")
def test_a_site_moves_nobody_to_a_day_on_which_it_pauses(store, world, pairs):
    with store.begin() as work:
        calendar_id = work.db.scalar(
            select(t.slots.c.calendar_id).where(t.slots.c.slot_id == pairs[0].second_id)
        )
        free = work.site_days.free(calendar_id, (FIRST_DAY + THREE_WEEKS).date(), since=NOW)
    assert free == []


def test_a_second_date_outside_the_interval_is_refused(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    with store.begin() as work:
        far = work.db.execute(
            update(t.slots)
            .where(t.slots.c.slot_id == pairs[1].second_id)
            .values(begins_at=t.slots.c.begins_at + timedelta(days=9))
            .returning(t.slots.c.slot_id)
        ).scalar_one()
        refused = work.rebooking.change_second(anna, far, world=world, now=NOW)
    assert isinstance(refused, PairTaken)
    assert places_agree(store)


def test_cancelling_frees_both_places_and_the_planner_sees_them(store, world, pairs):
    people = [dated(store, number, pair) for number, pair in enumerate(pairs)]
    with store.begin() as work:
        assert work.reservations.offers(SITE, world, now=NOW, at_most=9) == []
        work.rebooking.cancel(people[2], now=NOW)
        assert work.registrations.release(people[2], Registering.CANCELLED)
    with store.begin() as work:
        (free,) = work.reservations.offers(SITE, world, now=NOW, at_most=9)
        assert (free.first.slot_id, free.second.slot_id) == (pairs[2].first_id, pairs[2].second_id)
        assert work.registrations.get(people[2]).state == "waiting"
        assert work.invitations.waiting(SITE) == 1
    assert places_agree(store)


def test_nobody_cancels_what_has_begun(store, pairs):
    anna = dated(store, 1, pairs[0])
    with store.begin() as work:
        assert isinstance(work.rebooking.cancel(anna, now=FIRST_DAY), NothingToChange)


def test_who_loses_her_dates_does_not_keep_a_hold_of_others(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    with store.begin() as work:
        work.rebooking.hold_new(anna, pairs[1], site_id=SITE, world=world, now=NOW)
        dates = work.rationing.lock_dates(anna)
        assert dates
        work.rationing.take_away(dates)
    with store.begin() as work:
        assert len(work.reservations.offers(SITE, world, now=NOW, at_most=9)) == PAIRS
    assert places_agree(store)


# -- Races ---------------------------------------------------------------------------------------------------


class Unlocked(ReservationRows):
    """The guard switched off; both read before either writes."""

    def __init__(self, db, barrier: threading.Barrier) -> None:
        super().__init__(db)
        self._barrier = barrier

    def lock(self, registration_id: int) -> None:
        pass

    def living(self, registration_id: int) -> Reservation | None:
        found = super().living(registration_id)
        self._barrier.wait()
        return found


def two_changes_at_once(store, world, anna, pairs, barrier: threading.Barrier | None) -> None:
    """She moves her second date by SMS and in a chat at one moment."""

    def change(slot_id: int) -> None:
        with store.begin() as work:
            book = RebookingBook(work.db)
            if barrier:
                book._rows = Unlocked(work.db, barrier)
            book.change_second(anna, slot_id, world=world, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, [pairs[1].second_id, pairs[2].second_id]))


def test_two_changes_at_once_give_a_place_back_twice_when_the_guard_is_off(store, world, pairs):
    anna = dated(store, 1, pairs[0])
    with pytest.raises(IntegrityError, match="taken_not_negative"):
        two_changes_at_once(store, world, anna, pairs, threading.Barrier(2, timeout=10))


@pytest.mark.parametrize("again", range(5))
def test_two_changes_at_once_go_one_after_the_other(store, world, pairs, again):
    anna = dated(store, 1, pairs[0])
    two_changes_at_once(store, world, anna, pairs, None)
    assert slots_of(store, anna)[1] in (pairs[1].second_id, pairs[2].second_id)
    assert places_agree(store)


class Interrupted(ReservationRows):
    """Another turn does its whole work between the first look and the first change."""

    def __init__(self, db, meanwhile: Callable[[], None], *, is_locked: bool, compares: bool = True) -> None:
        super().__init__(db)
        self._meanwhile = meanwhile
        self._is_locked = is_locked
        self._compares = compares

    def lock(self, registration_id: int) -> None:
        if self._is_locked:
            super().lock(registration_id)

    def latest(self, registration_id: int) -> Reservation | None:
        return self._seen(super().latest(registration_id))

    def change_of(self, registration_id: int) -> Reservation | None:
        return self._seen(super().change_of(registration_id))

    def move(self, reservation_id: int, event: Reserving, *, now=None) -> bool:
        if self._compares:
            return super().move(reservation_id, event, now=now)
        same = t.reservations.c.reservation_id == reservation_id
        self._db.execute(update(t.reservations).where(same).values(state=RESERVATION.after(event)))
        return True

    def _seen(self, found: Reservation | None) -> Reservation | None:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return found


def lapsed_hold(store, world, pair: Picked) -> int:
    with store.begin() as work:
        anna = add_person(work.db, 1, state="invited")
        assert isinstance(work.reservations.hold(anna, pair, site_id=SITE, world=world, now=NOW), Reservation)
        assert work.reservations.release_lapsed(NOW + 2 * world.hold_for) == 1
    return anna


def confirm_and_cancel(store, world, anna: int) -> None:
    """She confirms by SMS, and cancels in a chat at once."""
    later = NOW + 2 * world.hold_for
    with store.begin() as work:
        confirmed = work.reservations.confirm(anna, world=world, now=later)
    if isinstance(confirmed, Reservation):
        with store.begin() as work:
            work.rebooking.cancel(anna, now=later)


def test_a_cancelled_date_is_confirmed_when_the_guard_is_off(store, world, pairs):
    anna = lapsed_hold(store, world, pairs[0])
    with store.begin() as work:
        work.reservations._rows = Interrupted(
            work.db, lambda: confirm_and_cancel(store, world, anna), is_locked=False
        )
        confirmed = work.reservations.confirm(anna, world=world, now=NOW + 2 * world.hold_for)
    assert isinstance(confirmed, Reservation)
    assert not slots_of(store, anna)
    assert not places_agree(store)


@pytest.mark.parametrize("again", range(5))
def test_confirming_and_cancelling_at_once_go_one_after_the_other(store, world, pairs, again):
    anna = lapsed_hold(store, world, pairs[0])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: confirm_and_cancel(store, world, anna), range(2)))
    assert places_agree(store)


def changed_while_it_lapses(store, world, pairs, *, compares: bool) -> tuple[int, ChangeOutcome]:
    """She confirms other dates in the moment in which their hold is released."""
    anna = dated(store, 1, pairs[0])
    later = NOW + 2 * world.hold_for
    with store.begin() as work:
        work.rebooking.hold_new(anna, pairs[1], site_id=SITE, world=world, now=NOW)

    def release() -> None:
        with store.begin() as work:
            assert work.reservations.release_lapsed(later) == 1

    with store.begin() as work:
        work.rebooking._rows = Interrupted(work.db, release, is_locked=True, compares=compares)
        changed = work.rebooking.exchange(anna, world=world, now=later)
    return anna, changed


def test_a_released_hold_is_taken_without_a_place_when_nobody_compares_its_state(store, world, pairs):
    _, changed = changed_while_it_lapses(store, world, pairs, compares=False)
    assert isinstance(changed, Changed)
    assert not places_agree(store)


def test_a_hold_that_is_released_meanwhile_leaves_her_the_old_dates(store, world, pairs):
    anna, changed = changed_while_it_lapses(store, world, pairs, compares=True)
    assert isinstance(changed, Lapsed)
    assert slots_of(store, anna) == (pairs[0].first_id, pairs[0].second_id)
    assert places_agree(store)


@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_of_changes_no_place_is_lost_or_given_twice(store, world, pairs, seed):
    people = [dated(store, number, pair) for number, pair in enumerate(pairs[:4])]
    later = NOW + 2 * world.hold_for

    def act(number: int) -> None:
        random = Random(100 * seed + number)
        for _ in range(15):
            anna = random.choice(people)
            with store.begin() as work:
                match random.randrange(6):
                    case 0 | 1:
                        picked = random.choice(pairs)
                        work.rebooking.hold_new(anna, picked, site_id=SITE, world=world, now=NOW)
                    case 2:
                        work.rebooking.exchange(anna, world=world, now=random.choice([NOW, later]))
                    case 3:
                        work.reservations.release_lapsed(later)
                    case 4:
                        second = random.choice(pairs).second_id
                        work.rebooking.change_second(anna, second, world=world, now=NOW)
                    case _:
                        work.rebooking.let_go_new(anna)
            if random.random() < 0.1:
                with store.begin() as work:
                    if isinstance(work.rebooking.cancel(anna, now=NOW), Reservation):
                        work.registrations.release(anna, Registering.CANCELLED)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(6)))
    assert places_agree(store)


# -- The law -------------------------------------------------------------------------------------------------

ACTS = ("hold", "confirm", "let go", "change", "exchange", "second", "cancel", "release", "arrive", "finish")
STEP = st.tuples(
    st.sampled_from((*ACTS, "miss", "move", "wait")), st.integers(0, 3), st.integers(0, PAIRS - 1)
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=25))
def test_places_taken_are_those_of_living_reservations_whatever_happens(store, world, pairs, steps):
    with store.begin() as work:
        work.db.execute(delete(t.reservations).where(t.reservations.c.changing_of.is_not(None)))
        work.db.execute(delete(t.reservations))
        work.db.execute(update(t.slots).values(taken=0))
        work.db.execute(delete(t.registrations))
        people = [add_person(work.db, number, state="invited") for number in range(4)]
    now = NOW
    for act, who, which in steps:
        anna, picked = people[who], pairs[which]
        with store.begin() as work:
            reservation = work.db.scalar(
                select(t.reservations.c.reservation_id)
                .where(t.reservations.c.registration_id == anna, t.reservations.c.changing_of.is_(None))
                .order_by(t.reservations.c.reservation_id.desc())
                .limit(1)
            )
            match act:
                case "hold":
                    work.reservations.hold(anna, picked, site_id=SITE, world=world, now=now)
                case "confirm":
                    if isinstance(work.reservations.confirm(anna, world=world, now=now), Reservation):
                        work.registrations.reserve(anna, now=now)
                case "let go":
                    work.reservations.let_go(anna)
                    work.rebooking.let_go_new(anna)
                case "change":
                    work.rebooking.hold_new(anna, picked, site_id=SITE, world=world, now=now)
                case "exchange":
                    work.rebooking.exchange(anna, world=world, now=now)
                case "second":
                    work.rebooking.change_second(anna, picked.second_id or 0, world=world, now=now)
                case "cancel":
                    if isinstance(work.rebooking.cancel(anna, now=now), Reservation):
                        work.registrations.release(anna, Registering.CANCELLED)
                case "release":
                    work.reservations.release_lapsed(now)
                case "arrive" if reservation:
                    arrive(work, reservation, now=now)
                case "finish" if reservation:
                    finish(work, reservation, now=now)
                case "miss":
                    list(miss(work, SITE, now.astimezone(PRAGUE).date() - timedelta(days=1), now=now))
                case "move":
                    for visit in work.site_days.visits(SITE, FIRST_DAY.date()):
                        move(work, visit, FIRST_DAY.date(), world=world, now=now)
                case "wait":
                    now += timedelta(minutes=40) if which < PAIRS - 2 else timedelta(days=2)
        assert places_agree(store)
