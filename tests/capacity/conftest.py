"""A Redis that knows its past: no need to wait until the unknown one ran out."""

from collections.abc import Callable

import pytest
from redis import Redis

from gateway.capacity.script import keys, script


@pytest.fixture
def known_past(redis: Redis) -> Callable[[str], None]:
    """Let an operator of this name have handed over nothing before."""

    def forget(operator: str) -> None:
        state, _, since = keys(operator)
        redis.script_load(script())
        redis.set(since, "1")
        redis.hset(state, mapping={"since": "1"})

    return forget
