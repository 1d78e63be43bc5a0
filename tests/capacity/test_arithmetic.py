"""The arithmetic of the capacity, without Redis."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.capacity.arithmetic import (
    HORIZON,
    LONGEST_LEAD,
    LONGEST_LEASE,
    LONGEST_PATIENCE,
    LONGEST_WAIT,
    SECOND,
    SMALLEST_SHARE,
    TOLERANCE,
    WHOLE,
    Book,
    Granted,
    Limit,
    TooEarly,
)

NOON = 1_611_226_800 * SECOND


def ready(segments_per_second: float) -> Book:
    book = Book(Limit.of(segments_per_second))
    book.start_over(NOON - book.limit.quiet)
    return book


def reserve(book: Book, segments: int, now: int, at_most: int = LONGEST_WAIT) -> tuple[int, ...]:
    outcome = book.reserve(segments, at_most=at_most, lead=0, now=now)
    assert isinstance(outcome, Granted)
    return outcome.moments


@pytest.mark.parametrize(
    ("segments_per_second", "segments", "seconds"),
    [
        pytest.param(20, 20, 1.0, id="whole"),
        pytest.param(2.5, 2, 1.0, id="a sliding second takes whole segments"),
        pytest.param(0.5, 1, 2.0, id="slower than one a second"),
    ],
)
def test_a_limit_is_whole_segments_in_a_window(
    segments_per_second: float, segments: int, seconds: float
) -> None:
    limit = Limit.of(segments_per_second)
    assert limit.segments == segments
    assert seconds * SECOND + TOLERANCE < limit.window <= seconds * SECOND * 1.02


HANDED, LOST, UNUSED = "handed", "lost", "unused"
FATES = st.lists(
    st.tuples(st.sampled_from([HANDED, HANDED, LOST, UNUSED]), st.floats(0, 1)), min_size=12, max_size=12
)
COMMANDS = st.lists(
    st.one_of(
        st.builds(
            lambda *args: ("reserve", *args),
            st.integers(1, 12),
            st.integers(0, LONGEST_WAIT),
            st.integers(0, LONGEST_LEAD),
            st.sampled_from([0, 0, 0, 10_000, LONGEST_PATIENCE]),
            st.booleans(),
            FATES,
        ),
        st.tuples(st.just("pass"), st.integers(0, SECOND)),
        st.tuples(st.just("give back")),
        st.tuples(st.just("slow down")),
        st.tuples(st.just("clock back"), st.integers(0, 10 * SECOND)),
    ),
    max_size=100,
)


@settings(deadline=None)
@given(capacity=st.sampled_from([0.5, 1, 2, 3, 7, 20]), commands=COMMANDS)
def test_no_sliding_second_takes_more_than_the_capacity(
    capacity: float, commands: list[tuple[object, ...]]
) -> None:
    """Late within the tolerance, lost, given back, exchanged, throttled, timed by a clock that steps back."""
    book, now, ahead = ready(capacity), NOON, 0  # ``ahead``: true time less the clock's
    handed, unused = list[int](), list[int]()
    for command in commands:
        match command:
            case (
                "reserve",
                int(segments),
                int(at_most),
                int(lead),
                int(patience),
                bool(instead),
                list(fates),
            ):
                missed = tuple(unused) if instead else ()
                unused = [] if instead else unused
                outcome = book.reserve(
                    segments, at_most=at_most, lead=lead, now=now, patience=patience, missed=missed
                )
                if isinstance(outcome, Granted):
                    for moment, (fate, late) in zip(outcome.moments, fates, strict=False):
                        at = moment + int(late * (TOLERANCE + patience))
                        assert now <= at <= now + HORIZON + TOLERANCE
                        if fate == HANDED:
                            handed.append(at + ahead)
                        elif fate == UNUSED:
                            unused.append(moment)
            case ("give back",):
                book.give_back(tuple(unused), now=now)
                unused.clear()
            case ("pass", int(span)):
                now += span
            case ("slow down",):
                book.slow_down(now=now)
            case ("clock back", int(span)):
                now, ahead = now - span, ahead + span
    handed.sort()
    seconds = max(1.0, 1 / capacity)
    assert all(
        later - earlier >= seconds * SECOND
        for earlier, later in zip(handed, handed[book.limit.segments :], strict=False)
    )


@settings(deadline=None)
@given(
    capacity=st.sampled_from([1, 20, 50, 200]),
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=20),
    holes=st.lists(st.integers(0, 40_000), min_size=1, max_size=5),
)
def test_98_percent_is_used_while_work_waits(capacity: int, sizes: list[int], holes: list[int]) -> None:
    """Also when nobody asks for up to 40 ms in each second."""
    book, now, moments = ready(capacity), NOON, list[int]()
    asked = 0
    while len(moments) < 10 * capacity:
        outcome = book.reserve(sizes[asked % len(sizes)], at_most=0, lead=0, now=now)
        asked += 1
        match outcome:
            case Granted(moments=more):
                moments += more
                now = max(now, more[-1])
                if asked % capacity == 0:
                    now += holes[asked // capacity % len(holes)]
            case TooEarly(retry_after=retry_after):
                now += retry_after
    seconds = (moments[-1] - moments[0]) / SECOND
    assert (len(moments) - 1) / seconds >= 0.98 * capacity


def test_a_refusal_takes_nothing() -> None:
    book = ready(20)
    reserve(book, 5, NOON)
    before = (list(book.log), book.tat)
    assert isinstance(book.reserve(1, at_most=100_000, lead=0, now=NOON), TooEarly)
    assert (book.log, book.tat) == before


def test_what_a_refusal_says_comes_true() -> None:
    book = ready(20)
    reserve(book, 5, NOON)
    outcome = book.reserve(1, at_most=100_000, lead=0, now=NOON)
    assert isinstance(outcome, TooEarly)
    assert isinstance(book.reserve(1, at_most=100_000, lead=0, now=NOON + outcome.retry_after - 1), TooEarly)
    assert isinstance(book.reserve(1, at_most=100_000, lead=0, now=NOON + outcome.retry_after), Granted)


def test_moments_never_coincide() -> None:
    book = ready(20)
    moments = [moment for _ in range(4) for moment in reserve(book, 4, NOON)]
    assert all(later - earlier >= 25_000 for earlier, later in pairwise(moments))


def test_a_lease_spans_a_quarter_of_a_second() -> None:
    moments = reserve(ready(20), 40, NOON)
    assert 1 < len(moments) < 40
    assert moments[-1] - moments[0] <= LONGEST_LEASE


def test_moments_given_back_are_leased_again() -> None:
    book = ready(20)
    first = reserve(book, 4, NOON)
    book.give_back(first, now=NOON)
    assert reserve(book, 4, NOON) == first


def test_askers_take_turns() -> None:
    book = ready(20)
    moments = [(moment, asker) for asker in [1, 2, 3] * 4 for moment in reserve(book, 1, NOON)]
    assert [asker for _, asker in sorted(moments)] == [1, 2, 3] * 4


def test_slowing_down_cuts_at_once_and_recovers_slowly() -> None:
    book = ready(20)
    assert book.slow_down(now=NOON) == 700_000
    assert book.share_at(NOON + SECOND) == 720_000
    assert book.share_at(NOON + 15 * SECOND) == WHOLE


def test_a_window_of_refusals_cuts_once() -> None:
    book = ready(20)
    assert [book.slow_down(now=NOON + each) for each in range(20)] == [700_000] * 20


def test_the_share_is_bounded_below() -> None:
    book = ready(20)
    for second in range(60):
        book.slow_down(now=NOON + second * SECOND)
    assert book.share_at(NOON + 59 * SECOND) == SMALLEST_SHARE


def test_a_cut_holds_for_the_very_next_second() -> None:
    book, now = ready(20), NOON
    reserve(book, 5, now)
    book.slow_down(now=now)
    moments = list[int]()
    while now < NOON + 3 * SECOND // 2:
        outcome = book.reserve(1, at_most=0, lead=0, now=now)
        if isinstance(outcome, Granted):
            moments += outcome.moments
        now += 1_000
    assert sum(NOON < moment <= NOON + SECOND for moment in moments) <= 14


def test_a_clock_an_hour_back_costs_seconds_not_an_hour() -> None:
    book = ready(20)
    reserve(book, 5, NOON)
    book.slow_down(now=NOON)
    earlier = NOON - 3_600 * SECOND
    assert book.reserve(1, at_most=0, lead=0, now=earlier) == TooEarly(book.limit.quiet)
    assert reserve(book, 1, earlier + book.limit.quiet)
    assert book.share_at(earlier + 15 * SECOND) == WHOLE


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, SECOND), st.integers(0, 5))
def test_what_was_given_back_last_does_not_unbind_what_was_handed_over_first(
    asked: int, returned: int, later: int, ahead: int
) -> None:
    book, now = ready(20), NOON
    handed = list[int]()
    for _ in range(asked):
        match book.reserve(1, at_most=LONGEST_WAIT, lead=0, now=now):
            case Granted(moments=moments):
                handed += moments
            case TooEarly(retry_after=retry_after):
                now += retry_after
    unused = [moment for moment in handed[len(handed) - min(returned, len(handed)) :] if moment > now]
    book.give_back(tuple(unused), now=now)
    handed = handed[: len(handed) - len(unused)]
    now += later
    while len(handed) < asked + 30:
        match book.reserve(1 + ahead, at_most=LONGEST_WAIT, lead=0, now=now):
            case Granted(moments=moments):
                handed += moments
            case TooEarly(retry_after=retry_after):
                now += retry_after
    assert all(b - a >= SECOND + TOLERANCE for a, b in zip(handed, handed[20:], strict=False))
