"""Sites change under watch"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_history",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_site_history_site_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_site_history")),
    )
    op.create_index("ix_site_history_site_id", "site_history", ["site_id", "entry_id"])
    op.create_table(
        "held_changes",
        sa.Column("held_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("doubt", sa.Text(), nullable=False),
        sa.Column("old", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("brought_by", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'rejected')", name=op.f("ck_held_changes_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_held_changes_decided_has_a_time")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_held_changes_site_id")),
        sa.PrimaryKeyConstraint("held_id", name=op.f("pk_held_changes")),
    )
    op.create_index(
        "uq_held_changes_one_question",
        "held_changes",
        ["site_id", "doubt"],
        unique=True,
        postgresql_where=sa.text("over_at IS NULL"),
    )
    op.create_table(
        "site_pauses",
        sa.Column("pause_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("reopens_on", sa.Date(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_all_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reopens_on >= from_on", name=op.f("ck_site_pauses_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_site_pauses_site_id")),
        sa.PrimaryKeyConstraint("pause_id", name=op.f("pk_site_pauses")),
    )
    op.create_index("ix_site_pauses_site_id", "site_pauses", ["site_id"])
    op.create_table(
        "pause_notices",
        sa.Column("pause_id", sa.BigInteger(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('site_pauses', 'site_reopens')", name=op.f("ck_pause_notices_purpose_known")
        ),
        sa.ForeignKeyConstraint(
            ["pause_id"], ["site_pauses.pause_id"], name=op.f("fk_pause_notices_pause_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.registration_id"],
            name=op.f("fk_pause_notices_registration_id"),
        ),
        sa.PrimaryKeyConstraint("pause_id", "registration_id", "purpose", name=op.f("pk_pause_notices")),
    )
    op.create_index("ix_pause_notices_registration_id", "pause_notices", ["registration_id"])


def downgrade() -> None:
    op.drop_table("pause_notices")
    op.drop_table("site_pauses")
    op.drop_table("held_changes")
    op.drop_table("site_history")
