"""A desk on a real PostgreSQL: one site near Jihlava with dates, and whoever writes to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from conversations.events import Act, Outcome
from conversations.library import load_library
from conversations.verbs import VERBS, check_outcome
from core.messages import Address
from core.store.work import Store
from core.world import World
from gateway.compose import load_world
from gateway.turns.backlog import Backlog
from gateway.turns.desk import Desk
from gateway.turns.proving import Post
from tests.workers.town import NOW, OTHER_SITE, SITE, add_dates, add_site, vault

JANA = "+420601000001"
NEIGHBOUR = "+420602000002"
NUMBER = "405123123"
MUCH_LATER = datetime(2021, 3, 22, 8, tzinfo=UTC)
WORDS = load_library().words


@dataclass
class Town:
    """The store, the world and the time; `perform` holds every outcome to the table of verbs."""

    store: Store
    world: World
    now: datetime = NOW
    random: Random = field(default_factory=lambda: Random(1))

    def perform(self, verb: str, phone: str = JANA, *, channel: str = "sms", **said: Any) -> Outcome:
        arguments = dict.fromkeys(VERBS[verb].arguments) | {"page": 0, "language": "cs"} | said
        with self.store.begin() as work:
            post = Post(WORDS, (), Backlog({}), self.random)
            desk = Desk(work, self.world, Address(channel, phone), post, now=self.now)
            outcome = desk.perform(Act(verb, arguments))
        assert not check_outcome(verb, outcome.name, outcome.values)
        return outcome

    def register(self, number: str = NUMBER, site=SITE, phone: str = JANA, **said: Any) -> Outcome:
        return self.perform(
            "register",
            phone,
            **{
                "insurance_number": number,
                "name": "Jana Nováková",
                "insurer": "111",
                "psc": "58601",
                "site": str(site),
                "group": "age_80",
            }
            | said,
        )

    def invite(self, size: int = 1) -> list[str]:
        """The PIN2 of the next people of the site."""
        with self.store.begin() as work:
            wave = work.invitations.invite(
                SITE,
                size,
                policy="test",
                inputs={},
                approved_by="test",
                now=self.now,
                random=self.random,
            )
        return [each.pin for each in wave.invited] if wave else []

    def opened(self, **who: Any) -> str:
        """A registration that may choose its dates."""
        self.register(**who)
        (pin,) = self.invite()
        return str(self.perform("enter_pin", who.get("phone", JANA), pin=pin).values["registration"])

    def later(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture(scope="session")
def world() -> World:
    return load_world()


@pytest.fixture
def empty_town(database: str, world: World) -> Iterator[Town]:
    """Two sites, and no dates at all."""
    store = Store.connect(database, vault(), connections=4)
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
    yield Town(store, replace(world))
    store.close()


@pytest.fixture
def town(empty_town: Town) -> Town:
    """Six pairs of dates at the first site, and one much later at the other."""
    with empty_town.store.begin() as work:
        add_dates(work.db, pairs=6)
        add_dates(work.db, pairs=1, site_id=OTHER_SITE, first=MUCH_LATER)
    return empty_town
