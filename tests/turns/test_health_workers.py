"""A health worker registers: kept at once, asked about later, never ahead of others by her word alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.blocking import Reason
from core.store import tables as t
from tests.turns.conftest import MUCH_LATER, Town
from tests.workers.town import OTHER_SITE, SITE, add_dates

IN_JANUARY = datetime(2021, 1, 26, 9, tzinfo=UTC)
IN_MARCH = datetime(2021, 3, 1, 9, tzinfo=UTC)
BORN_1980 = "8051151118"
BORN_1948 = "485123123"
_r = t.registrations.c


@pytest.fixture
def hospital(town: Town) -> Town:
    town.world = replace(town.world, has_nrzp=True)
    town.now = IN_JANUARY
    with town.store.begin() as work:
        add_dates(work.db, pairs=1, product="spikevax", apart=timedelta(days=28), first=MUCH_LATER)
    return town


def rows(town: Town):
    with town.store.begin() as work:
        return work.db.execute(select(t.registrations).order_by(_r.registration_id)).all()


def test_she_is_kept_at_once_and_not_invited_before_she_is_proven(hospital: Town) -> None:
    told = hospital.register(BORN_1980, group="health_workers")
    assert (told.name, told.values["label"]) == ("checking", "zdravotníci")
    (row,) = rows(hospital)
    assert (row.state, row.blocked_because, row.claimed_group) == (
        "blocked",
        Reason.UNPROVEN,
        "health_workers",
    )
    assert row.prove_at == row.identify_at == row.registered_at == IN_JANUARY
    assert not hospital.invite()
    assert hospital.perform("my_status").values["registrations"][0]["because"] == "unproven"


def test_asking_again_costs_her_no_time(hospital: Town) -> None:
    hospital.register(BORN_1980, group="health_workers")
    hospital.later(timedelta(days=1))
    assert hospital.register(BORN_1980, group="health_workers").name == "checking"
    (row,) = rows(hospital)
    assert row.registered_at == IN_JANUARY


def test_at_another_site_she_registers_anew(hospital: Town) -> None:
    hospital.register(BORN_1980, group="health_workers")
    assert hospital.register(BORN_1980, site=OTHER_SITE, group="health_workers").name == "checking"
    assert [(row.site_id, row.ended_at is None) for row in rows(hospital)] == [
        (SITE, False),
        (OTHER_SITE, True),
    ]


def test_who_is_old_enough_waits_by_her_age_meanwhile(hospital: Town) -> None:
    hospital.now = IN_MARCH
    assert hospital.register(BORN_1948, group="health_workers").name == "checking"
    (row,) = rows(hospital)
    assert (row.state, row.group_key, row.score, row.claimed_group) == (
        "waiting",
        "age_70",
        7,
        "health_workers",
    )
    assert len(hospital.invite()) == 1, "by her age she may be"


def test_who_waits_by_her_age_already_keeps_her_place(hospital: Town) -> None:
    hospital.now = IN_MARCH
    hospital.register(BORN_1948, group="age_70")
    hospital.later(timedelta(days=1))
    assert hospital.register(BORN_1948, group="health_workers").name == "checking"
    (row,) = rows(hospital)
    assert (row.registered_at, row.score, row.claimed_group) == (IN_MARCH, 7, "health_workers")


def test_who_is_kept_back_for_a_time_is_registered_already(hospital: Town) -> None:
    hospital.now = IN_MARCH
    hospital.register(BORN_1948, group="age_70")
    with hospital.store.begin() as work:
        assert work.blocks.block(1, Reason.POSITIVE_PCR, until=IN_MARCH + timedelta(days=30))
    assert hospital.register(BORN_1948, group="age_70").name == "already"
    assert len(rows(hospital)) == 1


def test_without_nrzp_nobody_registers_by_word_alone(hospital: Town) -> None:
    hospital.world = replace(hospital.world, has_nrzp=False)
    assert hospital.register(BORN_1980, group="health_workers").name == "not_proven"
    assert not rows(hospital)
