"""January 2021: PINs came late or never: SMS left slowly, and people asked again and again in the first hour.

Cured in two ways. Who asks again while the answer waits costs no second SMS; and an answer leaves before any
invitation, however many wait.
"""

import pytest
from sqlalchemy import func, select

from conversations.library import load_library
from core.messages import Address, Lane, NewMo, NewMt
from core.store import tables as t
from gateway.turns.backlog import Backlog
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import Town

LIBRARY = load_library()
PEOPLE = 60
TIMES = 6
ROUND = 20  # segments that the operator takes at once


@pytest.fixture
def first_hour(town: Town) -> list[Address]:
    """Everybody asks for a PIN six times, and nothing leaves."""
    people = [Address("sms", f"+42060300{n:04}") for n in range(PEOPLE)]
    asked = [
        NewMo(each, "o2", "ZTRATA", town.now, f"{n}/{each.number}") for n in range(TIMES) for each in people
    ]
    with town.store.begin() as work:
        work.inbox.add(asked)
    return people


def take_turns(town: Town) -> None:
    runner = TurnRunner(town.store, LIBRARY, town.world, backlog=Backlog({"o2": 1.0}))
    while runner.run_batch(town.now):
        pass


def test_asking_again_and_again_costs_one_sms(town: Town, first_hour: list[Address]) -> None:
    take_turns(town)
    o = t.outbox.c
    with town.store.begin() as work:
        found = work.db.execute(select(o.address, func.count()).group_by(o.address)).all()
        assert work.db.scalar(select(func.count()).where(t.inbox.c.done_at.is_(None))) == 0
    assert {row[0]: row[1] for row in found} == {each.number: 1 for each in first_hour}


def test_an_answer_overtakes_every_invitation_that_waits(town: Town, first_hour: list[Address]) -> None:
    bulk = [Address("sms", f"+42060200{n:04}") for n in range(500)]
    with town.store.begin() as work:
        work.outbox.add(
            [NewMt(each, "o2", Lane.INVITATION, "invitation", "PIN", 1, town.now) for each in bulk]
        )
    take_turns(town)
    answered: list[str] = []
    with town.store.begin() as work:
        while len(answered) < PEOPLE:
            claimed = work.outbox.claim("o2", max_segments=ROUND, by="test", now=town.now)
            assert {each.lane for each in claimed} == {Lane.ANSWER}, "no invitation is before an answer"
            answered += [each.address.number for each in claimed]
    assert set(answered) == {each.number for each in first_hour}
