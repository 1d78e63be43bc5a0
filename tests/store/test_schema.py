"""The schema: what the migrations make is what the tables say, up and down."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, func, inspect, select

from core.store import tables as t
from core.store.schema import current_revision, downgrade, newest_revision, upgrade
from core.store.tables import metadata
from tests.workers.town import NOW, add_dates, add_person, add_site, hold


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


def test_going_back_gives_the_places_of_a_held_change_back(database):
    engine = create_engine(database)
    with engine.begin() as db:
        add_site(db)
        firsts, seconds = add_dates(db, pairs=2)
        anna = add_person(db, 1, state="reserved", reserved_at=NOW)
        hold(db, anna, firsts[0], seconds[0], state="confirmed")
        dates = db.scalar(select(func.max(t.reservations.c.reservation_id)))
        hold(db, anna, firsts[1], seconds[1], state="held", changing_of=dates)
    downgrade(database, "0007")
    upgrade(database)
    with engine.connect() as db:
        taken = {row.slot_id: row.taken for row in db.execute(select(t.slots))}
    engine.dispose()
    assert taken == {firsts[0]: 1, seconds[0]: 1, firsts[1]: 0, seconds[1]: 0}
