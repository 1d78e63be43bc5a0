"""Doses"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GIVEN = sa.text("state = 'given'")


def upgrade() -> None:
    op.create_table(
        "doses",
        sa.Column("dose_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=True),
        sa.Column("reservation_id", sa.BigInteger(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("dose_number", sa.SmallInteger(), nullable=False),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_because", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('given', 'withdrawn')", name=op.f("ck_doses_state_known")),
        sa.CheckConstraint("dose_number >= 1", name=op.f("ck_doses_counted_from_one")),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL) "
            "AND (withdrawn_at IS NULL) = (withdrawn_by IS NULL) "
            "AND (withdrawn_at IS NULL) = (withdrawn_because IS NULL)",
            name=op.f("ck_doses_withdrawn_says_by_whom"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.registration_id"],
            name=op.f("fk_doses_registration_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservations.reservation_id"], name=op.f("fk_doses_reservation_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_doses_site_id")),
        sa.PrimaryKeyConstraint("dose_id", name=op.f("pk_doses")),
    )
    op.create_index(
        "uq_doses_one_given_of_each_number",
        "doses",
        ["number_digest", "dose_number"],
        unique=True,
        postgresql_where=GIVEN,
    )
    op.create_index(
        "uq_doses_one_last_of_a_person",
        "doses",
        ["number_digest"],
        unique=True,
        postgresql_where=sa.text("state = 'given' AND is_last"),
    )
    op.create_index("ix_doses_site_id", "doses", ["site_id", "given_on", "product"])
    op.create_index("ix_doses_given_on", "doses", ["given_on"], postgresql_where=GIVEN)
    op.create_index("ix_doses_changed_at", "doses", [sa.text("coalesce(withdrawn_at, recorded_at)")])
    op.create_index("ix_doses_reservation_id", "doses", ["reservation_id"])
    op.create_index("ix_doses_registration_id", "doses", ["registration_id"])


def downgrade() -> None:
    op.drop_table("doses")
