"""Under the chance a new site is tried out, and waves grow with what was seen, however often one plans."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.invitations import Policy
from core.store import tables as t
from gateway.compose import App
from tests.workers.town import NOW, SITE, add_dates, add_people, deliver
from workers.planning import Planned, plan_now


@pytest.fixture
def plan_at(workshop) -> Callable[..., Planned]:
    """Plan the site, where 500 wait for 400 dates, so many minutes after the first wave."""
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=400)
        deliver(work.db, 2_000)
        add_people(work.db, 500)
    chance = App().policy_named("chance")

    def at(minutes: int, *, policy: Policy = chance) -> Planned:
        now = NOW + timedelta(minutes=minutes)
        planned = plan_now(
            replace(workshop, world=replace(workshop.world, policy=policy), clock=lambda: now), SITE
        )
        with workshop.store.begin() as work:
            queued = update(t.outbox).where(t.outbox.c.state == "queued")
            work.db.execute(queued.values(state="sent", attempt=1, settled_at=now))
        assert isinstance(planned, Planned)
        return planned

    return at


def test_a_wave_grows_once_an_hour(plan_at):
    assert [plan_at(minutes).invited for minutes in (0, 1, 59)] == [20, 0, 0]
    assert [plan_at(minutes).invited for minutes in (61, 62, 100)] == [40, 0, 0]
    assert plan_at(122).invited == 80


def test_another_policy_is_tried_out_anew(plan_at):
    for minutes in (0, 61, 122):
        plan_at(minutes)
    other = replace(App().policy_named("chance"), name="ours")
    tried = plan_at(183, policy=other)
    assert (tried.invited, tried.plan.reasons[-1]) == (
        20,
        "something changed here: 20 are invited to try it out",
    )
    assert plan_at(244, policy=other).invited == 40
