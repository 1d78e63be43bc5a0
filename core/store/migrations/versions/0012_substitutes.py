"""Substitutes"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "substitute_sites",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("day_begins", sa.Time(), nullable=False),
        sa.Column("day_ends", sa.Time(), nullable=False),
        sa.Column("enabled_by", sa.Text(), nullable=False),
        sa.Column("enabled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "day_begins < day_ends", name=op.f("ck_substitute_sites_day_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_substitute_sites_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_substitute_sites")),
    )
    op.create_table(
        "substitutes",
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("until >= since", name=op.f("ck_substitutes_ends_after_it_begins")),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.registration_id"],
            name=op.f("fk_substitutes_registration_id"),
        ),
        sa.PrimaryKeyConstraint("registration_id", "since", name=op.f("pk_substitutes")),
    )
    op.create_index(
        "uq_substitutes_once",
        "substitutes",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "substitute_rounds",
        sa.Column("round_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("doses", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("widened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "taken >= 0 AND taken <= doses", name=op.f("ck_substitute_rounds_nothing_taken_twice")
        ),
        sa.CheckConstraint("doses > 0", name=op.f("ck_substitute_rounds_offers_something")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_substitute_rounds_site_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.slot_id"], name=op.f("fk_substitute_rounds_slot_id")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_substitute_rounds")),
    )
    op.create_index("ix_substitute_rounds_site_id", "substitute_rounds", ["site_id"])
    op.create_index(
        "ix_substitute_rounds_open",
        "substitute_rounds",
        ["round_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "substitute_offers",
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'late', 'declined', 'overtaken', 'lapsed')",
            name=op.f("ck_substitute_offers_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["substitute_rounds.round_id"], name=op.f("fk_substitute_offers_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.registration_id"],
            name=op.f("fk_substitute_offers_registration_id"),
        ),
        sa.PrimaryKeyConstraint("round_id", "registration_id", name=op.f("pk_substitute_offers")),
    )
    op.create_index("ix_substitute_offers_registration_id", "substitute_offers", ["registration_id"])
    op.create_index("ix_substitute_offers_phone", "substitute_offers", ["phone", "offered_at"])
    op.create_index(
        "uq_substitute_offers_one_open",
        "substitute_offers",
        ["phone"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    op.drop_table("substitute_offers")
    op.drop_table("substitute_rounds")
    op.drop_table("substitutes")
    op.drop_table("substitute_sites")
