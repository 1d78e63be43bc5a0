"""Across channels"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_backs",
        sa.Column("call_back_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("call_back_id", name=op.f("pk_call_backs")),
    )
    op.create_table(
        "pin1s",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("pin_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("wrong", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_pin1s")),
    )
    op.create_table(
        "proven_phones",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_proven_phones")),
    )
    op.create_index("ix_proven_phones_phone", "proven_phones", ["phone"], unique=False)
    op.create_table(
        "step_counts",
        sa.Column("dialogue", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dialogue", "version", "medium", "step", "target", name=op.f("pk_step_counts")
        ),
    )
    op.create_table(
        "recordings",
        sa.Column("recording_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sound", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transcribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transcribed_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.registration_id"], name=op.f("fk_recordings_registration_id")
        ),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_recordings")),
    )
    op.create_index(
        "ix_sessions_open",
        "sessions",
        ["dialogue"],
        unique=False,
        postgresql_where=sa.text("dialogue <> ''"),
    )
    op.add_column("inbox", sa.Column("at_step", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("expects_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("outbox", sa.Column("instead_of", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_outbox_instead_of"), "outbox", "outbox", ["instead_of"], ["mt_id"])
    op.create_unique_constraint(op.f("uq_outbox_instead_of"), "outbox", ["instead_of"])
    op.create_index(
        "ix_outbox_failed_chats",
        "outbox",
        ["mt_id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed' AND channel <> 'sms' AND lane > 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_failed_chats", table_name="outbox")
    op.drop_column("outbox", "instead_of")
    op.drop_column("outbox", "expects_sealed")
    op.drop_column("inbox", "at_step")
    op.drop_index("ix_sessions_open", table_name="sessions", postgresql_where=sa.text("dialogue <> ''"))
    op.drop_table("recordings")
    op.drop_table("step_counts")
    op.drop_index("ix_proven_phones_phone", table_name="proven_phones")
    op.drop_table("proven_phones")
    op.drop_table("pin1s")
    op.drop_table("call_backs")
