"""``crs registrations merge``: what stays, what ends, what she is told, and that it happens once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from core.blocking import Reason
from core.store import tables as t
from core.store.merging import Merged, MergedBefore, merge
from gateway.cli.registrations import registrations
from tests.cli.test_desk import app
from tests.turns.conftest import JANA, NEIGHBOUR, NUMBER, Town
from tests.workers.town import OTHER_SITE

__all__ = ["app"]

Crs: TypeAlias = Callable[..., Result]
NEAR = "405124123"  # one digit from NUMBER


@pytest.fixture
def run(app) -> Crs:
    return lambda *said: CliRunner().invoke(registrations, ["merge", *(str(each) for each in said)], obj=app)


@pytest.fixture
def twice(town: Town) -> Town:
    """Jana registered from the phone of her neighbour by mistake first, and then from her own."""
    town.register(NUMBER, phone=NEIGHBOUR, site=OTHER_SITE)
    town.later(timedelta(days=2))
    town.register(NEAR)
    return town


def rows(town: Town) -> dict[int, dict[str, object]]:
    with town.store.begin() as work:
        return {row.registration_id: row._asdict() for row in work.db.execute(select(t.registrations))}


def told(town: Town) -> list[tuple[str, str]]:
    with town.store.begin() as work:
        found = work.db.execute(select(t.outbox.c.address, t.outbox.c.text_sealed))
        return [(row.address, work.vault.open(row.text_sealed)) for row in found]


def test_the_better_place_of_both_is_hers_and_she_is_told_once(run, twice):
    before = rows(twice)
    done = run(2, 1, "--by", "Eva")
    assert done.output == ("#1 has ended, #2 stays: registered 2021-01-22, group age_80. She is told.\n"), (
        done.output
    )
    after = rows(twice)
    assert after[2]["registered_at"] == before[1]["registered_at"]
    assert (after[2]["state"], after[2]["site_id"]) == ("waiting", before[2]["site_id"])
    assert (after[1]["state"], after[1]["blocked_because"]) == ("blocked", Reason.REPLACED)
    assert after[1]["ended_at"] is not None
    again = run(2, 1, "--by", "Eva")
    assert (again.exit_code, again.output) == (0, "#1 was merged into #2 before.\n")
    words = (
        "Jana Novakova, vase dve registrace k ockovani jsme spojili: plati Nemocnice Jihlava. "
        "Jste 1. v poradi. Vic: STAV."
    )
    assert told(twice) == [(JANA, words)]
    with twice.store.begin() as work:
        notes = [(note.who, note.what, note.registration_id) for note in work.audit.latest(2)]
    assert notes == [("desk: Eva", "took over #1", 2), ("desk: Eva", "merged into #2", 1)]


def test_a_dry_run_changes_nothing(run, twice):
    before = rows(twice)
    assert "#1 has ended" in run(2, 1, "--dry-run").output
    assert "Nothing was changed" in run(2, 1, "--dry-run").output
    assert (rows(twice), told(twice)) == (before, [])


@pytest.mark.parametrize(
    ("language", "channel", "words"),
    [
        pytest.param("en", "sms", "we joined your two registrations into one", id="English"),
        pytest.param("uk", "sms", "ваші дві реєстрації об'єднано", id="Ukrainian"),
        pytest.param("cs", "telegram", "vaše dvě registrace k očkování jsme spojili", id="chat"),
    ],
)
def test_she_is_told_in_her_language_and_where_she_chose(run, twice, language, channel, words):
    with twice.store.begin() as work:
        address = JANA if channel == "sms" else "77"
        chosen = {"language": language, "channel": channel, "address": address}
        work.db.execute(update(t.registrations).values(chosen))
    assert run(2, 1).exit_code == 0
    ((address, text),) = told(twice)
    assert words in text
    assert address == (JANA if channel == "sms" else "77")


def test_an_open_invitation_and_a_hold_of_what_ends_are_freed(run, town):
    opened = int(town.opened(number=NUMBER))
    pairs = town.perform("find_pairs", registration=str(opened)).values["options"]
    town.perform("hold_pair", registration=str(opened), picked=pairs[0]["value"])
    town.register(NEAR)
    done = run(opened + 1, opened)
    assert "Its invitation is taken back." in done.output
    with town.store.begin() as work:
        assert not any(work.db.scalars(select(t.slots.c.taken)))
        assert work.db.scalars(select(t.invitations.c.state)).all() == ["void"]
    assert "PIN odjinud uz neplati" in told(town)[-1][1]


def test_the_head_of_the_queue_goes_over(run, twice):
    with twice.store.begin() as work:
        hers = t.registrations.c.registration_id == 1
        work.db.execute(update(t.registrations).where(hers).values(state="returned"))
    run(2, 1)
    assert rows(twice)[2]["state"] == "returned"


@pytest.mark.parametrize(
    ("said", "changed", "words"),
    [
        pytest.param((2, 2), {}, "Name two registrations", id="the same one"),
        pytest.param((2, 99), {}, "no registration #99", id="unknown"),
        pytest.param((1, 2), {2: {"state": "reserved"}}, "`crs registrations merge 2 1`", id="its dates"),
        pytest.param(
            (1, 2), {1: {"state": "reserved"}, 2: {"state": "reserved"}}, "Both have dates", id="both dates"
        ),
        pytest.param(
            (2, 1), {1: {"first_name": "Karel", "last_name": "Dvořák"}}, "--same-person", id="unlike"
        ),
        pytest.param(
            (2, 1),
            {1: {"state": "blocked", "blocked_because": "already vaccinated"}},
            "blocked: already vaccinated",
            id="kept back",
        ),
    ],
)
def test_what_cannot_be_merged_says_why_and_changes_nothing(run, twice, said, changed, words):
    with twice.store.begin() as work:
        for registration_id, values in changed.items():
            hers = t.registrations.c.registration_id == registration_id
            if values.get("state") == "reserved":
                values |= {"reserved_at": twice.now}
            work.db.execute(update(t.registrations).where(hers).values(values))
    before = rows(twice)
    refused = run(*said)
    assert refused.exit_code == 1
    assert words in refused.output
    assert (rows(twice), told(twice)) == (before, [])


@pytest.mark.parametrize("said", [("1",), ("one", "2"), ("0", "1"), ("-1", "2")])
def test_what_is_no_id_is_refused(run, twice, said):
    assert run(*said).exit_code == 2


def test_who_is_known_to_be_one_person_is_merged_all_the_same(run, town):
    town.register(NUMBER, phone=NEIGHBOUR, name="Jana Malá")
    town.register("405678456", name="Petra Nováková")
    assert run(2, 1).exit_code == 1
    assert run(2, 1, "--same-person").exit_code == 0


def test_a_code_goes_over_with_the_place(run, twice):
    with twice.store.begin() as work:
        _, (code,) = work.codes.issue(
            "school_staff", 1, issued_to="ZŠ", issued_by="Eva", now=twice.now, random=twice.random
        )
        taken = work.codes.take(code, "school_staff", number=NUMBER, now=twice.now)
        work.codes.name_user(taken.code_id, 1)
    run(2, 1)
    with twice.store.begin() as work:
        assert work.codes.of_registration(2, "school_staff") == taken.code_id


def test_two_at_the_desk_merge_the_same_two_once_and_crosswise_not_at_all(twice):
    def one(pair):
        keep, end = pair
        with replace(twice).store.begin() as work:
            return merge(work, keep, end, by="Eva", now=twice.now)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(one, [(2, 1), (1, 2), (2, 1), (1, 2)]))
    assert sum(isinstance(each, Merged) for each in outcomes) == 1
    assert sum(isinstance(each, MergedBefore) for each in outcomes) == 1
    assert sum(row["ended_at"] is None for row in rows(twice).values()) == 1
