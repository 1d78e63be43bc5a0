"""Invitations that run out: from when they count, for whom, and what comes after."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from core.blocking import Reason
from core.invitations import Policy
from core.store import tables as t
from core.store.reservation_rows import Picked
from tests.workers.town import NOW, SITE, add_dates, add_person, deliver, hold
from workers.planning import plan_now
from workers.upkeep import end_invitations
from workers.workshop import Workshop, install

THREE_DAYS = timedelta(hours=72)
TWICE = Policy("two, three days each", validity=THREE_DAYS, most_invitations=2)


@pytest.fixture
def limited(workshop) -> Callable[[datetime], Workshop]:
    """The workshop at a moment, under a policy of two invitations of three days; one person waits."""
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=1)
        deliver(work.db, 2)
        add_person(work.db, 1)
    world = replace(workshop.world, policy=TWICE)

    def at(moment: datetime) -> Workshop:
        then = replace(workshop, world=world, clock=lambda: moment)
        install(then)
        return then

    return at


def person(workshop):
    with workshop.store.begin() as work:
        return work.db.execute(select(t.registrations.c.state, t.registrations.c.blocked_because)).one()


def rounds(workshop) -> list[tuple[int, str]]:
    with workshop.store.begin() as work:
        found = select(t.invitations.c.round, t.invitations.c.state).order_by(t.invitations.c.invitation_id)
        return [tuple(row) for row in work.db.execute(found)]


def send(workshop) -> None:
    with workshop.store.begin() as work:
        work.db.execute(update(t.outbox).values(state="sent", attempt=1, settled_at=NOW))


@pytest.mark.parametrize(
    ("hours_later", "until", "words"),
    [
        pytest.param(0, NOW + THREE_DAYS, "po 25.1. 10:00", id="by day, from now"),
        pytest.param(12, NOW + timedelta(hours=22) + THREE_DAYS, "ut 26.1. 8:00", id="at night, from 8:00"),
    ],
)
def test_three_days_begin_when_the_message_may_leave_and_it_says_so(limited, hours_later, until, words):
    workshop = limited(NOW + timedelta(hours=hours_later))
    assert plan_now(workshop, SITE).invited == 1
    with workshop.store.begin() as work:
        assert work.db.scalar(select(t.invitations.c.expires_at)) == until
        message = work.db.execute(select(t.outbox)).one()
        assert message.valid_until == until
        assert f"PIN plati do {words}." in work.vault.open(message.text_sealed)


def test_who_lets_it_run_out_waits_again_and_after_the_last_is_blocked(limited):
    plan_now(limited(NOW), SITE)
    send(limited(NOW))
    end_invitations()
    assert rounds(limited(NOW)) == [(1, "open")]
    later = limited(NOW + THREE_DAYS)
    end_invitations()
    assert (person(later), rounds(later)) == (("waiting", None), [(1, "expired")])
    with later.store.begin() as work:
        add_dates(work.db, pairs=1, product="spikevax", apart=timedelta(days=28))
        work.db.execute(update(t.slots).values(begins_at=t.slots.c.begins_at + timedelta(days=10)))
    assert plan_now(later, SITE).invited == 1
    assert rounds(later) == [(1, "expired"), (2, "open")]
    send(later)
    last = limited(NOW + 3 * THREE_DAYS)
    end_invitations()
    assert (person(last), rounds(last)) == (("blocked", Reason.UNANSWERED), [(1, "expired"), (2, "expired")])


def test_what_never_left_was_no_invitation(limited):
    plan_now(limited(NOW), SITE)
    later = limited(NOW + THREE_DAYS)
    end_invitations()
    assert (person(later), rounds(later)) == (("waiting", None), [(1, "void")])


def test_whoever_holds_dates_or_is_choosing_keeps_her_pin(limited):
    plan_now(limited(NOW), SITE)
    send(limited(NOW))
    end = NOW + THREE_DAYS
    choosing = limited(end)
    with choosing.store.begin() as work:
        [invitation] = work.db.scalars(select(t.invitations.c.invitation_id))
        assert work.invitations.note_answer(invitation, now=end - timedelta(minutes=1))
    end_invitations()
    assert rounds(choosing) == [(1, "open")]
    holding = limited(end + timedelta(hours=1))
    with holding.store.begin() as work:
        first, second = work.db.scalars(select(t.slots.c.slot_id).order_by(t.slots.c.begins_at))
        hold(work.db, 1, first, second)
    end_invitations()
    assert (person(holding), rounds(holding)) == (("invited", None), [(1, "open")])


def test_a_booking_and_the_end_of_the_invitation_do_not_both_happen(limited):
    """The race is real: whoever believed what was read before the booking would end it all the same."""
    plan_now(limited(NOW), SITE)
    send(limited(NOW))
    workshop = limited(NOW + THREE_DAYS)
    i = t.invitations.c
    with workshop.store.begin() as booking:
        first, second = booking.db.scalars(select(t.slots.c.slot_id).order_by(t.slots.c.begins_at))
        booking.db.execute(update(t.slots).values(begins_at=t.slots.c.begins_at + timedelta(days=10)))
        with workshop.store.begin() as reading:
            due = list(reading.db.scalars(select(i.invitation_id).where(i.expires_at <= workshop.clock())))
        assert booking.reservations.hold(
            1, Picked(first, second), site_id=SITE, world=workshop.world, now=workshop.clock()
        )
        end_invitations()
    with workshop.store.engine.connect() as db:
        believed = update(t.invitations).where(i.invitation_id.in_(due)).values(state="expired")
        assert db.execute(believed).rowcount == 1
        db.rollback()
    end_invitations()
    assert (person(workshop), rounds(workshop)) == (("invited", None), [(1, "open")])
    with workshop.store.begin() as work:
        assert work.db.scalar(select(func.count()).select_from(t.reservations)) == 1
