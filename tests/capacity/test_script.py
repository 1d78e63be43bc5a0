"""The Lua script and its arithmetic in Python say the same."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from gateway.capacity.arithmetic import LONGEST_WAIT, SECOND, Book, Granted, Limit, TooEarly
from gateway.capacity.script import keys, script

NOON = 1_611_226_800 * SECOND
TIME = "test:time"


class Scripted:
    """The script under a clock of ours: its TIME reads a list."""

    def __init__(self, redis: Redis, limit: Limit) -> None:
        self._redis = redis
        self._limit = limit
        text = script()
        assert text.count("redis.call('TIME')") == 1
        self._script = redis.register_script(
            text.replace("redis.call('TIME')", f"redis.call('LRANGE', '{TIME}', 0, 1)")
        )

    def ask(self, verb: str, *rest: int, now: int, unknown: bool = False) -> list[int]:
        with self._redis.pipeline() as pipe:
            pipe.delete(TIME)
            pipe.rpush(TIME, *divmod(now, SECOND))
            pipe.execute()
        head = (verb, self._limit.segments, self._limit.window, int(unknown))
        answer: list[int] = self._script(keys=keys("o2"), args=(*head, *rest))
        assert answer[0] == now
        return answer[1:]


@pytest.fixture(scope="module")
def shared(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


COMMANDS = st.lists(
    st.one_of(
        st.tuples(
            st.just("reserve"),
            st.integers(1, 30),
            st.integers(0, LONGEST_WAIT),
            st.integers(1_000, 100_000),
            st.booleans(),
            st.sampled_from([0, 0, 7_000, 100_000]),
        ),
        st.tuples(st.just("pass"), st.integers(0, SECOND)),
        st.tuples(st.just("give back")),
        st.tuples(st.just("left late")),
        st.tuples(st.just("slow down")),
        st.tuples(st.just("clock back"), st.integers(0, 10 * SECOND)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(capacity=st.sampled_from([0.5, 1, 3, 20, 50, 200]), commands=COMMANDS)
def test_lua_and_python_agree(shared: Redis, capacity: float, commands: list[tuple[object, ...]]) -> None:
    shared.delete(*keys("o2"))
    book, now = Book(Limit.of(capacity)), NOON
    scripted = Scripted(shared, book.limit)
    scripted.ask("prepare", now=now)
    book.start_over(now)
    now += book.limit.quiet
    leased = tuple[int, ...]()
    for command in commands:
        match command:
            case ("reserve", int(segments), int(at_most), int(lead), bool(instead), int(patience)):
                missed, leased = (leased, ()) if instead else ((), leased)
                answer = scripted.ask("reserve", segments, at_most, lead, patience, *missed, now=now)
                match book.reserve(
                    segments, at_most=at_most, lead=lead, now=now, patience=patience, missed=missed
                ):
                    case Granted(moments=moments):
                        assert answer == [1, *moments]
                        leased = moments
                    case TooEarly(retry_after=retry_after):
                        assert answer == [0, retry_after]
            case ("give back",):
                scripted.ask("give_back", *leased, now=now)
                book.give_back(leased, now=now)
                leased = ()
            case ("left late",):
                scripted.ask("left_late", *leased, now=now)
                book.left_late(leased, now=now)
                leased = ()
            case ("slow down",):
                assert scripted.ask("slow_down", now=now) == [book.slow_down(now=now)]
            case ("pass", int(microseconds)):
                now += microseconds
            case ("clock back", int(microseconds)):
                now -= microseconds


def test_usage_counts_the_last_second(shared: Redis) -> None:
    shared.delete(*keys("o2"))
    scripted = Scripted(shared, Limit.of(20))
    _, begins_at = scripted.ask("prepare", now=NOON)[0], NOON + Limit.of(20).quiet
    assert scripted.ask("usage", now=begins_at) == [0, 1_000_000]
    scripted.ask("reserve", 4, 0, 0, 0, now=begins_at)
    assert scripted.ask("usage", now=begins_at + 250_000) == [4, 1_000_000]
    assert scripted.ask("usage", now=begins_at + 1_010_000) == [3, 1_000_000]


def test_every_key_expires(shared: Redis) -> None:
    shared.delete(*keys("o2"))
    scripted = Scripted(shared, Limit.of(20))
    scripted.ask("prepare", now=NOON)
    scripted.ask("reserve", 4, 0, 0, 0, now=NOON + Limit.of(20).quiet)
    assert all(0 < shared.ttl(key) <= 86_400 for key in keys("o2"))


def test_an_unknown_past_is_unknown_for_every_operator(shared: Redis) -> None:
    shared.delete(*keys("o2"))
    scripted = Scripted(shared, Limit.of(20))
    scripted.ask("prepare", now=NOON)
    later = NOON + Limit.of(20).quiet
    assert scripted.ask("reserve", 1, 0, 0, 0, now=later)[0] == 1
    shared.set(keys("vodafone")[2], str(later))  # another operator's call found the script missing
    assert scripted.ask("reserve", 1, 0, 0, 0, now=later + SECOND) == [0, Limit.of(20).quiet]
