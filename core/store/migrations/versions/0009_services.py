"""Services other than vaccination"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE = "state IN ('waiting', 'invited', 'reserved', 'done', 'blocked', 'returned')"
NOW = "state IN ('waiting', 'invited', 'reserved', 'done', 'blocked', 'returned', 'choosing', 'left')"


def upgrade() -> None:
    op.add_column("sites", sa.Column("methods", sa.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column(
        "registrations", sa.Column("service", sa.Text(), server_default="vaccination", nullable=False)
    )
    op.add_column("registrations", sa.Column("referral", sa.Text(), nullable=True))
    op.add_column("registrations", sa.Column("price", sa.Integer(), nullable=True))
    _let_states_be(NOW)
    op.drop_index("uq_registrations_one_living_per_number", table_name="registrations")
    _one_living_per("number_digest", "service")


def downgrade() -> None:
    # Orders stay as registrations that have ended: their dates keep their places.
    op.execute("UPDATE registrations SET ended_at = coalesce(ended_at, now()) WHERE service <> 'vaccination'")
    op.execute(
        "UPDATE registrations SET state = 'blocked', blocked_because = 'on request'"
        " WHERE state IN ('choosing', 'left')"
    )
    op.drop_index("uq_registrations_one_living_per_number", table_name="registrations")
    _one_living_per("number_digest")
    _let_states_be(BEFORE)
    op.drop_column("registrations", "price")
    op.drop_column("registrations", "referral")
    op.drop_column("registrations", "service")
    op.drop_column("sites", "methods")


def _one_living_per(*columns: str) -> None:
    op.create_index(
        "uq_registrations_one_living_per_number",
        "registrations",
        list(columns),
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _let_states_be(known: str) -> None:
    op.drop_constraint(op.f("ck_registrations_state_known"), "registrations", type_="check")
    op.create_check_constraint(op.f("ck_registrations_state_known"), "registrations", known)
