"""The ministry's numbers, and what the desk sees, on a real PostgreSQL."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete

from core.messages import Address, Lane, NewMo, NewMt
from core.store import tables as t
from core.store.desk_view import DeskView, masked_number, masked_text
from core.store.inbox import InboxBook
from core.store.invitations import InvitationBook
from core.store.numbers import DayNumbers, NumbersBook
from core.store.outbox import OutboxBook
from tests.workers.town import NOW, SITE, add_dates, add_people, add_person, add_site, hold, vault

FIRST = date(2021, 1, 15)


@pytest.fixture(scope="module")
def engine(module_database: str) -> Iterator[Engine]:
    engine = create_engine(module_database)
    with engine.begin() as db:
        add_site(db)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine):
    with engine.connect() as db:
        yield db
        db.rollback()


def test_registrations_are_reservations_and_waiting(db):
    noon = datetime(2021, 1, 15, 11, tzinfo=UTC)
    add_person(db, 1, at=noon)
    add_person(db, 2, at=noon + timedelta(days=1))
    add_person(db, 3, at=noon, state="reserved", reserved_at=noon + timedelta(days=1))
    add_person(db, 4, at=noon, ended_at=noon + timedelta(days=2))
    assert NumbersBook(db).daily(until=date(2021, 1, 17)) == [
        DayNumbers(date(2021, 1, 15), 3, 0, 3, 0, 0),
        DayNumbers(date(2021, 1, 16), 4, 1, 3, 0, 0),
        DayNumbers(date(2021, 1, 17), 3, 1, 2, 0, 0),
    ]


def test_a_day_ends_at_midnight_in_prague(db):
    add_person(db, 1, at=datetime(2021, 1, 15, 22, 59, tzinfo=UTC))
    add_person(db, 2, at=datetime(2021, 1, 15, 23, 0, tzinfo=UTC))
    assert NumbersBook(db).on(date(2021, 1, 15)).registrations == 1
    assert [day.registrations for day in NumbersBook(db).daily(until=date(2021, 1, 16))] == [1, 2]


def test_before_the_first_registration_there_is_no_day(db):
    assert NumbersBook(db).daily(until=FIRST) == []
    assert NumbersBook(db).on(FIRST) == DayNumbers(FIRST, 0, 0, 0, 0, 0)


def _life(came: int, waits: int | None, lasts: int | None):
    """Hours since the first day: when somebody registered, reserved and ended, in this order."""
    start = datetime(2021, 1, 15, tzinfo=UTC) + timedelta(hours=came)
    reserved = None if waits is None else start + timedelta(hours=waits)
    ended = None if lasts is None else (reserved or start) + timedelta(hours=lasts)
    return start, reserved, ended


HOURS = st.integers(0, 60)
LIVES = st.lists(st.builds(_life, HOURS, st.none() | HOURS, st.none() | HOURS), max_size=12)


@given(lives=LIVES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sum_holds_on_every_day_whichever_way_it_is_counted(db, lives):
    db.execute(delete(t.registrations))
    for number, (came, reserved, ended) in enumerate(lives):
        state = "waiting" if reserved is None else "reserved"
        add_person(db, number, at=came, state=state, reserved_at=reserved, ended_at=ended)
    book = NumbersBook(db)
    for day in book.daily(until=date(2021, 1, 21)):
        assert day.registrations == day.reservations + day.waiting
        assert day == book.on(day.date)


def test_the_desk_sees_everything_of_a_phone_but_no_number_and_no_pin(db):
    add_people(db, 2)
    person = add_person(db, 3, born=date(1930, 1, 1))
    address = Address("sms", "+420601000003")
    firsts, seconds = add_dates(db, pairs=1)
    invitations = InvitationBook(db, vault())
    wave = invitations.invite(
        SITE, 1, policy="test", inputs={}, approved_by="desk", now=NOW, random=Random(1)
    )
    invited = wave.invited[0]
    assert invited.registration_id == person
    hold(db, person, firsts[0], seconds[0])
    InboxBook(db, vault()).add([NewMo(address, "o2", f"REG 400000003 Anna, {invited.pin}", NOW)])
    OutboxBook(db, vault()).add(
        [
            NewMt(
                address, "o2", Lane.INVITATION, "invitation", f"PIN {invited.pin}", 1, NOW,
                registration_id=person, invitation_id=invited.invitation_id,
            )
        ]
    )  # fmt: skip
    seen = DeskView(db, vault()).of(address)
    assert [(r.state, r.number, r.place, r.site) for r in seen.registrations] == [
        ("invited", "40•••••03", None, "Nemocnice Jihlava")
    ]
    assert [(i.state, i.message) for i in seen.invitations] == [("open", "queued")]
    assert [(v.state, v.product, v.second - v.first) for v in seen.reservations] == [
        ("held", "comirnaty", timedelta(days=21))
    ]
    assert [(m.kind, m.state, m.text, m.segments) for m in seen.messages] == [
        ("MO", "waiting", "REG ••••••••• Anna, ••••••••", None),
        ("MT", "queued", None, 1),
    ]
    shown = json.dumps(asdict(seen), default=str)
    assert invited.pin not in shown
    assert "400000003" not in shown


def test_the_desk_sees_the_place_in_the_queue(db):
    add_person(db, 1, score=3)
    add_person(db, 2, born=date(1930, 1, 1))
    add_person(db, 3, score=3, state="returned")

    def place(number: int) -> int | None:
        return DeskView(db, vault()).of(Address("sms", f"+420601{number:06}")).registrations[0].place

    assert [place(n) for n in (1, 2, 3)] == [3, 2, 1]


def test_nothing_is_known_of_a_stranger(db):
    seen = DeskView(db, vault()).of(Address("sms", "+420601999999"))
    assert (seen.registrations, seen.invitations, seen.reservations, seen.messages) == ((), (), (), ())


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("4711 0922", "••••••••"),
        ("PIN 47-11-09-22.", "PIN ••••••••."),
        ("405123/123 ANO", "••••••••• ANO"),
        ("1", "1"),
        ("25. ledna v 8", "25. ledna v 8"),
    ],
)
def test_runs_of_four_digits_are_hidden_however_they_are_spaced(said, shown):
    assert masked_text(said) == shown


def test_of_an_insurance_number_four_digits_are_shown():
    assert masked_number("405123123") == "40•••••23"
