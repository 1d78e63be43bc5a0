"""Alembic's entry: one connection, one transaction, one migrating process at a time."""

from alembic import context
from sqlalchemy import create_engine, text

from core.store.tables import metadata

MIGRATION_LOCK = 5_860_101  # any constant of ours

engine = create_engine(context.config.attributes["url"])
try:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        context.configure(connection=connection, target_metadata=metadata, compare_type=True)
        context.run_migrations()
finally:
    engine.dispose()
