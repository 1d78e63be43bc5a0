"""The verbs of registration and status on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from conversations.events import Act
from conversations.verbs import BUSY, VERBS
from core.messages import Address
from core.store import tables as t
from gateway.turns.backlog import Backlog
from gateway.turns.desk import Desk
from gateway.turns.proving import Post
from tests.turns.conftest import JANA, NEIGHBOUR, NUMBER, WORDS
from tests.workers.town import NOW, OTHER_SITE, SITE, add_dates, add_person


def test_every_verb_is_performed_and_an_unheard_one_is_busy(town):
    with town.store.begin() as work:
        post = Post(WORDS, (), Backlog({}), town.random)
        desk = Desk(work, town.world, Address("sms", JANA), post, now=NOW)
        assert set(desk.verbs) == set(VERBS)
        assert desk.perform(Act("fly", {})).name == BUSY


@pytest.mark.parametrize(
    ("typed", "outcome", "told"),
    [
        pytest.param("405123/123", "valid", {"birth_year": 1940}, id="valid"),
        pytest.param(
            "8001014599",
            "suspicious",
            {"reason": "check_digit", "birth_date": "1980-01-01", "doubted": ""},
            id="digit",
        ),
        pytest.param(
            "8102293115",
            "suspicious",
            {"reason": "no_such_date", "birth_date": None, "doubted": "29.2."},
            id="no such day",
        ),
        pytest.param("40512312", "impossible", {"reason": "digits_count", "doubted": "8"}, id="eight digits"),
    ],
)
def test_a_number_gets_its_verdict(town, typed, outcome, told):
    found = town.perform("check_number", insurance_number=typed)
    assert (found.name, found.values) == (outcome, told)


def test_only_sites_with_an_open_gate_are_found(empty_town):
    with empty_town.store.begin() as work:
        add_dates(work.db, pairs=1)
    found = empty_town.perform("find_sites", psc="586 01")
    assert [o["value"] for o in found.values["options"]] == [str(SITE)]
    assert empty_town.perform("find_sites", psc="99999").name == "unknown_psc"


def test_without_an_open_site_none_is_found(empty_town):
    assert empty_town.perform("find_sites", psc="58601").name == "none"


def test_a_site_whose_dates_were_just_imported_is_found_at_once(empty_town):
    assert empty_town.perform("find_sites", psc="58601").name == "none"
    with empty_town.store.begin() as work:
        add_dates(work.db, pairs=1)
    assert empty_town.perform("find_sites", psc="58601").name == "found"


@pytest.mark.parametrize(
    ("day", "number", "group", "expected"),
    [
        pytest.param(date(2021, 1, 22), NUMBER, None, ("given", {"group": "age_80"}), id="age decides"),
        pytest.param(
            date(2021, 1, 22), "475123123", None, ("not_open", {"opens_on": "2021-03-01"}), id="too early"
        ),
        pytest.param(
            date(2021, 1, 27), "475123123", None, ("choose", {"more": False}), id="a group may be theirs"
        ),
        pytest.param(
            date(2021, 1, 27), "475123123", "none", ("not_open", {"label": "70 až 79 let"}), id="none fits"
        ),
        pytest.param(
            date(2021, 1, 27),
            "475123123",
            "health_workers",
            ("given", {"group": "health_workers"}),
            id="chosen",
        ),
        pytest.param(
            date(2021, 3, 2), "475123123", "none", ("given", {"group": "age_70"}), id="by age after all"
        ),
        pytest.param(
            date(2021, 3, 2),
            "6001014590",
            "school_staff",
            ("needs_code", {"label": "pracovníci škol"}),
            id="code",
        ),
        pytest.param(date(2021, 3, 2), NUMBER, "no such group", ("not_open", {}), id="unknown group"),
    ],
)
def test_the_group_is_given_asked_or_not_open_yet(town, day, number, group, expected):
    outcome, told = expected
    town.now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = town.perform("find_group", insurance_number=number, group=group)
    assert found.name == outcome
    assert told.items() <= found.values.items()


def test_nobody_gets_ahead_by_their_word_alone(town):
    town.now = datetime(2021, 1, 27, 12, tzinfo=UTC)
    assert town.register("475123123", OTHER_SITE, group="health_workers").name == "not_proven"


def test_a_registration_is_kept_sealed_and_gets_its_place(town):
    with town.store.begin() as work:
        add_person(work.db, 1, score=3)
        add_person(work.db, 2, born=date(1920, 1, 1))
    done = town.register()
    assert done.name == "registered"
    assert done.values["place"] == 2, "after the older one, before the lower score"
    with town.store.begin() as work:
        row = work.db.execute(
            select(t.registrations).order_by(t.registrations.c.registration_id.desc())
        ).first()
    assert (row.first_name, row.last_name, row.phone) == ("Jana", "Nováková", JANA)
    assert (row.birth_date, row.score, row.number_verdict) == (date(1940, 1, 23), 13, "valid")
    assert NUMBER.encode() not in bytes(row.number_sealed) + bytes(row.number_digest)


def test_the_same_person_at_the_same_site_loses_nothing(town):
    first = town.register()
    town.later(timedelta(days=1))
    again = town.register("405123/123")
    assert again.name == "already"
    assert again.values["registered"] == first.values["registered"]


def test_another_site_replaces_after_the_loss_was_told(town):
    town.register()
    (pin,) = town.invite()
    told = town.perform("check_earlier", insurance_number=NUMBER, site=str(OTHER_SITE))
    assert told.name == "replaces"
    assert (told.values["old_site"], told.values["new_site"]) == ("Nemocnice Jihlava", "Nemocnice Třebíč")
    assert town.register(site=OTHER_SITE).name == "registered"
    assert town.perform("enter_pin", pin=pin).name == "replaced"
    with town.store.begin() as work:
        r = t.registrations.c
        rows = work.db.execute(
            select(r.state, r.blocked_because, r.ended_at).order_by(r.registration_id)
        ).all()
    assert rows[0] == ("blocked", "newer registration", NOW)
    assert rows[1] == ("waiting", None, None)


def test_replacing_frees_the_dates_that_were_only_held(town):
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    assert town.register(site=OTHER_SITE).name == "registered"
    with town.store.begin() as work:
        assert work.db.scalar(select(func.sum(t.slots.c.taken))) == 0


def test_a_reservation_blocks_a_new_registration(town):
    registration = town.opened()
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    town.perform("confirm", registration=registration)
    earlier = town.perform("check_earlier", insurance_number=NUMBER, site=str(OTHER_SITE))
    assert earlier.name == "has_reservation"
    assert earlier.values["first"].startswith("2021-01-25")
    assert town.register(site=OTHER_SITE).name == "has_reservation"


def test_two_registrations_of_one_number_at_once_end_in_one_living(town):
    with ThreadPoolExecutor(8) as pool:
        sites = [SITE, OTHER_SITE] * 8
        outcomes = list(pool.map(lambda site: town.register(site=site).name, sites))
    assert set(outcomes) <= {"registered", "already"}
    with town.store.begin() as work:
        living = select(func.count()).where(t.registrations.c.ended_at.is_(None))
        assert work.db.scalar(living) == 1


@pytest.mark.parametrize("site", ["", "no site", "00000000-0000-0000-0000-00000000ffff"])
def test_a_site_that_is_not_there_is_busy(town, site):
    assert town.register(site=site).name == BUSY
    assert town.perform("check_earlier", insurance_number=NUMBER, site=site).name == BUSY


def test_the_status_tells_all_registrations_of_the_phone(town):
    assert town.perform("my_status").name == "none"
    town.register()
    town.register("385123124", name="Karel Novák")
    found = town.perform("my_status").values["registrations"]
    assert [(r["name"], r["state"], r["place"], r["of"]) for r in found] == [
        ("Jana", "waiting", 2, 2),
        ("Karel", "waiting", 1, 2),
    ]
    assert town.perform("my_status", NEIGHBOUR).name == "none"


def test_the_status_tells_how_many_a_site_invited_in_a_week(town):
    town.register("205123120", phone=NEIGHBOUR)
    town.invite()
    town.register()
    (standing,) = town.perform("my_status").values["registrations"]
    assert (standing["place"], standing["lately"]) == (1, 1)
    town.later(timedelta(days=8))
    (standing,) = town.perform("my_status").values["registrations"]
    assert standing["lately"] == 0
    (standing,) = town.perform("my_status", NEIGHBOUR).values["registrations"]
    assert standing["lately"] is None, "the invited do not wait"
