"""Redis's clock, seen from here."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.capacity.redis_clock import RedisClock, Seen


@settings(deadline=None)
@given(
    st.floats(0, 0.05),
    st.lists(st.tuples(st.floats(0, 0.02), st.floats(0, 0.02), st.floats(0, 10)), min_size=1, max_size=30),
)
def test_the_bounds_hold_the_truth_however_slow_the_looks(
    truth: float, looks: list[tuple[float, float, float]]
) -> None:
    clock, now = RedisClock(), 1_000.0
    for there, back, pause in looks:
        stamp = int((now + there + truth) * 1_000_000)
        seen = clock.look(asked=now, stamp=stamp, answered=now + there + back)
        assert seen is not Seen.STEPPED
        assert clock.ours(stamp) >= stamp / 1_000_000 - truth - 2e-6
        assert clock.ours(stamp) - clock.doubt <= stamp / 1_000_000 - truth + 2e-6
        now += there + back + pause


def test_a_quick_look_sharpens_a_slow_one() -> None:
    clock = RedisClock()
    clock.look(asked=10.0, stamp=10_010_000, answered=10.030)
    clock.look(asked=10.1, stamp=10_100_200, answered=10.1005)
    assert clock.doubt < 0.001
    clock.look(asked=10.2, stamp=10_220_000, answered=10.250)
    assert clock.doubt < 0.001


def test_a_jump_is_noticed_either_way() -> None:
    clock = RedisClock()
    assert clock.look(asked=10.0, stamp=10_000_200, answered=10.0005) is Seen.FIRST
    assert clock.look(asked=11.0, stamp=13_000_200, answered=11.0005) is Seen.STEPPED
    assert clock.look(asked=12.0, stamp=14_000_200, answered=12.0005) is Seen.STEADY
    assert clock.look(asked=13.0, stamp=13_000_200, answered=13.0005) is Seen.STEPPED
