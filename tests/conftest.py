"""Real servers for the tests that ask for them; a test of pure code starts none."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from core.store.schema import upgrade
from core.store.tables import metadata
from core.store.work import Store
from core.vault import Vault, new_key
from gateway.embedded import postgres, remove, valkey
from tests.ports import unused_port

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
    url = started.enter_context(postgres(folder))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        # Processes are killed here, the machine is not: what the kernel has is as good as on the disk.
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    return url


@pytest.fixture(scope="session")
def redis_url(_servers: tuple[Path, ExitStack]) -> str:
    """A real Valkey of this run."""
    folder, started = _servers
    return started.enter_context(valkey(folder))


@pytest.fixture(scope="session")
def unused_tcp_port_factory() -> Callable[[], int]:
    """In place of pytest-asyncio's: a connection of another test was given the port that it had found."""
    return unused_port


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


EMPTY = """
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', each.tablename);
    END LOOP;
    FOR each IN SELECT sequencename FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        PERFORM setval(each.sequencename::regclass, 1, false);
    END LOOP;
END $$
"""


class _Databases:
    def __init__(self, url: str, admin: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._url = url
        self._admin = admin
        self._numbers = itertools.count(1)
        self._rested: list[str] = []

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
        """One that was used and emptied, for a copy takes half a second; else a copy."""
        if self._rested:
            name = self._rested.pop()
        else:
            name = f"crs_{next(self._numbers)}"
            self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield self._named(name)
        if self._empty(name):
            self._rested.append(name)
        else:
            self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _empty(self, name: str) -> bool:
        """Leave it without connections and rows, counting from 1 again; False where its tables are others."""
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        with psycopg.connect(self._named(name).replace("+psycopg", ""), autocommit=True) as database:
            database.execute("SET session_replication_role = replica")  # waves are records, but for here
            tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            if {table for (table,) in tables} != {*metadata.tables, "alembic_version"}:
                return False
            database.execute(EMPTY)
        return True

    def _named(self, name: str) -> str:
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)
