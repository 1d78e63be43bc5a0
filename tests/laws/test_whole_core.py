"""Whatever happens, in whatever order: the laws of the whole core hold, on a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from core.store.work import Store
from tests.laws.life import life_on
from tests.workers.town import vault

BOUNDED = settings(
    max_examples=12,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=2)
    yield store
    store.close()


def test_the_laws_hold_whatever_happens(store: Store) -> None:
    run_state_machine_as_test(life_on(store), settings=BOUNDED)
