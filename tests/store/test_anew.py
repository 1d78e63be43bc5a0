"""Two transactions that wait for each other's rows, on a real PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.store import tables as t
from core.store.anew import MOST_TRIES, anew
from core.store.work import Store, Work
from tests.workers.town import add_person, add_site

WITHIN_SECONDS = 30
WAITS_FOR_ME = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)
# Who looks for a deadlock and finds one is broken off; the other never looks, however slow the machine is.
NEVER_BROKEN_OFF = text("SET LOCAL deadlock_timeout = '1h'")


def lock(work: Work, registration_id: int) -> None:
    r = t.registrations.c.registration_id
    work.db.execute(select(r).where(r == registration_id).with_for_update())


def cross(store: Store, guard: Callable[[Callable[[], int]], int]) -> int:
    """Another holds the second row and waits for the first one, which we have when we want the second."""
    with store.begin() as work:
        add_site(work.db)
        first, second = (add_person(work.db, n) for n in (1, 2))
    tries = 0
    is_taken = Event()

    def mine() -> int:
        nonlocal tries
        tries += 1
        with store.begin() as work:
            lock(work, first)
            is_taken.set()
            while tries == 1 and not work.db.scalar(WAITS_FOR_ME):
                pass
            lock(work, second)
            return second

    with ThreadPoolExecutor(1) as pool:
        with store.begin() as other:
            other.db.execute(NEVER_BROKEN_OFF)
            lock(other, second)
            taken = pool.submit(guard, mine)
            assert is_taken.wait(WITHIN_SECONDS)
            lock(other, first)
        return taken.result(timeout=WITHIN_SECONDS)


def test_the_deadlock_is_real_without_the_guard(store: Store) -> None:
    with pytest.raises(DBAPIError) as told:
        cross(store, lambda mine: mine())
    assert isinstance(told.value.orig, DeadlockDetected)


def test_whoever_is_broken_off_takes_both_in_the_end(store: Store) -> None:
    assert cross(store, anew) == 2


def test_what_fails_for_another_reason_or_again_and_again_is_told(store: Store) -> None:
    tries = []

    def fails(error: BaseException) -> None:
        tries.append(error)
        raise IntegrityError("", None, error)

    with pytest.raises(IntegrityError):
        anew(lambda: fails(ValueError()))
    assert len(tries) == 1
    with pytest.raises(IntegrityError):
        anew(lambda: fails(DeadlockDetected()))
    assert len(tries) == 1 + MOST_TRIES
