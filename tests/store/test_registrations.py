"""The queue: who stands where."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from core.store.work import Store
from tests.workers.town import NOW, OTHER_SITE, SITE, add_person, add_site, vault


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE)
    yield store
    store.close()


def test_the_queue_is_who_came_back_then_score_then_age_then_time(store):
    hour = timedelta(hours=1)
    with store.begin() as work:
        late = add_person(work.db, 1, at=NOW - hour)
        teacher = add_person(work.db, 2, score=6, born=date(1960, 1, 1))
        oldest = add_person(work.db, 3, born=date(1925, 5, 5), at=NOW - hour)
        early = add_person(work.db, 4, at=NOW - 3 * hour)
        back = add_person(work.db, 5, score=0, state="returned")
        add_person(work.db, 6, site_id=OTHER_SITE)
        add_person(work.db, 7, state="invited")
        add_person(work.db, 8, state="blocked", blocked_because="newer registration", ended_at=NOW)
        book = work.registrations
        people = [back, oldest, early, late, teacher]
        assert [book.place(book.get(person)) for person in people] == [1, 2, 3, 4, 5]
        assert book.queue_length(SITE) == 5
        assert book.place_of_new(SITE, score=13, birth_date=date(1940, 1, 1), now=NOW) == 5


def test_five_wrong_pins_block_but_never_who_has_dates(store):
    with store.begin() as work:
        book = work.registrations
        invited = add_person(work.db, 1, state="invited")
        reserved = add_person(work.db, 2, state="reserved", reserved_at=NOW)
        counts = [book.count_wrong_pins([invited, reserved]) for _ in range(5)]
        assert counts == [1, 2, 3, 4, 5]
        assert [book.get(each).state for each in (invited, reserved)] == ["blocked", "reserved"]
        assert book.count_wrong_pins([]) == 0


def test_only_an_invited_person_is_sent_back_and_only_a_queued_one_reserves(store):
    with store.begin() as work:
        book = work.registrations
        waiting = add_person(work.db, 1)
        blocked = add_person(work.db, 2, state="blocked", blocked_because="wrong PINs")
        assert not book.send_back(waiting)
        assert book.reserve(waiting, now=NOW)
        assert not book.reserve(blocked, now=NOW)
