"""The fixtures the other tests stand on."""

import pytest
from redis import Redis
from sqlalchemy import create_engine, text


@pytest.mark.parametrize("time", [1, 2])
def test_every_test_has_a_database_of_its_own(database: str, time: int) -> None:
    engine = create_engine(database)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE only_here (time int)"))
    engine.dispose()


@pytest.mark.parametrize("time", [1, 2])
def test_every_test_has_an_empty_redis(redis: Redis, time: int) -> None:
    assert redis.dbsize() == 0
    redis.set("left", time)


def test_a_commit_is_on_the_disk(database: str) -> None:
    engine = create_engine(database)
    with engine.connect() as db:
        assert db.scalar(text("SHOW fsync")) == "on"
        assert db.scalar(text("SHOW synchronous_commit")) == "on"
    engine.dispose()
