"""A workshop on a real database, with one site and a clock that stands still."""

from collections.abc import Iterator
from random import Random

import pytest

from core.routing import OperatorChoice
from core.store.work import Store
from gateway.compose import App, load_world
from tests.workers.town import HOURS, NOW, add_site, vault
from workers.workshop import Workshop, install


@pytest.fixture(scope="session")
def library():
    return App().library


@pytest.fixture(scope="session")
def world():
    return load_world()


@pytest.fixture
def workshop(database: str, library, world) -> Iterator[Workshop]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
    shop = Workshop(
        store,
        library,
        world,
        (OperatorChoice("o2"), OperatorChoice("vodafone")),
        HOURS,
        Random(1),
        lambda: NOW,
    )
    install(shop)
    yield shop
    store.close()
