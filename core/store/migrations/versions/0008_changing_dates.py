"""Changing dates"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATES = "state IN ('held', 'confirmed', 'cancelled', 'lapsed', 'exchanged', 'arrived', 'missed', 'done')"
STATES_BEFORE = "state IN ('held', 'confirmed', 'cancelled', 'lapsed', 'done')"


def upgrade() -> None:
    op.add_column("reservations", sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reservations", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reservations", sa.Column("changing_of", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_reservations_changing_of"),
        "reservations",
        "reservations",
        ["changing_of"],
        ["reservation_id"],
    )
    op.drop_constraint(op.f("ck_reservations_state_known"), "reservations", type_="check")
    op.create_check_constraint(op.f("ck_reservations_state_known"), "reservations", STATES)
    op.create_check_constraint(
        op.f("ck_reservations_a_change_is_only_held"),
        "reservations",
        "changing_of IS NULL OR state IN ('held', 'cancelled', 'lapsed', 'exchanged')",
    )
    op.drop_index("uq_reservations_one_living", table_name="reservations")
    op.create_index(
        "uq_reservations_one_living",
        "reservations",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('held', 'confirmed', 'arrived') AND changing_of IS NULL"),
    )
    op.create_index(
        "uq_reservations_one_change",
        "reservations",
        ["changing_of"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_reservations_registration_id", "reservations", ["registration_id"], unique=False)
    op.create_index("ix_slots_begins_at", "slots", ["begins_at"], unique=False)
    op.create_index("ix_reservations_second_slot_id", "reservations", ["second_slot_id"], unique=False)
    op.create_table(
        "date_notices",
        sa.Column("reservation_id", sa.BigInteger(), nullable=False),
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservations.reservation_id"], name=op.f("fk_date_notices_reservation_id")
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.slot_id"], name=op.f("fk_date_notices_slot_id")),
        sa.PrimaryKeyConstraint("reservation_id", "slot_id", "purpose", name=op.f("pk_date_notices")),
    )


def downgrade() -> None:
    op.drop_table("date_notices")
    op.drop_index("ix_slots_begins_at", table_name="slots")
    op.drop_index("ix_reservations_second_slot_id", table_name="reservations")
    op.drop_index("ix_reservations_registration_id", table_name="reservations")
    # What the release before does not know: a hold of other dates, and who came or did not.
    op.execute(
        "UPDATE slots SET taken = taken - held.places FROM ("
        " SELECT slot_id, count(*) AS places FROM reservations"
        " CROSS JOIN LATERAL (VALUES (first_slot_id), (second_slot_id)) AS of (slot_id)"
        " WHERE changing_of IS NOT NULL AND state = 'held' GROUP BY slot_id"
        ") AS held WHERE slots.slot_id = held.slot_id"
    )
    op.execute("DELETE FROM reservations WHERE changing_of IS NOT NULL")
    op.execute("UPDATE reservations SET state = 'confirmed' WHERE state = 'arrived'")
    op.execute("UPDATE reservations SET state = 'cancelled' WHERE state = 'missed'")
    op.drop_index("uq_reservations_one_change", table_name="reservations")
    op.drop_index("uq_reservations_one_living", table_name="reservations")
    op.create_index(
        "uq_reservations_one_living",
        "reservations",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('held', 'confirmed')"),
    )
    op.drop_constraint(op.f("ck_reservations_a_change_is_only_held"), "reservations", type_="check")
    op.drop_constraint(op.f("ck_reservations_state_known"), "reservations", type_="check")
    op.create_check_constraint(op.f("ck_reservations_state_known"), "reservations", STATES_BEFORE)
    op.drop_column("reservations", "changing_of")
    op.drop_column("reservations", "done_at")
    op.drop_column("reservations", "arrived_at")
