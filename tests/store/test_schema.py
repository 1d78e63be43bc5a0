"""The schema: what the migrations make is what the tables say, up and down."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from core.store.schema import current_revision, downgrade, newest_revision, upgrade
from core.store.tables import metadata


def test_the_migrations_make_exactly_the_tables_of_the_code(database):
    engine = create_engine(database)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_every_migration_can_be_taken_back_and_made_again(database):
    downgrade(database, "base")
    engine = create_engine(database)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    assert current_revision(database) is None
    upgrade(database)
    assert current_revision(database) == newest_revision()


def test_migrating_twice_changes_nothing(database):
    upgrade(database)
    assert current_revision(database) == newest_revision()
