"""Codes for groups: each brings one person in, and cannot be guessed one after another."""

import threading
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select, text, update

from core.codes import Code, read_code
from core.store import tables as t
from core.store.codes import (
    MOST_WRONG,
    REST,
    Good,
    OtherGroup,
    Revoked,
    Taken,
    Unknown,
    Used,
)
from core.store.work import Store
from tests.store.test_pin1s import together
from tests.workers.town import add_people, add_site, vault

NOW = datetime(2021, 3, 2, 9, tzinfo=UTC)
JANA, EVA = "400000001", "400000002"  # the insurance numbers of the town's first people
PHONE = "+420601000001"


@pytest.fixture
def store(database):
    store = Store.connect(database, vault(), connections=10)
    with store.begin() as work:
        add_site(work.db)
        add_people(work.db, 2)
    yield store
    store.close()


def issue(store: Store, count: int = 1, *, seed: int = 1) -> tuple[int, list[str]]:
    with store.begin() as work:
        return work.codes.issue(
            "school_staff", count, issued_to="ZŠ Jihlava", issued_by="Eva", now=NOW, random=Random(seed)
        )


def take(work, code, number=JANA, *, group="school_staff"):
    return work.codes.take(code, group, number=number, now=NOW)


def test_a_batch_is_made_of_different_codes_and_kept_sealed(store):
    batch_id, codes = issue(store, 2_500)
    assert len(set(codes)) == 2_500
    assert all(isinstance(read_code(code), Code) for code in codes)
    with store.begin() as work:
        assert work.codes.unused(batch_id) == codes
        (batch,) = work.codes.batches()
        assert (batch.codes, batch.used, batch.issued_to) == (2_500, 0, "ZŠ Jihlava")
        row = work.db.execute(select(t.group_codes).limit(1)).one()
        assert codes[0].encode() not in bytes(row.code_sealed) + bytes(row.code_digest)


def test_a_code_in_use_is_not_given_again(store):
    _, first = issue(store, 3)
    _, second = issue(store, 3)  # the same chance
    assert len({*first, *second}) == 6


def test_a_code_is_taken_once(store):
    batch_id, (code,) = issue(store)
    with store.begin() as work:
        assert work.codes.look(code, "school_staff", number=JANA) == Good()
        taken = take(work, code)
        assert isinstance(taken, Taken)
        work.codes.name_user(taken.code_id, 1)
        assert take(work, code, EVA) == Used(1)
        assert work.codes.look(code, "school_staff", number=EVA) == Used(1)
        assert work.codes.unused(batch_id) == []
        assert work.codes.of_registration(1, "school_staff") == taken.code_id
        assert work.codes.of_registration(1, "chronic") is None


def test_the_same_person_may_use_hers_again(store):
    _, (code,) = issue(store)
    with store.begin() as work:
        taken = take(work, code)
        work.codes.name_user(taken.code_id, 1)
        work.db.execute(update(t.registrations).values(ended_at=NOW))
        assert take(work, code) == taken


def test_a_code_of_nobody_of_another_group_or_taken_back_is_refused(store):
    _, (nobodys,) = issue(store, seed=2)
    batch_id, (code,) = issue(store)
    with store.begin() as work:
        assert take(work, code, group="chronic") == OtherGroup("school_staff")
        work.db.execute(t.group_codes.delete().where(t.group_codes.c.batch_id != batch_id))
        assert take(work, nobodys) == Unknown()
        assert work.codes.revoke(batch_id, by="Eva", now=NOW)
        assert not work.codes.revoke(batch_id, by="Petr", now=NOW)
        assert take(work, code) == Revoked()
        assert work.codes.batch(batch_id).revoked_at == NOW


def test_what_was_used_before_its_batch_was_taken_back_is_known(store):
    batch_id, (code,) = issue(store)
    with store.begin() as work:
        taken = take(work, code)
        work.codes.name_user(taken.code_id, 1)
        work.codes.revoke(batch_id, by="Eva", now=NOW)
        known = work.codes.find(code)
        assert (known.used_by, known.used_at) == (1, NOW)
        assert work.codes.of_registration(1, "school_staff") is None


@pytest.mark.parametrize("is_guarded", [False, True], ids=["the race is real", "the book holds"])
def test_of_many_who_use_one_code_at_once_one_gets_in(store, is_guarded):
    _, (code,) = issue(store)
    barrier = threading.Barrier(6)

    def look_then_take(work, who):
        found = work.codes.look(code, "school_staff", number=f"40000000{who}")
        barrier.wait()
        if found == Good():
            work.db.execute(update(t.group_codes).values(used_at=NOW))
        return found == Good()

    def take_it(work, who):
        return isinstance(take(work, code, f"40000000{who}"), Taken)

    let_in = sum(together(store, 6, take_it if is_guarded else look_then_take))
    assert let_in == 1 if is_guarded else let_in > 1


def test_guesses_of_a_phone_are_counted_until_it_has_rested(store):
    with store.begin() as work:
        left = [work.codes.count_wrong(PHONE, now=NOW) for _ in range(MOST_WRONG)]
        assert left == [4, 3, 2, 1, 0]
        assert work.codes.is_blocked(PHONE, now=NOW + REST - timedelta(seconds=1))
        assert not work.codes.is_blocked("+420602000002", now=NOW)
        assert not work.codes.is_blocked(PHONE, now=NOW + REST)
        assert work.codes.count_wrong(PHONE, now=NOW + REST) == 4
        assert not work.codes.is_blocked(PHONE, now=NOW + REST)


def test_many_guesses_at_once_are_all_counted(store):
    together(store, 6, lambda work, _: work.codes.count_wrong(PHONE, now=NOW))
    with store.begin() as work:
        work.db.execute(text("SELECT 1"))
        assert work.db.scalar(select(func.sum(t.wrong_codes.c.count))) == 6
