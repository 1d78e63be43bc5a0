"""Services that nobody is invited to, on the real desk: what they are is a file, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from conversations.library import load_library
from conversations.lint import check
from conversations.shortcuts import shortcuts
from core.messages import SMS_CHANNEL, Address
from core.services import load_services
from core.sites.site import Kind
from core.store import tables as t
from core.store.figures import FigureBook
from core.store.numbers import NumbersBook
from core.store.offered import offered_sites
from core.store.work import Store
from core.world import World
from gateway.channels.loopback import Loopback
from gateway.compose import load_vaccines, load_world
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NUMBER, Town
from tests.workers.town import FIRST_DAY, NOW, SITE, add_site, vault

KINDS = (Kind.SAMPLING, Kind.OCM)
FLU = """
[vaccination]
label   = { cs = "očkování", en = "vaccination", uk = "щеплення" }
invited = true
rounds  = 2
kinds   = ["OČM"]

[flu]
label    = { cs = "očkování proti chřipce", en = "flu vaccination", uk = "щеплення від грипу" }
products = { influvac = "Influvac" }
kinds    = ["OČM"]
price    = 350
keywords = { any = ["FLU"], cs = ["CHRIPKA"] }
"""


def add_slots(store: Store, product: str, *, slots: int, capacity: int = 1) -> None:
    with store.begin() as work:
        calendar = insert(t.calendars).values(site_id=SITE, name=product, round="V1", product=product)
        calendar_id = work.db.execute(calendar.returning(t.calendars.c.calendar_id)).scalar_one()
        rows = [
            {
                "calendar_id": calendar_id,
                "begins_at": FIRST_DAY + timedelta(minutes=5 * n),
                "capacity": capacity,
            }
            for n in range(slots)
        ]
        work.db.execute(insert(t.slots), rows)


@pytest.fixture
def point(database: str) -> Iterator[Town]:
    """One sampling site with two slots for PCR tests."""
    store = Store.connect(database, vault(), connections=4)
    with store.begin() as work:
        add_site(work.db, name="Odběrové místo Jihlava")
        work.db.execute(t.sites.update().values(kind="ODBĚR", methods=["naso"]))
    add_slots(store, "pcr", slots=2)
    yield Town(store, replace(load_world()))
    store.close()


def order(point: Town, number: str = NUMBER, **said: object) -> str:
    """A PCR test, registered for and not yet chosen."""
    name = {"name": "Jana Nováková", "insurer": "111", "psc": "58601", "site": str(SITE)}
    ordered = point.perform("register", insurance_number=number, service="pcr", **{**name, **said})
    assert ordered.name == "registered"
    return str(ordered.values["registration"])


def book(point: Town, registration: str) -> str:
    """The soonest slot, held and confirmed; what came of it."""
    found = point.perform("find_pairs", registration=registration)
    picked = found.values["options"][0]["value"]
    assert point.perform("hold_pair", registration=registration, picked=picked).name == "held"
    return point.perform("confirm", registration=registration).name


def test_a_test_is_ordered_at_once_and_may_be_ordered_again_when_it_is_over(point: Town) -> None:
    assert book(point, order(point)) == "confirmed"
    again = {"insurance_number": NUMBER, "site": str(SITE), "service": "pcr"}
    assert point.perform("check_earlier", **again).name == "has_reservation"
    point.later(FIRST_DAY + timedelta(minutes=1) - point.now)
    assert point.perform("check_earlier", **again).name == "fresh"
    assert order(point)


def test_a_test_and_a_vaccination_of_one_person_do_not_meet(point: Town) -> None:
    book(point, order(point))
    with point.store.begin() as work:
        assert work.registrations.living(NUMBER) is None
        figures = FigureBook(work.db, work.vault).figures()
        numbers = NumbersBook(work.db)
        today = numbers.on(NOW.date())
        (orders,) = numbers.orders(until=NOW + timedelta(days=1))
    assert (figures.registrations, figures.waiting, figures.reservations) == (0, 0, 0)
    assert (today.registrations, today.reservations, today.waiting) == (0, 0, 0)
    assert (orders.service, orders.orders, orders.reservations) == ("pcr", 1, 1)


def test_only_sites_that_take_such_samples_and_have_room_are_offered(point: Town) -> None:
    def offers(service: str | None) -> str:
        return point.perform("find_sites", psc="58601", service=service).name

    assert (offers("pcr"), offers("antigen"), offers(None)) == ("found", "none", "none")
    for number in (NUMBER, "405123124"):
        book(point, order(point, number))
    assert offers("pcr") == "none"


def test_nothing_is_ordered_at_a_site_that_closed_meanwhile(point: Town) -> None:
    with point.store.begin() as work:
        work.db.execute(t.sites.update().values(is_active=False))
    said = {"name": "Jana Nováková", "insurer": "111", "psc": "58601", "site": str(SITE)}
    ordered = point.perform("register", insurance_number=NUMBER, service="pcr", **said)
    assert ordered.name == "site_closed"
    with point.store.begin() as work:
        assert work.db.scalars(select(t.registrations.c.registration_id)).all() == []


def test_a_self_payers_price_and_a_referral_are_kept(point: Town) -> None:
    order(point)
    order(point, "405123124", referral="2104123456")
    with point.store.begin() as work:
        rows = work.db.execute(select(t.registrations.c.referral, t.registrations.c.price)).all()
    assert sorted(map(tuple, rows), key=str) == [("2104123456", None), (None, 1756)]


def test_an_order_left_without_a_date_ends_and_one_that_holds_one_does_not(point: Town) -> None:
    order(point)
    choosing = order(point, "405123124")
    picked = point.perform("find_pairs", registration=choosing).values["options"][0]["value"]
    point.perform("hold_pair", registration=choosing, picked=picked)
    with point.store.begin() as work:
        assert work.orders.end_unfinished(NOW + timedelta(days=1), now=NOW) == 1


def test_the_status_names_the_test_until_it_is_over(point: Town) -> None:
    assert point.perform("my_status").name == "none"
    book(point, order(point))
    (told,) = point.perform("my_status").values["registrations"]
    assert (told["state"], told["service"]) == ("reserved", "PCR test")
    point.later(FIRST_DAY + timedelta(minutes=1) - point.now)
    assert point.perform("my_status").name == "none"


def test_a_third_service_is_added_by_a_file_alone(database: str) -> None:
    """From its keyword to its date, at a site that vaccinates against covid too."""
    services = load_services(FLU, load_vaccines())
    library = load_library(shortcuts=shortcuts(services))
    assert not check(library)
    store = Store.connect(database, vault(), connections=2)
    with store.begin() as work:
        add_site(work.db)
    add_slots(store, "influvac", slots=1)
    said = ("chripka", "ano", NUMBER, "Jan Novák", "111", "58601", "1", "1", "ano")
    answers = _talk(store, library, load_world(services=services), said)
    store.close()
    assert answers[0].startswith("Ockovani proti chripce bez zadanky stoji 350 Kc")
    assert answers[-1].startswith("Objednano: ockovani proti chripce, po 25.1. 9:00. Nemocnice Jihlava")


def test_what_one_configuration_offers_is_never_taken_for_another_ones(point: Town) -> None:
    """Each is gone before the next is made, which is then in the same place in memory."""
    services = point.world.services
    pcr = services.by_key["pcr"]
    of_kind = {kind: {**services.by_key, "pcr": replace(pcr, kinds=frozenset({kind}))} for kind in KINDS}

    def offered(kind: Kind) -> int:
        world = replace(point.world, services=replace(services, by_key=of_kind[kind])).seen_by("pcr")
        assert world
        with point.store.begin() as work:
            return len(offered_sites(work.db, world, now=point.now))

    assert [offered(kind) for kind in KINDS * 3] == [1, 0] * 3


def _talk(store: Store, library: object, world: World, said: tuple[str, ...]) -> list[str]:
    runner, loopback = TurnRunner(store, library, world), Loopback(store, by="test")
    answers = []
    for n, text in enumerate(said):
        now: datetime = NOW + timedelta(seconds=30 * n)
        loopback.say(JANA, text, now=now)
        runner.run_address(Address(SMS_CHANNEL, JANA), now)
        answers.append(" ".join(mt.text for mt in loopback.collect(JANA, now=now)))
    return answers
