"""Real servers for the tests that ask for them; a test of pure code starts none."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from core.store.schema import upgrade
from core.store.work import Store
from core.vault import Vault, new_key
from gateway.embedded import postgres, remove, valkey

TEMPLATE = "crs_template"


@pytest.fixture(scope="session")
def _servers() -> Iterator[tuple[Path, ExitStack]]:
    """A folder of this run, open to ``nobody`` when the tests run as root, and whatever was started in it."""
    # Not tmp_path: pytest closes its folders to all but root.
    folder = Path(tempfile.mkdtemp(prefix="crs-tests-"))
    folder.chmod(0o711)
    with ExitStack() as started:
        yield folder, started
    remove(folder)


@pytest.fixture(scope="session")
def postgres_url(_servers: tuple[Path, ExitStack]) -> str:
    """A real PostgreSQL of this run: the URL of a database without tables."""
    folder, started = _servers
    return started.enter_context(postgres(folder))


@pytest.fixture(scope="session")
def redis_url(_servers: tuple[Path, ExitStack]) -> str:
    """A real Valkey of this run."""
    folder, started = _servers
    return started.enter_context(valkey(folder))


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A connection to an empty Redis (keys and functions; cached scripts stay)."""
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def database(_databases: "_Databases") -> Iterator[str]:
    """The URL of a migrated, empty database of this test alone."""
    with _databases.fresh() as url:
        yield url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """The store of this test alone, with a key that nobody else has."""
    store = Store.connect(database, Vault.from_text(new_key()))
    yield store
    store.close()


@pytest.fixture(scope="module")
def module_database(_databases: "_Databases") -> Iterator[str]:
    """The URL of a migrated database that the tests of one module share, empty for the first of them."""
    with _databases.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def _databases(postgres_url: str) -> Iterator["_Databases"]:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
        databases = _Databases(postgres_url, admin)
        databases.make_template()
        yield databases


class _Databases:
    def __init__(self, url: str, admin: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._url = url
        self._admin = admin
        self._numbers = itertools.count(1)

    def make_template(self) -> None:
        self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self._named(TEMPLATE))
        # A connection left open would forbid every copy.
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [TEMPLATE]
        )
        self._admin.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        name = f"crs_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield self._named(name)
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _named(self, name: str) -> str:
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)
