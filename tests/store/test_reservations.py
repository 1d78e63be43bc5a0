"""Places: never given twice, whatever races."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, insert, or_, select, text, update

from core.store import tables as t
from core.store.reservation_rows import Picked, Reservation, ReservationRows
from core.store.reservations import PairTaken
from core.store.work import Store
from core.world import World
from gateway.compose import load_world
from tests.workers.town import FIRST_DAY, NOW, SITE, add_dates, add_people, add_site, vault

PEOPLE, PAIRS = 200, 50


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=16)
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


def one_slot_pair(store: Store) -> tuple[list[int], Picked]:
    """Two hundred people, and one first and one second slot with fifty places each."""
    with store.begin() as work:
        people = add_people(work.db, PEOPLE)
        (first,), (second,) = add_dates(work.db, pairs=1)
        work.db.execute(update(t.slots).values(capacity=PAIRS))
    return people, Picked(first, second)


def at_once(people: list[int], take: Callable[[int], bool]) -> int:
    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(take, people))


def places_agree(store: Store) -> bool:
    """For every slot: taken = held + confirmed."""
    v, s = t.reservations.c, t.slots.c
    slots = (v.first_slot_id, v.second_slot_id)
    counted = (
        select(func.count())
        .where(v.state.in_(["held", "confirmed"]), or_(*(c == s.slot_id for c in slots)))
        .scalar_subquery()
    )
    with store.begin() as work:
        return work.db.execute(select(s.slot_id).where(s.taken != counted)).first() is None


def test_the_race_is_real_when_the_guard_is_off(store):
    people, picked = one_slot_pair(store)
    s = t.slots.c

    def read_then_write(registration_id: int) -> bool:
        with store.begin() as work:
            free = work.db.execute(
                select(s.slot_id).where(s.slot_id == picked.first_id, s.taken < PAIRS)
            ).first()
            if free is None:
                return False
            work.db.execute(text("SELECT pg_sleep(0.005)"))
            work.db.execute(update(t.slots).where(s.slot_id == picked.first_id).values(taken=s.taken + 1))
            return True

    with store.begin() as work:
        work.db.execute(text("ALTER TABLE slots DROP CONSTRAINT ck_slots_never_overbooked"))
    assert at_once(people, read_then_write) > PAIRS


def test_of_200_people_at_once_exactly_50_get_the_50_pairs(store, world):
    people, picked = one_slot_pair(store)

    def hold(registration_id: int) -> bool:
        with store.begin() as work:
            held = work.reservations.hold(registration_id, picked, site_id=SITE, world=world, now=NOW)
        return isinstance(held, Reservation)

    assert at_once(people, hold) == PAIRS
    with store.begin() as work:
        assert set(work.db.scalars(select(t.slots.c.taken))) == {PAIRS}
        assert work.db.scalar(select(func.count()).select_from(t.reservations)) == PAIRS
    assert places_agree(store)


def test_people_who_choose_among_many_slots_at_once_share_them_all(store, world):
    with store.begin() as work:
        people = add_people(work.db, PEOPLE)
        add_dates(work.db, pairs=PAIRS)

    def book(registration_id: int) -> bool:
        random = Random(registration_id)
        for _ in range(100):
            with store.begin() as work:
                pairs = work.reservations.offers(SITE, world, now=NOW, at_most=20)
                if not pairs:
                    return False
                pair = random.choice(pairs)
                picked = Picked(pair.first.slot_id, pair.second.slot_id if pair.second else None)
                work.reservations.hold(registration_id, picked, site_id=SITE, world=world, now=NOW)
            with store.begin() as work:
                if isinstance(work.reservations.confirm(registration_id, world=world, now=NOW), Reservation):
                    return True
        return False

    assert at_once(people, book) == PAIRS
    with store.begin() as work:
        assert set(work.db.scalars(select(t.slots.c.taken))) == {1}
    assert places_agree(store)


def test_a_failed_hold_keeps_what_was_held_before(store, world):
    with store.begin() as work:
        jana, karel = add_people(work.db, 2)
        firsts, seconds = add_dates(work.db, pairs=2)
        pairs = [Picked(*ids) for ids in zip(firsts, seconds, strict=True)]
        book = work.reservations
        book.hold(jana, pairs[0], site_id=SITE, world=world, now=NOW)
        book.hold(karel, pairs[1], site_id=SITE, world=world, now=NOW)
        refused = book.hold(jana, pairs[1], site_id=SITE, world=world, now=NOW)
        assert isinstance(refused, PairTaken)
        kept = book.living_of(jana)
        assert kept is not None
        assert kept.first.slot_id == firsts[0]
    assert places_agree(store)


def test_a_second_hold_frees_the_first(store, world):
    with store.begin() as work:
        (jana,) = add_people(work.db, 1)
        firsts, seconds = add_dates(work.db, pairs=2)
        for picked in (Picked(firsts[0], seconds[0]), Picked(firsts[1], seconds[0])):
            assert isinstance(
                work.reservations.hold(jana, picked, site_id=SITE, world=world, now=NOW), Reservation
            )
        rows = {r.slot_id: r.taken for r in work.db.execute(select(t.slots.c.slot_id, t.slots.c.taken))}
    assert rows == {firsts[0]: 0, firsts[1]: 1, seconds[0]: 1, seconds[1]: 0}


class LapsedMeanwhile(ReservationRows):
    """What she holds lapses between the look at it and the first change."""

    def __init__(self, db, lapse: Callable[[], None], *, is_guarded: bool) -> None:
        super().__init__(db)
        self._lapse = lapse
        self._is_guarded = is_guarded

    def living(self, registration_id: int) -> Reservation | None:
        found = super().living(registration_id)
        self._lapse()
        return found

    def keep(self, held: Reservation) -> bool:
        return super().keep(held) if self._is_guarded else True


def hold_another_as_the_first_lapses(store: Store, world: World, *, is_guarded: bool) -> None:
    """Another process releases her hold while she picks other dates; Karel has the second place there."""
    with store.begin() as work:
        jana, karel = add_people(work.db, 2)
        firsts, seconds = add_dates(work.db, pairs=2)
        work.db.execute(update(t.slots).values(capacity=2))
        pairs = [Picked(*ids) for ids in zip(firsts, seconds, strict=True)]
        for person in (jana, karel):
            work.reservations.hold(person, pairs[0], site_id=SITE, world=world, now=NOW)
    late = NOW + world.hold_for
    with store.begin() as work:
        work.reservations.confirm(karel, world=world, now=NOW)

    def lapse() -> None:
        with store.begin() as other:
            assert other.reservations.release_lapsed(late) == 1

    with store.begin() as work:
        work.reservations._rows = LapsedMeanwhile(work.db, lapse, is_guarded=is_guarded)
        held = work.reservations.hold(jana, pairs[1], site_id=SITE, world=world, now=late)
        assert isinstance(held, Reservation)


def test_a_hold_that_lapses_at_that_moment_is_freed_twice_when_the_guard_is_off(store, world):
    hold_another_as_the_first_lapses(store, world, is_guarded=False)
    assert not places_agree(store), "Karel's place counts as free"


def test_a_hold_that_lapses_at_that_moment_is_freed_once(store, world):
    hold_another_as_the_first_lapses(store, world, is_guarded=True)
    assert places_agree(store)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_people_do_taken_is_held_plus_confirmed(store, world, seed):
    random = Random(seed)
    now = NOW
    with store.begin() as work:
        people = add_people(work.db, 6)
        firsts, seconds = add_dates(work.db, pairs=4)
    for _ in range(80):
        person = random.choice(people)
        with store.begin() as work:
            match random.choice(["hold", "hold", "hold", "confirm", "let go", "release", "wait"]):
                case "hold":
                    picked = Picked(random.choice(firsts), random.choice(seconds))
                    work.reservations.hold(person, picked, site_id=SITE, world=world, now=now)
                case "confirm" if random.random() < 0.3:
                    work.reservations.confirm(person, world=world, now=now)
                case "let go":
                    work.reservations.let_go(person)
                case "release":
                    work.reservations.release_lapsed(now)
                case "wait":
                    now += timedelta(minutes=random.randrange(40))
                case _:
                    continue
        assert places_agree(store)


def test_a_single_dose_needs_no_second_date(store, world):
    with store.begin() as work:
        (jana,) = add_people(work.db, 1)
        firsts, _ = add_dates(work.db, pairs=2, product="janssen")
        offers = work.reservations.offers(SITE, world, now=NOW, at_most=5)
        assert [(p.first.slot_id, p.second) for p in offers] == [(first, None) for first in firsts]
        held = work.reservations.hold(jana, Picked(firsts[0], None), site_id=SITE, world=world, now=NOW)
        assert isinstance(held, Reservation)
        assert held.second is None


def test_pairs_agree_with_the_pure_choice_of_core(store, world):
    from core.calendars import Round, pair_up  # noqa: PLC0415

    random = Random(3)
    with store.begin() as work:
        first_ids, second_ids = add_dates(work.db, pairs=1)
        for ids, begins in ((first_ids, FIRST_DAY), (second_ids, FIRST_DAY + timedelta(days=19))):
            calendar = work.db.scalar(select(t.slots.c.calendar_id).where(t.slots.c.slot_id == ids[0]))
            moments = {
                begins + timedelta(days=random.randrange(9), minutes=7 * random.randrange(60))
                for _ in range(60)
            }
            rows = [
                {
                    "calendar_id": calendar,
                    "begins_at": m + timedelta(seconds=1),
                    "capacity": 2,
                    "taken": random.randrange(3),
                }
                for m in moments
            ]
            work.db.execute(insert(t.slots), rows)
        calendars = {c.round: c for c in work.calendars.of_site(SITE)}
        product = world.products.find("comirnaty")
        pure = pair_up(
            calendars[Round.FIRST].slots,
            calendars[Round.SECOND].slots,
            product.interval_on,
            now=NOW,
            lead=world.lead,
        )
        assert work.reservations.offers(SITE, world, now=NOW, at_most=1_000) == pure
