"""Codes for groups at the real desk: nobody gets ahead by her word, and nobody guesses her way in."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from core.codes import new_code
from core.store import tables as t
from core.store.codes import MOST_WRONG, REST
from tests.turns.conftest import JANA, NEIGHBOUR
from tests.workers.town import OTHER_SITE, add_dates

TEACHER, COLLEAGUE = "6001014590", "7051014598"
MAY = datetime(2021, 5, 3, 8, tzinfo=UTC)
SCHOOL = {"group": "school_staff"}


@pytest.fixture
def march(town):
    """The town when school staff may register."""
    with town.store.begin() as work:
        add_dates(work.db, pairs=1, product="spikevax", apart=timedelta(days=42), first=MAY)
    town.now = datetime(2021, 3, 2, 12, tzinfo=UTC)
    return town


def issue(town, count=1, group="school_staff"):
    with town.store.begin() as work:
        return work.codes.issue(
            group, count, issued_to="ZŠ Jihlava", issued_by="Eva", now=town.now, random=Random(count)
        )


def check(town, code, number=TEACHER, phone=JANA):
    return town.perform("check_code", phone, insurance_number=number, code=code, **SCHOOL)


def registered(town):
    r = t.registrations.c
    with town.store.begin() as work:
        rows = select(r.registration_id, r.group_key, r.score, r.ended_at.is_(None)).order_by(
            r.registration_id
        )
        return [tuple(row) for row in work.db.execute(rows)]


def test_a_code_brings_one_teacher_in_and_nobody_after_her(march):
    _, (code,) = issue(march)
    assert march.register(TEACHER, code="", **SCHOOL).name == "not_proven"
    assert check(march, code).name == "good"
    assert march.register(TEACHER, code=code, **SCHOOL).name == "registered"
    assert registered(march) == [(1, "school_staff", 6, True)]
    assert check(march, code, COLLEAGUE, NEIGHBOUR).name == "used"
    assert march.register(COLLEAGUE, code=code, phone=NEIGHBOUR, **SCHOOL).name == "not_proven"
    assert len(registered(march)) == 1
    with march.store.begin() as work:
        assert work.codes.find(code).used_by == 1


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        pytest.param(lambda town: "471109223517", "mistyped", id="a slip"),
        pytest.param(lambda town: new_code(Random(9)), "wrong", id="nobody's"),
        pytest.param(lambda town: issue(town, group="chronic")[1][0], "other_group", id="of another group"),
    ],
)
def test_a_code_that_is_not_good_says_why(march, make, outcome):
    code = make(march)
    assert check(march, code).name == outcome
    assert march.register(TEACHER, code=code, **SCHOOL).name == "not_proven"


def test_a_code_that_was_taken_back_is_good_no_more(march):
    batch_id, (code,) = issue(march)
    with march.store.begin() as work:
        work.codes.revoke(batch_id, by="Eva", now=march.now)
    assert check(march, code).name == "revoked"
    assert march.register(TEACHER, code=code, **SCHOOL).name == "not_proven"


def test_codes_cannot_be_guessed_from_one_phone(march):
    _, (code,) = issue(march)
    left = [check(march, new_code(Random(seed))).values.get("left") for seed in range(50, 50 + MOST_WRONG)]
    assert left == [4, 3, 2, 1, None]
    assert check(march, code).name == "blocked"
    assert march.register(TEACHER, code=code, **SCHOOL).name == "not_proven"
    assert check(march, code, phone=NEIGHBOUR).name == "good"
    march.later(REST)
    assert check(march, code).name == "good"


def test_guesses_in_the_registration_itself_are_counted_too(march):
    for seed in range(50, 50 + MOST_WRONG):
        march.register(TEACHER, code=new_code(Random(seed)), **SCHOOL)
    assert check(march, new_code(Random(1))).name == "blocked"


def test_who_changes_the_site_keeps_her_code_without_typing_it(march):
    _, (code,) = issue(march)
    march.register(TEACHER, code=code, **SCHOOL)
    found = march.perform("find_group", insurance_number=TEACHER, **SCHOOL)
    assert (found.name, found.values["group"]) == ("given", "school_staff")
    assert march.register(TEACHER, OTHER_SITE, **SCHOOL).name == "registered"
    assert [row[0] for row in registered(march) if row[3]] == [2]
    with march.store.begin() as work:
        assert work.codes.find(code).used_by == 2
    assert march.register(TEACHER, code=code, **SCHOOL).name == "registered", "and with it"


def test_another_phone_does_not_learn_that_somebody_has_a_code(march):
    _, (code,) = issue(march)
    march.register(TEACHER, code=code, **SCHOOL)
    found = march.perform("find_group", NEIGHBOUR, insurance_number=TEACHER, **SCHOOL)
    assert found.name == "needs_code"


def test_who_waits_and_gets_a_code_moves_forward_where_she_is(march):
    march.now = datetime(2021, 4, 20, 12, tzinfo=UTC)
    assert march.register("5501014593", group="age_65").name == "registered"
    since = march.now
    march.later(timedelta(days=2))
    _, (code,) = issue(march, group="chronic")
    told = march.register("5501014593", group="chronic", code=code)
    assert told.name == "registered"
    assert told.values["registered"] == since.isoformat(), "the time she registered at stays hers"
    assert registered(march) == [(1, "chronic", 5, True)]
    assert march.register("5501014593", group="chronic", code=code).name == "already"
