"""The brake on a real PostgreSQL: what has not left is taken back, last in order first, and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table, select, update

from core.invitations import Claims, OpenInvitations, Policy, SiteState
from core.store import tables as t
from tests.workers.town import NOW, SITE, add_dates, add_person, deliver
from workers.braking import TOO_MANY, excess, is_over
from workers.planning import plan_all, plan_now, sites_to_plan


@pytest.fixture
def invited(workshop) -> list[int]:
    """Six people in order, invited to six dates; nothing has left."""
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=6)
        deliver(work.db, 12)
        people = [add_person(work.db, n, born=date(1930 + n, 1, 1)) for n in range(6)]
    assert plan_now(workshop, SITE).invited == 6
    by_one_operator(workshop)
    return people


def by_one_operator(workshop) -> None:
    with workshop.store.begin() as work:
        work.db.execute(update(t.outbox).values(operator="o2"))


def cut(workshop, doses: int) -> None:
    with workshop.store.begin() as work:
        deliver(work.db, -doses)


def claim(work, segments: int) -> list[int]:
    """The messages that a sender takes, in order."""
    return [mt.mt_id for mt in work.outbox.claim("o2", max_segments=segments, by="a sender", now=NOW)]


def states(workshop, table: Table) -> list[str]:
    """In the order of their registrations."""
    with workshop.store.begin() as work:
        return list(work.db.scalars(select(table.c.state).order_by(table.c.registration_id)))


def test_a_cut_delivery_takes_back_the_last_in_order_and_they_wait_in_their_place(workshop, invited):
    cut(workshop, 5)
    planned = plan_now(workshop, SITE)
    assert (planned.invited, planned.taken_back) == (0, 3)
    assert states(workshop, t.registrations) == ["invited"] * 3 + ["waiting"] * 3
    assert states(workshop, t.invitations) == ["open"] * 3 + ["void"] * 3
    assert states(workshop, t.outbox) == ["queued"] * 3 + ["expired"] * 3
    assert plan_now(workshop, SITE).taken_back == 0


def test_who_was_taken_back_is_invited_again_with_a_pin_that_counts_as_the_first(workshop, invited):
    cut(workshop, 5)
    plan_now(workshop, SITE)
    cut(workshop, -5)
    assert plan_now(workshop, SITE).invited == 3
    with workshop.store.begin() as work:
        given = work.db.execute(
            select(t.invitations.c.state, t.invitations.c.round)
            .where(t.invitations.c.registration_id == invited[-1])
            .order_by(t.invitations.c.invitation_id)
        )
        assert [tuple(row) for row in given] == [("void", 1), ("open", 1)]


def test_a_brake_is_kept_as_a_wave_with_a_size_below_0(workshop, invited):
    cut(workshop, 5)
    plan_now(workshop, SITE)
    with workshop.store.begin() as work:
        brake, wave = work.waves.latest(2)
        assert (brake.size, wave.size) == (-3, 6)
        assert (set(brake.who), wave.who) == (set(invited[3:]), tuple(invited))
        assert brake.reasons[0] == TOO_MANY
        assert work.waves.sizes(SITE, since=NOW, until=NOW, like={}) == (6,)


def test_what_a_sender_has_is_not_taken_back(workshop, invited):
    with workshop.store.begin() as work:
        assert len(claim(work, 5)) == 5
    cut(workshop, 8)
    assert plan_now(workshop, SITE).taken_back == 1
    assert states(workshop, t.outbox) == ["claimed"] * 5 + ["expired"]
    assert states(workshop, t.registrations) == ["invited"] * 5 + ["waiting"]


def test_a_message_that_a_sender_takes_meanwhile_leaves_and_its_invitation_stays(workshop, invited):
    """The race is real: a brake that believed what it read would take back what leaves."""
    today = NOW.date()
    with workshop.store.begin() as work:
        read_before = work.withdrawals.lock_unsent(SITE, today=today)
    with workshop.store.begin() as work:
        assert len(claim(work, 6)) == 6
    with workshop.store.engine.connect() as db:
        believed = update(t.invitations).where(
            t.invitations.c.invitation_id.in_([one.invitation_id for one in read_before])
        )
        assert db.execute(believed.values(state="void")).rowcount == 6
        db.rollback()
    with workshop.store.begin() as work:
        assert work.withdrawals.withdraw(read_before, now=NOW) == []
    assert states(workshop, t.invitations) == ["open"] * 6


def test_brakes_and_senders_at_once_share_the_messages_out(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=60)
        deliver(work.db, 120)
        for number in range(60):
            add_person(work.db, number)
    plan_now(workshop, SITE)
    by_one_operator(workshop)
    cut(workshop, 110)

    def send(_: int) -> None:
        with workshop.store.begin() as work:
            claim(work, 2)

    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(send, n) for n in range(12)]
        braked = [pool.submit(plan_now, workshop, SITE) for _ in range(4)]
        for each in (*sent, *braked):
            each.result()
    together = zip(
        states(workshop, t.outbox),
        states(workshop, t.invitations),
        states(workshop, t.registrations),
        strict=True,
    )
    assert set(together) <= {
        ("claimed", "open", "invited"),
        ("queued", "open", "invited"),
        ("expired", "void", "waiting"),
    }
    assert states(workshop, t.outbox).count("claimed") >= 20


def test_a_site_that_is_no_longer_offered_takes_back_all_that_has_not_left(workshop, invited):
    with workshop.store.begin() as work:
        work.db.execute(update(t.sites).values(is_active=False))
    assert sites_to_plan(workshop) == [SITE], "nobody waits there, and messages have not left"
    plan_all()
    assert set(states(workshop, t.registrations)) == {"waiting"}


def test_what_is_queued_for_a_registration_that_ended_does_not_leave(workshop, invited):
    with workshop.store.begin() as work:
        assert work.registrations.replace(invited[0], now=NOW)
        work.invitations.void_of(invited[0], now=NOW)
    assert states(workshop, t.outbox) == ["expired"] + ["queued"] * 5


SILENT = st.lists(st.integers(0, 30), min_size=3, max_size=3)
POLICIES = st.sampled_from(
    [Policy(), Policy(claims=Claims.DECAYING, epsilon=0.05), Policy(claims=Claims.IGNORED, epsilon=1)]
)


@given(capacity=st.integers(0, 60), silent=SILENT, unsent=st.integers(0, 40), policy=POLICIES)
def test_no_more_is_taken_back_than_makes_the_others_safe(capacity, silent, unsent, policy):
    state = SiteState(
        {"comirnaty": capacity},
        {"comirnaty": capacity},
        (),
        (
            OpenInvitations("80+", timedelta(), unsent),
            *(OpenInvitations("70-79", timedelta(hours=4 * n), many) for n, many in enumerate(silent, 1)),
        ),
    )
    back = excess(state, ["80+"] * unsent, policy)
    assert 0 <= back <= unsent
    assert excess(without(state, back), ["80+"] * (unsent - back), policy) == 0 or back == unsent
    if back:
        assert excess(without(state, back - 1), ["80+"] * (unsent - back + 1), policy) == 1
    if policy.claims is Claims.IGNORED:
        assert not is_over(state, policy)


def without(state: SiteState, some: int) -> SiteState:
    first, *others = state.open
    fewer = OpenInvitations(first.band, first.invited_ago, first.count - some)
    return SiteState(state.pairs_by_product, state.courses_by_product, (), (fewer, *others))
