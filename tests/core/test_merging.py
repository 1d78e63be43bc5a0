"""Which of two registrations of one person may end, and what the other gains."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blocking import Reason
from core.merging import BothHaveDates, Gains, KeptBack, NotProven, OtherHasDates, Side, merged

EARLY, LATE = datetime(2021, 1, 15, 8, tzinfo=UTC), datetime(2021, 1, 20, 8, tzinfo=UTC)
KEEP = Side(1, "waiting", None, "age_70", 10, None, LATE)
END = Side(2, "waiting", None, "age_80", 13, None, EARLY)


@pytest.mark.parametrize(
    ("keep", "end", "gains"),
    [
        pytest.param({}, {}, Gains(EARLY, "age_80", 13, None, to_head=False), id="the better of both"),
        pytest.param(
            {},
            {"score": 5, "registered_at": LATE},
            Gains(LATE, "age_70", 10, None, to_head=False),
            id="nothing to gain",
        ),
        pytest.param(
            {}, {"state": "returned"}, Gains(EARLY, "age_80", 13, None, to_head=True), id="from the head"
        ),
        pytest.param(
            {"state": "reserved"},
            {"state": "returned"},
            Gains(EARLY, "age_80", 13, None, to_head=False),
            id="who has dates needs no head",
        ),
        pytest.param(
            {},
            {"state": "blocked", "blocked_because": Reason.UNPROVEN, "claimed_group": "age_80"},
            Gains(EARLY, "age_70", 10, "age_80", to_head=False),
            id="what is not proven is asked about",
        ),
        pytest.param(
            {"claimed_group": "age_80"},
            {},
            Gains(EARLY, "age_80", 13, None, to_head=False),
            id="what the other has proven is asked no more",
        ),
    ],
)
def test_what_stays_has_the_better_place(keep, end, gains):
    assert merged(replace(KEEP, **keep), replace(END, **end)) == gains


@pytest.mark.parametrize(
    ("keep", "end", "refusal"),
    [
        pytest.param({"state": "reserved"}, {"state": "done"}, BothHaveDates(), id="dates of both"),
        pytest.param({}, {"state": "reserved"}, OtherHasDates(), id="dates of the wrong one"),
        pytest.param(
            {},
            {"state": "blocked", "blocked_because": Reason.VACCINATED},
            KeptBack(Reason.VACCINATED),
            id="a block of the person",
        ),
        pytest.param(
            {"state": "blocked", "blocked_because": Reason.UNPROVEN}, {}, NotProven(), id="not proven"
        ),
    ],
)
def test_what_would_lose_something_is_refused(keep, end, refusal):
    assert merged(replace(KEEP, **keep), replace(END, **end)) == refusal


_reasons = st.sampled_from([None, Reason.ON_REQUEST, Reason.NOT_IDENTIFIED, Reason.UNPROVEN])
_sides = st.builds(
    lambda state, because, score, at: Side(
        1, "blocked" if because else state, because, f"group {score}", score, None, at
    ),
    st.sampled_from(["waiting", "invited", "returned", "reserved", "done"]),
    _reasons,
    st.integers(0, 20),
    st.datetimes(timezones=st.just(UTC)),
)


@given(_sides, _sides)
def test_nobody_is_worse_off_and_nobody_gains_what_is_not_proven(keep, end):
    match merged(keep, end):
        case Gains() as gains:
            assert gains.registered_at == min(keep.registered_at, end.registered_at)
            assert gains.score >= keep.score
            assert gains.score == keep.score or (end.is_proven and gains.score == end.score)
            assert not end.has_dates
        case BothHaveDates() | OtherHasDates():
            assert end.has_dates
        case KeptBack() | NotProven():
            pass
