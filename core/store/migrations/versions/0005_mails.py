"""Letters by e-mail, and the addresses that refused one.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("mail_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("reservation_id", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("address_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("doubts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'claimed', 'sent', 'failed', 'bounced', 'dropped')",
            name=op.f("ck_mails_state_known"),
        ),
        sa.CheckConstraint(
            "purpose IN ('registered', 'confirmed', 'changed', 'cancelled')",
            name=op.f("ck_mails_purpose_known"),
        ),
        sa.CheckConstraint(
            "(purpose = 'registered') = (reservation_id IS NULL)",
            name=op.f("ck_mails_dates_have_a_reservation"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.registration_id"], name=op.f("fk_mails_registration_id")
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservations.reservation_id"], name=op.f("fk_mails_reservation_id")
        ),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mails")),
    )
    op.create_index("ix_mails_registration_id", "mails", ["registration_id"])
    op.create_index("ix_mails_address_digest", "mails", ["address_digest"])
    op.create_index(
        "ix_mails_due", "mails", ["next_at", "mail_id"], postgresql_where=sa.text("state = 'queued'")
    )
    op.create_index(
        "ix_mails_claimed", "mails", ["claimed_at"], postgresql_where=sa.text("state = 'claimed'")
    )
    op.add_column("registrations", sa.Column("email_refused_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_registrations_email",
        "registrations",
        [sa.text("lower(email)")],
        postgresql_where=sa.text("email IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_registrations_email", table_name="registrations")
    op.drop_column("registrations", "email_refused_at")
    op.drop_table("mails")
