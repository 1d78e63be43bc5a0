"""Reminders and missed dates: told once, and only while they are true."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.messages import Lane, MtState
from core.states import Registering
from core.store import tables as t
from core.store.attendance import arrive
from tests.workers.town import FIRST_DAY, NOW, THREE_WEEKS, add_dates, add_person, hold
from workers.reminding import note_missed, remind
from workers.workshop import Workshop, install

THE_DAY_BEFORE = FIRST_DAY - timedelta(days=1)
THE_DAY_AFTER = FIRST_DAY + timedelta(days=1)


@pytest.fixture
def anna(workshop: Workshop) -> int:
    """She has the first of three pairs of dates."""
    with workshop.store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=3)
        registration_id = add_person(work.db, 1, state="reserved", reserved_at=NOW)
        hold(work.db, registration_id, firsts[0], seconds[0], state="confirmed")
    return registration_id


def at(workshop: Workshop, now: datetime) -> None:
    install(replace(workshop, clock=lambda: now))


def told(workshop: Workshop, purpose: str, state: str = MtState.QUEUED) -> list[str]:
    o = t.outbox.c
    with workshop.store.begin() as work:
        rows = work.db.execute(
            select(o.text_sealed).where(o.purpose == purpose, o.state == state).order_by(o.mt_id)
        )
        return [work.vault.open(row.text_sealed) for row in rows]


def test_who_has_a_date_tomorrow_is_reminded_once(workshop, anna):
    for now in (NOW, THE_DAY_BEFORE, THE_DAY_BEFORE + timedelta(minutes=1)):
        at(workshop, now)
        remind()
    (text,) = told(workshop, "reminder")
    assert text == (
        "Anna Novakova 1, zitra je vase 1. davka: po 25.1. 9:00, Nemocnice Jihlava. "
        "S sebou obcanku a karticku pojistovny. Nemuzete? ZRUSIT."
    )
    with workshop.store.begin() as work:
        mt = work.db.execute(select(t.outbox.c.lane, t.outbox.c.valid_until)).one()
    assert (mt.lane, mt.valid_until) == (Lane.NOTICE, FIRST_DAY)


def test_the_second_date_is_reminded_of_too(workshop, anna):
    for now in (THE_DAY_BEFORE, THE_DAY_BEFORE + THREE_WEEKS):
        at(workshop, now)
        remind()
    assert [text.split(" je vase ")[1][:8] for text in told(workshop, "reminder")] == ["1. davka", "2. davka"]


def test_a_test_is_reminded_of_by_its_own_name_and_nobody_who_missed_one_hears_of_doses(workshop):
    with workshop.store.begin() as work:
        firsts, _ = add_dates(work.db, pairs=2, product="pcr")
        for number, first in enumerate(firsts, 1):
            ordered = add_person(work.db, number, state="reserved", reserved_at=NOW, service="pcr")
            hold(work.db, ordered, first, None, state="confirmed")
        arrived = work.db.scalar(select(func.min(t.reservations.c.reservation_id)))
    at(workshop, THE_DAY_BEFORE)
    remind()
    assert [text.split(", Nem")[0] for text in told(workshop, "reminder")] == [
        "Anna Novakova 1, zitra mate PCR test: po 25.1. 9:00",
        "Anna Novakova 2, zitra mate PCR test: po 25.1. 9:05",
    ]
    assert not any("ZRUSIT" in text for text in told(workshop, "reminder"))
    with workshop.store.begin() as work:
        arrive(work, arrived, now=FIRST_DAY)
    at(workshop, THE_DAY_AFTER)
    note_missed()
    assert told(workshop, "missed") == []
    with workshop.store.begin() as work:
        states = work.db.scalars(select(t.reservations.c.state).order_by(t.reservations.c.reservation_id))
        assert list(states) == ["done", "missed"]


class Speechless:
    """A library without words: whoever asks it for some fails half-way."""

    @property
    def words(self) -> None:
        raise OSError


def test_what_crashes_before_the_commit_reminds_the_next_time(workshop, anna):
    at(replace(workshop, library=Speechless()), THE_DAY_BEFORE)
    with pytest.raises(OSError):  # noqa: PT011 - the one above
        remind()
    assert told(workshop, "reminder") == []
    at(workshop, THE_DAY_BEFORE)
    remind()
    assert len(told(workshop, "reminder")) == 1


def test_a_reminder_of_a_cancelled_date_never_leaves(workshop, anna):
    at(workshop, THE_DAY_BEFORE)
    remind()
    with workshop.store.begin() as work:
        work.rebooking.cancel(anna, now=THE_DAY_BEFORE)
        work.registrations.release(anna, Registering.CANCELLED)
        assert work.date_notices.call_off(anna, now=THE_DAY_BEFORE) == 1
    remind()
    assert told(workshop, "reminder") == []


def test_a_date_that_was_moved_is_reminded_of_anew(workshop, anna):
    at(workshop, THE_DAY_BEFORE)
    remind()
    with workshop.store.begin() as work:
        pair = work.reservations.offers(
            work.registrations.get(anna).site_id, workshop.world, now=THE_DAY_BEFORE, at_most=1
        )[0]
        work.rebooking.change_to(work.rebooking.dates_of(anna), pair)
        work.date_notices.call_off(anna, now=THE_DAY_BEFORE)
    remind()
    (text,) = told(workshop, "reminder")
    assert "po 25.1. 9:05" in text


def test_outside_the_hours_of_notices_nobody_is_reminded(workshop, anna):
    hours = replace(workshop.hours, by_lane={Lane.NOTICE: workshop.hours.by_lane[Lane.INVITATION]})
    at(replace(workshop, hours=hours), THE_DAY_BEFORE.replace(hour=3))
    remind()
    assert told(workshop, "reminder") == []


def test_where_nobody_notes_who_came_nobody_is_missed(workshop, anna):
    at(workshop, THE_DAY_AFTER)
    note_missed()
    assert told(workshop, "missed") == []


def test_who_did_not_come_waits_again_and_is_told_once(workshop, anna):
    with workshop.store.begin() as work:
        pairs = work.reservations.offers(
            work.registrations.get(anna).site_id, workshop.world, now=NOW, at_most=1
        )
        came = add_person(work.db, 2, state="reserved", reserved_at=NOW)
        hold(work.db, came, pairs[0].first.slot_id, pairs[0].second.slot_id, state="confirmed")
        arrive(work, work.rebooking.dates_of(came).reservation_id, now=FIRST_DAY + timedelta(hours=1))
    at(workshop, THE_DAY_AFTER)
    note_missed()
    note_missed()
    (text,) = told(workshop, "missed")
    assert "Cekate dal v poradi" in text
    with workshop.store.begin() as work:
        assert work.registrations.get(anna).state == "waiting"
        assert work.rebooking.dates_of(anna) is None
        assert work.registrations.get(came).state == "reserved"
        taken = work.db.execute(select(t.slots.c.slot_id).where(t.slots.c.taken > 0)).scalars().all()
    assert set(taken) == {pairs[0].first.slot_id, pairs[0].second.slot_id}


def test_who_missed_the_second_date_keeps_it_and_is_told_to_choose_another(workshop, anna):
    with workshop.store.begin() as work:
        dates = work.rebooking.dates_of(anna)
        arrive(work, dates.reservation_id, now=FIRST_DAY)
        other = add_person(work.db, 2, state="done", reserved_at=NOW)
        hold(work.db, other, dates.first.slot_id + 1, dates.second.slot_id + 1, state="done")
    at(workshop, dates.second.begins_at + timedelta(days=1))
    note_missed()
    (text,) = told(workshop, "missed")
    assert "ZMENA" in text
    with workshop.store.begin() as work:
        assert work.rebooking.dates_of(anna).second.slot_id == dates.second.slot_id
        assert work.registrations.get(anna).state == "reserved"
