"""Whom the vaccine of a site lasts for: nobody loses dates who could keep them."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.supply import Need, curve, runs_out_on, who_loses

TODAY = date(2021, 1, 22)
LATER = TODAY + timedelta(days=21)


def need(number: int, *ahead: int, is_begun: bool = False) -> Need:
    return Need(number, tuple(TODAY + timedelta(days=days) for days in ahead), is_begun)


days = st.integers(0, 8)
needs = st.lists(st.tuples(days, st.none() | st.integers(1, 8), st.booleans()), max_size=14).map(
    lambda drawn: [
        need(number, first, is_begun=is_begun)
        if gap is None or is_begun
        else need(number, first, first + gap)
        for number, (first, gap, is_begun) in enumerate(drawn)
    ]
)
coming = st.dictionaries(days.map(lambda ahead: TODAY + timedelta(days=ahead)), st.integers(0, 8), max_size=3)


def lacks(on_hand: int, comes: dict[date, int], kept: Sequence[Need]) -> int:
    return sum(-left for left in curve(on_hand, comes, kept).values() if left < 0)


@given(st.integers(0, 20), coming, needs)
def test_the_vaccine_lasts_for_whoever_keeps_her_dates_unless_all_that_lacks_is_owed(
    on_hand, comes, in_order
):
    lost = who_loses(on_hand, comes, in_order)
    kept = [each for each in in_order if each not in lost]
    only_begun = [each for each in kept if each.is_begun]
    if runs_out_on(on_hand, comes, only_begun) is None:
        assert runs_out_on(on_hand, comes, kept) is None
    assert not any(each.is_begun for each in lost)


@given(st.integers(0, 20), coming, needs)
def test_nobody_loses_dates_that_could_be_kept(on_hand, comes, in_order):
    lost = who_loses(on_hand, comes, in_order)
    kept = [each for each in in_order if each not in lost]
    for each in lost:
        assert lacks(on_hand, comes, [*kept, each]) > lacks(on_hand, comes, kept)


@given(st.integers(0, 10), coming, st.integers(1, 12))
def test_of_equal_dates_the_lowest_priority_loses(on_hand, comes, people):
    alike = [need(number, 2, 5) for number in range(people)]
    lost = who_loses(on_hand, comes, alike)
    assert [each.registration_id for each in lost] == [*reversed(range(people - len(lost), people))]


def test_what_comes_on_a_day_can_be_given_on_it():
    assert runs_out_on(1, {LATER: 1}, [need(1, 3, 21)]) is None
    assert runs_out_on(1, {LATER + timedelta(days=1): 1}, [need(1, 3, 21)]) == LATER


def test_who_gave_up_two_doses_where_one_lacked_lets_another_fit_in_again():
    # The last lacks her first dose on day 1; later the second of all lacks one, and who gives up frees two.
    in_order = [need(1, 1), need(2, 1, 3), need(3, 1)]
    assert [each.registration_id for each in who_loses(2, {}, in_order)] == [2]


def test_who_has_had_the_first_dose_is_owed_the_second():
    owed, fresh = need(2, 3, is_begun=True), need(1, 1, 5)
    assert who_loses(2, {}, [fresh, owed]) == [fresh]
