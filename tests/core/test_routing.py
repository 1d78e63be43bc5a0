"""Which operator carries a message, and how its share changes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.routing import (
    Known,
    Observed,
    OperatorChoice,
    after_refusal,
    choose_operator,
    shift,
    stand_in,
)

O2_NUMBER = "+420601234567"
O2 = OperatorChoice("o2", frozenset({"O2"}))
TMOBILE = OperatorChoice("tm", frozenset({"T-Mobile"}))
ANY = OperatorChoice("any")
ALL = OperatorChoice("all")
DOWN = replace(O2, is_up=False)
NUMBERS = [f"+420601{n:06}" for n in range(2_000)]


def ported(to: str) -> Known:
    return Known({O2_NUMBER: to})


def refused(*by: str, learned: str | None = None) -> Known:
    return Known({O2_NUMBER: learned} if learned else {}, {O2_NUMBER: frozenset(by)})


@pytest.mark.parametrize(
    ("operators", "known", "expected"),
    [
        pytest.param([O2, TMOBILE], Known(), "o2", id="by the prefix"),
        pytest.param([ANY, O2], Known(), "o2", id="its own network before one that serves all"),
        pytest.param(
            [TMOBILE, ANY], Known(), "any", id="no operator serves the network: any that serves all"
        ),
        pytest.param([TMOBILE], Known(), "tm", id="nobody serves all: the one there is"),
        pytest.param([O2, TMOBILE], ported("tm"), "tm", id="a ported number goes where it was seen"),
        pytest.param([O2], ported("gone"), "o2", id="an operator we no longer have is forgotten"),
        pytest.param([O2], ported("loopback"), "loopback", id="the terminal's phone stays there"),
        pytest.param([], Known(), "loopback", id="without operators there is only the loopback"),
        pytest.param([O2, ANY], refused("o2"), "any", id="not by one that said it is not its own"),
        pytest.param([O2, TMOBILE], refused("o2"), "tm", id="a ported number goes where it may be"),
        pytest.param([O2, ANY], refused("o2", learned="o2"), "any", id="a refusal beats what was seen"),
        pytest.param([O2], refused("o2"), "o2", id="refused by all: as if by none"),
        pytest.param([DOWN, ANY], Known(), "any", id="not by one that is down"),
        pytest.param([DOWN, TMOBILE], Known(), "o2", id="down, but nobody else serves the number"),
        pytest.param([DOWN, replace(ANY, is_up=False)], Known(), "o2", id="all down: as if none were"),
        pytest.param([DOWN, TMOBILE, ANY], ported("o2"), "any", id="down where it was seen"),
    ],
)
def test_an_mt_goes_by_the_operator_that_serves_its_number(operators, known, expected):
    assert choose_operator(O2_NUMBER, operators, known) == expected


@pytest.mark.parametrize(
    ("operators", "known", "expected"),
    [
        pytest.param([DOWN, ANY], Known(), "any", id="another that serves it"),
        pytest.param([DOWN, TMOBILE], Known(), None, id="another network's does not"),
        pytest.param([DOWN, TMOBILE], ported("tm"), "tm", id="but where it was seen"),
        pytest.param([DOWN, ANY], refused("any"), None, id="not one that refused it"),
        pytest.param([DOWN, replace(ANY, is_up=False)], Known(), None, id="not one that is down too"),
        pytest.param([O2, TMOBILE], Known(), None, id="not itself"),
    ],
)
def test_what_waits_for_an_operator_that_is_down_goes_by_one_that_serves_the_number(
    operators, known, expected
):
    assert stand_in(O2_NUMBER, operators, known, down="o2") == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(refused("o2"), {"tm", "any"}, id="either of the others"),
        pytest.param(refused("o2", "any"), {"tm"}, id="the last one"),
        pytest.param(refused("o2", "any", "tm"), {None}, id="nobody is left"),
    ],
)
def test_a_refused_number_is_tried_once_with_each(known, expected):
    assert after_refusal(O2_NUMBER, [O2, TMOBILE, ANY], known) in expected


def share(name: str, operators: list[OperatorChoice]) -> float:
    return sum(choose_operator(number, operators, Known()) == name for number in NUMBERS) / len(NUMBERS)


def test_numbers_are_shared_in_proportion_to_the_weights():
    assert share("any", [ANY, ALL]) == pytest.approx(0.5, abs=0.05)
    assert share("any", [replace(ANY, weight=0.25), ALL]) == pytest.approx(0.2, abs=0.05)


def test_an_operator_whose_weight_fell_leaves_so_much_of_its_own_network_to_others():
    assert share("o2", [O2, ANY]) == 1
    assert share("o2", [replace(O2, weight=0.5), ANY]) == pytest.approx(0.5, abs=0.05)


@given(st.floats(0.1, 1), st.floats(0.1, 1))
def test_a_shift_moves_numbers_only_away_from_the_one_that_lost_weight(before, after):
    before, after = max(before, after), min(before, after)
    for number in NUMBERS[:50]:
        old = choose_operator(number, [replace(ANY, weight=before), ALL], Known())
        new = choose_operator(number, [replace(ANY, weight=after), ALL], Known())
        assert new in (old, "all")


def observed(*, answered: int = 100, refused: int = 0, p90: float = 0.1) -> Observed:
    return Observed(answered, refused, timedelta(seconds=p90))


@pytest.mark.parametrize(
    ("weight", "seen", "new", "reason"),
    [
        pytest.param(1.0, observed(p90=4.2), 0.5, "slow: nine of ten answers came within 4.2 s", id="slow"),
        pytest.param(1.0, observed(refused=25), 0.5, "refuses: 25% of 100 submits", id="refuses"),
        pytest.param(0.15, observed(p90=9), 0.1, "slow: nine of ten answers came within 9.0 s", id="least"),
        pytest.param(0.5, observed(), 0.6, "nothing was wrong for a minute", id="well again"),
        pytest.param(0.95, observed(answered=0), 1.0, "nothing was wrong for a minute", id="nothing seen"),
        pytest.param(0.5, observed(answered=3, p90=9), 0.6, "nothing was wrong for a minute", id="too few"),
    ],
)
def test_a_weight_is_cut_at_once_and_comes_back_little_by_little(weight, seen, new, reason):
    changed = shift(weight, seen)
    assert changed is not None
    assert (changed.weight, changed.reason) == (new, reason)


@pytest.mark.parametrize(
    ("weight", "seen"),
    [
        pytest.param(1.0, observed(refused=20), id="well"),
        pytest.param(0.1, observed(p90=9), id="at its least"),
    ],
)
def test_a_weight_that_need_not_change_is_left_alone(weight, seen):
    assert shift(weight, seen) is None


@given(st.floats(0.1, 1), st.lists(st.tuples(st.integers(0, 100), st.floats(0, 30)), max_size=40))
def test_a_weight_is_always_a_share(weight, minutes):
    for refused, p90 in minutes:
        changed = shift(weight, observed(refused=refused, p90=p90))
        weight = changed.weight if changed else weight
        assert 0.1 <= weight <= 1
