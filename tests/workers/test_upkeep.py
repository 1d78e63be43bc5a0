"""What time alone changes, on a real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.messages import Address, Lane, MtState, NewMt
from core.store import tables as t
from core.unanswered import PATIENCE
from tests.workers.town import NOW, add_dates, add_person, hold
from workers.upkeep import reconcile_unanswered, release_lapsed_holds
from workers.workshop import install


def test_a_lapsed_hold_frees_both_places(workshop):
    with workshop.store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=1)
        hold(work.db, add_person(work.db, 1, state="invited"), firsts[0], seconds[0])
    for minutes, taken in ((29, 2), (31, 0)):
        install(replace(workshop, clock=lambda after=minutes: NOW + timedelta(minutes=after)))
        release_lapsed_holds()
        with workshop.store.begin() as work:
            assert work.db.scalar(select(func.sum(t.slots.c.taken))) == taken


@pytest.mark.parametrize(
    ("lane", "state"),
    [
        pytest.param(Lane.ANSWER, MtState.QUEUED, id="an answer is better told twice than never"),
        pytest.param(Lane.CONFIRMATION, MtState.QUEUED, id="so is a confirmation"),
        pytest.param(Lane.INVITATION, MtState.UNANSWERED, id="an inviting SMS is one-off"),
    ],
)
def test_what_a_dead_sender_had_claimed(workshop, lane, state):
    with workshop.store.begin() as work:
        work.outbox.add([NewMt(Address("sms", "+420601000001"), "o2", lane, "answer", "Ano.", 1, NOW)])
        work.outbox.claim("o2", max_segments=1, by="dead", now=NOW)
    for now in (NOW + PATIENCE.claim_lasts * 1.1, NOW + (PATIENCE.claim_lasts + PATIENCE.again_after) * 1.2):
        install(replace(workshop, clock=lambda at=now: at))
        reconcile_unanswered()
    with workshop.store.begin() as work:
        assert work.db.scalar(select(t.outbox.c.state)) == state
