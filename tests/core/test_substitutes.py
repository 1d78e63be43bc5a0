"""How many are asked for a leftover dose, and when."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.substitutes import MOST_AT_ONCE, WITHIN, Answers, AtNight, Day, TooLate, Window, how_many, window

AFTERNOON = datetime(2021, 1, 22, 16, 0, tzinfo=UTC)  # 17:00 in Prague


@given(st.integers(1, 50), st.integers(0, 500), st.floats(0, 1))
def test_as_few_are_asked_as_take_every_dose_on_the_average(doses, asked, share):
    answers = Answers(asked, int(asked * share))
    most = how_many(doses, answers)
    assert most == MOST_AT_ONCE or most * answers.rate >= doses - 1e-9
    assert (most - 1) * answers.rate < doses
    assert how_many(doses + 1, answers) >= most


def test_nobody_is_asked_for_nothing():
    assert how_many(0, Answers()) == 0


@pytest.mark.parametrize(
    ("now", "come_by", "outcome"),
    [
        pytest.param(AFTERNOON, None, Window, id="in two hours"),
        pytest.param(AFTERNOON, AFTERNOON + WITHIN, TooLate, id="nobody can come in time"),
        pytest.param(AFTERNOON + timedelta(hours=2, minutes=30), None, TooLate, id="the day ends too soon"),
        pytest.param(AFTERNOON + timedelta(hours=3), None, AtNight, id="at eight the day is over"),
        pytest.param(AFTERNOON - timedelta(hours=10), None, AtNight, id="before the day begins"),
    ],
)
def test_a_round_stays_in_the_day_of_the_site(now, come_by, outcome):
    found = window(Day(), come_by, now=now)
    assert isinstance(found, outcome)
    if isinstance(found, Window):
        assert found.come_by - found.answer_until == WITHIN


def test_a_day_does_not_go_on_past_midnight():
    with pytest.raises(ValueError, match="20:00 to 8:00 is no day"):
        Day(time(20), time(8))
