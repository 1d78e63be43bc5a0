"""Codes for groups"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_batches",
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("issued_to", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_code_batches_revoked_by_somebody")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_code_batches")),
    )
    op.create_table(
        "group_codes",
        sa.Column("code_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "used_by IS NULL OR used_at IS NOT NULL", name=op.f("ck_group_codes_used_at_some_time")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["code_batches.batch_id"], name=op.f("fk_group_codes_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["used_by"], ["registrations.registration_id"], name=op.f("fk_group_codes_used_by")
        ),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_group_codes")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_group_codes_code_digest")),
    )
    op.create_index("ix_group_codes_batch_id", "group_codes", ["batch_id"], unique=False)
    op.create_index(
        "ix_group_codes_used_by",
        "group_codes",
        ["used_by"],
        unique=False,
        postgresql_where=sa.text("used_by IS NOT NULL"),
    )
    op.create_table(
        "wrong_codes",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_wrong_codes")),
    )


def downgrade() -> None:
    op.drop_table("wrong_codes")
    op.drop_table("group_codes")
    op.drop_table("code_batches")
