"""One process's eye on the operators, with a clock and binds that a test sets."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.messages import Address, Lane, NewMt
from core.routing import Observed, OperatorChoice
from core.store.routes import ROUTES_LAST
from core.store.work import Store
from gateway.watch import Promptness, Watch

NOON = datetime(2021, 1, 22, 11, tzinfo=UTC)
NUMBER = "+420601000001"
O2, TM = OperatorChoice("o2"), OperatorChoice("tm")


class Process:
    """One gateway's watch; `bound` are its binds."""

    def __init__(self, store: Store, *bound: str) -> None:
        self.now = NOON
        self.bound = set(bound)
        self.o2 = Promptness()
        self.watch = Watch(
            store,
            [O2, TM],
            lambda name: name in self.bound,
            {"o2": self.o2, "tm": Promptness()},
            clock=lambda: self.now,
        )

    def look(self, after: float) -> None:
        """Look some seconds after noon."""
        self.now = NOON + timedelta(seconds=after)
        self.watch.look()


def queue(store: Store, operator: str) -> None:
    with store.begin() as work:
        address = Address("sms", NUMBER)
        work.outbox.add([NewMt(address, operator, Lane.ANSWER, "test", "a", 1, NOON)])


def where(store: Store) -> list[str]:
    with store.begin() as work:
        return list(work.db.scalars(text("SELECT operator FROM outbox ORDER BY mt_id")))


def test_what_another_process_is_bound_to_is_up(store):
    first, second = Process(store, "o2"), Process(store, "tm")
    first.look(0)
    second.look(1)
    assert [operator.is_up for operator in second.watch.operators] == [True, True]


def test_a_process_that_has_just_come_waits_for_the_others_notes_before_it_moves_anything(store):
    Process(store, "o2", "tm").look(-600)
    queue(store, "o2")
    fresh = Process(store, "tm")
    fresh.look(0)
    fresh.look(29)
    assert where(store) == ["o2"]
    fresh.look(30)
    assert where(store) == ["tm"]


def test_what_waits_comes_home_as_soon_as_somebody_is_bound_again(store):
    ours, theirs = Process(store, "tm"), Process(store)
    ours.look(0)
    queue(store, "o2")
    ours.look(30)
    assert where(store) == ["tm"]
    theirs.bound.add("o2")
    theirs.look(31)
    assert where(store) == ["o2"]


def test_what_waits_for_an_operator_that_left_the_settings_goes_by_another(store):
    with store.begin() as work:
        work.operators.note(["old"], bound=["old"], now=NOON)
    queue(store, "old")
    ours = Process(store, "o2")
    ours.look(60)
    assert where(store) == ["old"], "another process may still know it"
    ours.look(301)
    assert where(store) == ["o2"]


def test_an_operator_that_is_slow_loses_weight_once_a_minute_and_gets_it_back(store):
    ours, theirs = Process(store, "o2"), Process(store, "o2")
    ours.look(0)
    for process in (ours, theirs):
        for _ in range(30):
            process.o2.note(5.0)
    for after in (61, 122):
        ours.look(after)
        theirs.look(after)
    with store.begin() as work:
        shifts = work.db.execute(
            text(
                "SELECT operator, weight_before, weight_after, reason FROM operator_shifts ORDER BY shift_id"
            )
        )
        assert [tuple(row) for row in shifts] == [
            ("o2", 1.0, 0.5, "slow: nine of ten answers came within 5.0 s"),
            ("o2", 0.5, 0.6, "nothing was wrong for a minute"),
        ]
    theirs.look(124)
    assert [operator.weight for operator in theirs.watch.operators] == [0.6, 1.0]


def test_routes_are_forgotten_in_time(store):
    with store.begin() as work:
        work.routes.learn([(NUMBER, "o2")], source="mo", now=NOON - ROUTES_LAST)
    ours = Process(store)
    ours.look(3_600)
    with store.begin() as work:
        assert work.routes.find([NUMBER]).learned == {}


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([], Observed(0, 0, timedelta(0)), id="nothing"),
        pytest.param(
            [{"seconds": float(n)} for n in range(1, 11)], Observed(10, 0, timedelta(seconds=9)), id="p90"
        ),
        pytest.param(
            [
                {"seconds": 1.0, "is_throttled": True},
                {"seconds": 1.0, "is_refused": True},
                {"seconds": 1.0},
            ],
            Observed(3, 2, timedelta(seconds=1)),
            id="refusals of both kinds",
        ),
    ],
)
def test_what_was_noted_is_told_once(notes, expected):
    promptness = Promptness()
    for note in notes:
        promptness.note(**note)
    assert promptness.take() == expected
    assert promptness.take() == Observed(0, 0, timedelta(0))
