"""Invitations on a real PostgreSQL: order, one-off, PIN2 given, found and used."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, create_engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.pins import is_pin2, new_pin2
from core.stock import Promised
from core.store import tables as t
from core.store.invitations import InvitationBook
from core.store.responses import ResponseBook
from core.store.supply import SupplyBook
from core.vault import Vault
from gateway.compose import load_world
from tests.workers.town import (
    NOW,
    OTHER_SITE,
    SITE,
    add_dates,
    add_people,
    add_person,
    add_site,
    hold,
    vault,
)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = create_engine(database)
    with engine.begin() as db:
        add_site(db)
        add_site(db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
    yield engine
    engine.dispose()


def invite(book: InvitationBook, size: int, *, random: Random | None = None):
    return book.invite(
        SITE,
        size,
        policy="hard guarantee",
        inputs={"pairs": {"comirnaty": size}},
        approved_by="planner",
        now=NOW,
        random=random or Random(1),
    )


def claims(db) -> int:
    """How many may answer: invited, and without dates."""
    silent = ResponseBook(db).silent(SITE, now=NOW, dialogue_lasts=timedelta(minutes=30))
    return sum(some.count for some in silent)


def states(db):
    rows = db.execute(select(t.registrations.c.registration_id, t.registrations.c.state))
    return {row.registration_id: row.state for row in rows}


def test_people_are_invited_by_score_then_age_then_time(engine):
    hour = timedelta(hours=1)
    with engine.begin() as db:
        late = add_person(db, 1, at=NOW - hour)
        teacher = add_person(db, 2, score=6, born=date(1960, 1, 1), at=NOW - 9 * hour)
        oldest = add_person(db, 3, born=date(1925, 5, 5), at=NOW - hour)
        early = add_person(db, 4, at=NOW - 3 * hour)
        add_person(db, 5, site_id=OTHER_SITE, born=date(1920, 1, 1))
        wave = invite(InvitationBook(db, vault()), 10)
    assert [invited.registration_id for invited in wave.invited] == [oldest, early, late, teacher]


def test_who_came_back_with_nothing_goes_first_and_keeps_her_pin(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        young = add_person(db, 1, score=3)
        first = invite(book, 1)
        add_person(db, 2, born=date(1925, 5, 5))
        db.execute(
            update(t.registrations).where(t.registrations.c.registration_id == young).values(state="returned")
        )
        assert claims(db) == 0
        again = invite(book, 1)
        assert [(i.registration_id, i.is_again, i.pin) for i in again.invited] == [
            (young, True, first.invited[0].pin)
        ]
        assert db.scalar(select(func.count()).select_from(t.invitations)) == 1
        assert claims(db) == 1


def test_somebody_is_invited_once(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        people = add_people(db, 3)
        assert len(invite(book, 2).invited) == 2
        assert len(invite(book, 2).invited) == 1
        assert invite(book, 2) is None
        assert states(db) == dict.fromkeys(people, "invited")
        assert db.scalar(select(func.count()).select_from(t.invitations)) == 3


def test_the_schema_refuses_a_second_invitation(engine):
    with engine.begin() as db:
        person = add_person(db, 1)
        wave = invite(InvitationBook(db, vault()), 1)
    again = {
        "registration_id": person,
        "wave_id": wave.wave_id,
        "pin_sealed": b"",
        "pin_digest": b"other",
        "state": "open",
        "invited_at": NOW,
    }
    with pytest.raises(IntegrityError, match="uq_invitations_one_off"), engine.begin() as db:
        db.execute(insert(t.invitations).values(again))


def test_nobody_ended_blocked_or_reserved_is_invited(engine):
    with engine.begin() as db:
        add_person(db, 1, state="blocked", blocked_because="wrong PINs")
        add_person(db, 2, state="reserved", reserved_at=NOW)
        add_person(db, 3, ended_at=NOW)
        book = InvitationBook(db, vault())
        assert invite(book, 5) is None
        assert book.waiting(SITE) == 0


def test_an_invitation_is_found_by_its_pin_and_used_once(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        person = add_person(db, 1)
        invited = invite(book, 1).invited[0]
        assert is_pin2(invited.pin)
        found = book.find_by_pin(invited.pin)
        assert found == book.open_of(person)
        assert (found.registration_id, found.state) == (person, "open")
        assert book.pin_of(found.invitation_id) == invited.pin
        assert book.use(found.invitation_id, now=NOW)
        assert not book.use(found.invitation_id, now=NOW)
        assert book.find_by_pin(invited.pin).state == "used"
        assert book.open_of(person) is None


def test_the_first_answer_is_noted_and_no_later_one(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        person = add_person(db, 1)
        invitation_id = invite(book, 1).invited[0].invitation_id
        assert book.note_answer(invitation_id, now=NOW)
        assert not book.note_answer(invitation_id, now=NOW + timedelta(minutes=1))
        assert book.open_of(person).answered_at == NOW


def test_a_pin_given_before_the_key_was_changed_is_still_found(engine):
    with engine.begin() as db:
        add_person(db, 1)
        pin = invite(InvitationBook(db, vault()), 1).invited[0].pin
        changed = Vault(b"the key that came after it......", old_keys=[b"a key that only the tests have.."])
        assert InvitationBook(db, changed).find_by_pin(pin) is not None


def test_void_ends_what_is_open(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        person = add_person(db, 1)
        pin = invite(book, 1).invited[0].pin
        assert book.void_of(person, now=NOW) == 1
        assert book.find_by_pin(pin).state == "void"
        assert claims(db) == 0


def test_nobody_is_given_a_pin_that_somebody_has(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        add_people(db, 40)
        first = invite(book, 20, random=Random(7))
        second = invite(book, 20, random=Random(7))
        pins = [invited.pin for invited in (*first.invited, *second.invited)]
        assert first.invited[0].pin == new_pin2(Random(7))
        assert len(set(pins)) == 40
        assert {book.find_by_pin(pin).registration_id for pin in pins} == set(states(db))


def test_a_claim_ends_when_dates_are_held_and_the_doses_are_promised_instead(engine):
    with engine.begin() as db:
        book = InvitationBook(db, vault())
        firsts, seconds = add_dates(db, pairs=2)
        people = add_people(db, 2)
        invite(book, 2)
        assert claims(db) == 2
        hold(db, people[0], firsts[0], seconds[0])
        assert claims(db) == 1
        assert SupplyBook(db).of_site(SITE, load_world(), now=NOW)["comirnaty"].promised == Promised(1, 1)


def test_one_planner_at_a_time_for_a_site(engine):
    with engine.begin() as mine, engine.begin() as other:
        assert InvitationBook(mine, vault()).begin_planning(SITE)
        assert not InvitationBook(other, vault()).begin_planning(SITE)
    with engine.begin() as third:
        assert InvitationBook(third, vault()).begin_planning(SITE)


def test_a_wave_is_kept_with_its_inputs(engine):
    with engine.begin() as db:
        people = add_people(db, 2)
        wave = invite(InvitationBook(db, vault()), 2)
        kept = db.execute(select(t.waves)).one()
    assert kept.wave_id == wave.wave_id
    assert (kept.size, kept.policy, kept.approved_by) == (2, "hard guarantee", "planner")
    assert kept.inputs == {"pairs": {"comirnaty": 2}, "again": [], "who": people}


def test_no_pin_is_shown_by_accident(engine):
    with engine.begin() as db:
        add_person(db, 1)
        wave = invite(InvitationBook(db, vault()), 1)
    assert wave.invited[0].pin not in repr(wave)
