"""Waves on a real PostgreSQL: never more than can be served, one each, all or nothing."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from conversations.media import gsm
from core.invitations import plan
from core.messages import Lane
from core.store import tables as t
from core.store.gates import WaveGate
from core.store.work import Store
from tests.workers.town import (
    FIRST_DAY,
    NOW,
    OTHER_SITE,
    SITE,
    add_dates,
    add_people,
    add_person,
    add_site,
    deliver,
    hold,
)
from workers.planning import ByHand, NotPlanned, Planned, SitesNotPlanned, plan_all, plan_now, plan_site
from workers.standing import look
from workers.workshop import install


def count(workshop, table):
    with workshop.store.begin() as work:
        return work.db.scalar(select(func.count()).select_from(table))


def claims(workshop) -> int:
    """How many may answer: invited, and without dates."""
    with workshop.store.begin() as work:
        silent = work.responses.silent(SITE, now=NOW, dialogue_lasts=workshop.world.hold_for)
    return sum(some.count for some in silent)


@pytest.mark.parametrize(
    ("pairs", "doses", "people", "invited"),
    [
        pytest.param(3, 100, 10, 3, id="pairs are short"),
        pytest.param(10, 7, 10, 3, id="an odd dose is nobody's course"),
        pytest.param(10, 100, 4, 4, id="people are short"),
        pytest.param(10, 0, 4, 0, id="no vaccine"),
    ],
)
def test_as_many_are_invited_as_have_a_pair_and_two_doses(workshop, pairs, doses, people, invited):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=pairs)
        deliver(work.db, doses)
        add_people(work.db, people)
    assert plan_now(workshop, SITE).invited == invited
    assert plan_now(workshop, SITE).invited == 0
    assert count(workshop, t.invitations) == count(workshop, t.outbox) == invited


def test_why_not_more_is_said_in_words(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=5)
        deliver(work.db, 4)
        add_people(work.db, 6)
    planned = plan_now(workshop, SITE)
    assert planned.invited == 2
    assert planned.plan.reasons == ("comirnaty: vaccine for 2 people only, bookable pairs 5",)


@pytest.mark.parametrize(
    ("before", "lead", "invited"),
    [
        pytest.param(timedelta(minutes=29), timedelta(minutes=30), 2, id="chosen too late"),
        pytest.param(timedelta(hours=13), timedelta(minutes=60), 3, id="read in the morning, in time"),
        pytest.param(timedelta(hours=13), timedelta(minutes=61), 2, id="read in the morning, too late"),
    ],
)
def test_dates_that_nobody_can_choose_any_more_are_no_reason_to_invite(workshop, before, lead, invited):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=3)
        deliver(work.db, 10)
        add_people(work.db, 3)
    late = replace(workshop, world=replace(workshop.world, lead=lead), clock=lambda: FIRST_DAY - before)
    assert plan_now(late, SITE).invited == invited


def test_a_site_whose_gate_closed_invites_nobody(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=3)
        deliver(work.db, 10)
        add_people(work.db, 3)
        work.db.execute(update(t.sites).values(is_active=False))
    planned = plan_now(workshop, SITE)
    assert planned.invited == 0
    assert "not active" in planned.plan.reasons[0]


def test_there_is_nothing_to_plan_for_a_site_we_do_not_know(workshop):
    assert plan_now(workshop, UUID(int=77)) is None


def test_the_message_is_one_sms_with_the_pin_in_the_planners_order(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=2)
        deliver(work.db, 10)
        young = add_person(work.db, 1, score=3)
        old = add_person(work.db, 2, born=date(1930, 1, 1))
        work.routes.learn([("+420601000001", "vodafone")], source="mo", now=NOW)
    plan_site(str(SITE))
    with workshop.store.begin() as work:
        rows = work.db.execute(select(t.outbox).order_by(t.outbox.c.rank)).all()
        assert [row.registration_id for row in rows] == [old, young]
        assert [row.operator for row in rows] == ["o2", "vodafone"]
        for row in rows:
            words = work.vault.open(row.text_sealed)
            pin = work.invitations.pin_of(row.invitation_id)
            assert f"{pin[:4]} {pin[4:]}" in words
            assert "Nemocnice Jihlava" in words
            assert gsm.is_gsm7(words)
            assert (row.lane, row.purpose, row.segments) == (Lane.INVITATION, "invitation", 1)
            assert (row.state, row.channel) == ("queued", "sms")


def test_who_came_back_with_nothing_is_told_when_there_are_dates_again(workshop):
    with workshop.store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=1)
        deliver(work.db, 10)
        back = add_person(work.db, 1)
    plan_now(workshop, SITE)
    with workshop.store.begin() as work:
        other = add_person(work.db, 2)
        work.db.execute(
            update(t.registrations).where(t.registrations.c.registration_id == back).values(state="returned")
        )
        hold(work.db, other, firsts[0], seconds[0])
    assert plan_now(workshop, SITE).invited == 0
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=1, product="spikevax", apart=timedelta(days=28))
        deliver(work.db, 2, product="spikevax")
    assert plan_now(workshop, SITE).invited == 1
    with workshop.store.begin() as work:
        told = work.db.execute(select(t.outbox).order_by(t.outbox.c.mt_id)).all()
    assert [(m.registration_id, m.purpose) for m in told] == [(back, "invitation"), (back, "free_again")]
    assert count(workshop, t.invitations) == 1
    with workshop.store.begin() as work:
        assert work.vault.open(told[-1].text_sealed).endswith("PIN plati do pouziti.")


def test_an_exception_after_inviting_leaves_nothing(workshop):
    """Killed in the middle: the transaction is rolled back as by a dead process."""

    class DiesBeforeCommit(Store):
        @contextmanager
        def begin(self):
            with super().begin() as work:
                yield work
                assert work.db.scalar(select(func.count()).select_from(t.outbox)) == 3
                raise KeyboardInterrupt

    with workshop.store.begin() as work:
        add_dates(work.db, pairs=3)
        deliver(work.db, 10)
        add_people(work.db, 3)
    dying = replace(workshop, store=DiesBeforeCommit(workshop.store.engine, workshop.store.vault))
    with pytest.raises(KeyboardInterrupt):
        plan_now(dying, SITE)
    for table in (t.waves, t.invitations, t.outbox):
        assert count(workshop, table) == 0
    assert plan_now(workshop, SITE).invited == 3


def test_a_site_that_cannot_be_planned_does_not_stop_the_others(workshop):
    class FailsAtOneSite(Store):
        @contextmanager
        def begin(self):
            with super().begin() as work:
                yield work
                if SITE in work.db.scalars(select(t.waves.c.site_id)):
                    raise LookupError

    with workshop.store.begin() as work:
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
        for site_id in (SITE, OTHER_SITE):
            add_dates(work.db, pairs=2, site_id=site_id)
            deliver(work.db, 4, site_id=site_id)
        add_people(work.db, 3)
        add_people(work.db, 3, start=11, site_id=OTHER_SITE)
    install(replace(workshop, store=FailsAtOneSite(workshop.store.engine, workshop.store.vault)))
    with pytest.raises(SitesNotPlanned, match=str(SITE)):
        plan_all()
    with workshop.store.begin() as work:
        assert [wave.site_id for wave in work.waves.latest(9)] == [OTHER_SITE]


def test_a_site_that_decides_by_hand_is_left_alone(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=2)
        deliver(work.db, 4)
        add_people(work.db, 3)
        work.gates.set(SITE, WaveGate.BY_HAND)
    plan_all()
    assert count(workshop, t.waves) == 0
    refused = plan_now(workshop, SITE)
    assert isinstance(refused, NotPlanned)
    assert plan_now(workshop, SITE, by_hand=ByHand("desk")).invited == 2


def test_a_change_of_calendars_or_policy_is_noticed_and_a_new_day_of_slots_is_not(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=2)
        deliver(work.db, 4)
        add_people(work.db, 9)
        site = work.sites.get(SITE)

    def is_changed(here) -> bool:
        with here.store.begin() as work:
            return look(work, here, site, now=NOW).state.is_changed

    assert is_changed(workshop)
    plan_now(workshop, SITE)
    assert not is_changed(workshop)
    with workshop.store.begin() as work:
        work.db.execute(update(t.slots).values(begins_at=t.slots.c.begins_at + timedelta(days=1)))
    assert not is_changed(workshop)
    stricter = replace(workshop.world.policy, notice=timedelta(hours=4))
    assert is_changed(replace(workshop, world=replace(workshop.world, policy=stricter)))
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=1, product="spikevax", apart=timedelta(days=28))
    assert is_changed(workshop)


def test_planners_at_once_invite_nobody_twice_and_no_more_than_fit(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=30)
        deliver(work.db, 40)
        add_people(work.db, 60)
    with ThreadPoolExecutor(6) as pool:
        planned = list(pool.map(lambda _: plan_now(workshop, SITE), range(12)))
    assert sum(p.invited for p in planned if isinstance(p, Planned)) == 20
    assert count(workshop, t.invitations) == count(workshop, t.outbox) == 20


def test_without_the_lock_two_planners_invite_twice_as_many_as_fit(workshop):
    """The race that the lock is for."""
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=2)
        deliver(work.db, 4)
        add_people(work.db, 4)
        site = work.sites.get(SITE)
    with workshop.store.begin() as one, workshop.store.begin() as other:
        plans = [plan(look(work, workshop, site, now=NOW).state) for work in (one, other)]
        for work, chosen, random in zip((one, other), plans, (Random(2), Random(3)), strict=True):
            work.invitations.invite(
                SITE, chosen.size, policy="none", inputs={}, approved_by="", now=NOW, random=random
            )
    assert claims(workshop) == 4


def test_every_site_where_somebody_waits_is_planned(workshop):
    with workshop.store.begin() as work:
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
        for site_id in (SITE, OTHER_SITE):
            add_dates(work.db, pairs=2, site_id=site_id)
            deliver(work.db, 4, site_id=site_id)
        add_people(work.db, 3)
        add_people(work.db, 3, start=11, site_id=OTHER_SITE)
    plan_all()
    assert count(workshop, t.invitations) == 4
    assert count(workshop, t.waves) == 2


PEOPLE = st.lists(
    st.tuples(st.sampled_from([13, 7, 3]), st.integers(1925, 1960), st.integers(0, 9)),
    min_size=1,
    max_size=12,
)


@given(people=PEOPLE, sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_invitation_is_the_order_of_priority(workshop, people, sizes):
    with workshop.store.begin() as work:
        work.db.execute(text("TRUNCATE calendars, registrations, stock_movements RESTART IDENTITY CASCADE"))
        add_dates(work.db, pairs=20)
        deliver(work.db, 40)
        ids = [
            add_person(
                work.db, n, score=score, born=date(year, 1, 1), at=NOW - timedelta(days=9, minutes=-minute)
            )
            for n, (score, year, minute) in enumerate(people)
        ]
    for size in sizes:
        plan_now(workshop, SITE, by_hand=ByHand("desk", size))
    by_priority = sorted(
        zip(people, ids, strict=True), key=lambda one: (-one[0][0], one[0][1], one[0][2], one[1])
    )
    with workshop.store.begin() as work:
        messages = work.db.scalars(select(t.outbox.c.registration_id).order_by(t.outbox.c.rank)).all()
    assert messages == [registration_id for _, registration_id in by_priority][: sum(sizes)]


STEPS = st.lists(st.sampled_from(["plan", "plan", "hold", "lapse", "deliver", "register"]), max_size=14)


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_everybody_invited_finds_a_pair_and_doses(workshop, steps):
    pairs, number = 3, 0
    with workshop.store.begin() as work:
        work.db.execute(text("TRUNCATE calendars, registrations, stock_movements RESTART IDENTITY CASCADE"))
        firsts, seconds = add_dates(work.db, pairs=pairs)
        add_people(work.db, 6, start=100)
    doses, held = 0, {}
    for step in steps:
        with workshop.store.begin() as work:
            match step:
                case "deliver":
                    deliver(work.db, 3)
                    doses += 3
                case "register":
                    number += 1
                    add_person(work.db, number)
                case "hold":
                    mine = work.db.scalar(_invited_without_dates())
                    free = next(iter(set(range(pairs)) - set(held.values())), None)
                    if mine is not None:
                        assert free is not None
                        hold(work.db, mine, firsts[free], seconds[free])
                        held[mine] = free
                case "lapse" if held:
                    mine, place = held.popitem()
                    work.db.execute(
                        update(t.reservations)
                        .where(t.reservations.c.registration_id == mine)
                        .values(state="lapsed")
                    )
                    work.db.execute(
                        update(t.slots)
                        .where(t.slots.c.slot_id.in_([firsts[place], seconds[place]]))
                        .values(taken=0)
                    )
        if step == "plan":
            plan_now(workshop, SITE)
        assert claims(workshop) <= min(pairs - len(held), doses // 2 - len(held))
        assert invitations_of_one(workshop) <= 1


def invitations_of_one(workshop):
    """The most that any registration was given."""
    i = t.invitations.c
    given = select(func.count(i.invitation_id).label("given")).group_by(i.registration_id).subquery()
    with workshop.store.begin() as work:
        return work.db.scalar(select(func.max(given.c.given))) or 0


def _invited_without_dates():
    r, v = t.registrations.c, t.reservations.c
    with_dates = select(v.registration_id).where(v.state == "held")
    return (
        select(r.registration_id).where(r.state == "invited", r.registration_id.not_in(with_dates)).limit(1)
    )
