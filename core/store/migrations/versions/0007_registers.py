"""Registers are asked, and every block has a reason we know"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REASONS = (
    "newer registration",
    "wrong PINs",
    "unanswered invitations",
    "not identified",
    "already vaccinated",
    "on request",
    "positive PCR",
    "group not proven yet",
    "not in the register of the group",
)


def upgrade() -> None:
    op.add_column("registrations", sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("registrations", sa.Column("claimed_group", sa.Text(), nullable=True))
    op.add_column("registrations", sa.Column("prove_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("registrations", sa.Column("identify_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE registrations SET identify_at = registered_at WHERE ended_at IS NULL")
    op.create_check_constraint(
        op.f("ck_registrations_reason_known"), "registrations", f"blocked_because IN {REASONS}"
    )
    op.create_check_constraint(
        op.f("ck_registrations_blocked_until_is_of_a_block"),
        "registrations",
        "blocked_until IS NULL OR state = 'blocked'",
    )
    op.create_check_constraint(
        op.f("ck_registrations_prove_needs_a_claim"),
        "registrations",
        "prove_at IS NULL OR claimed_group IS NOT NULL",
    )
    for name, column in (
        ("to_prove", "prove_at"),
        ("to_identify", "identify_at"),
        ("blocked_until", "blocked_until"),
    ):
        op.create_index(
            f"ix_registrations_{name}",
            "registrations",
            [column],
            unique=False,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    for name in ("blocked_until", "to_identify", "to_prove"):
        op.drop_index(f"ix_registrations_{name}", table_name="registrations")
    for name in ("prove_needs_a_claim", "blocked_until_is_of_a_block", "reason_known"):
        op.drop_constraint(op.f(f"ck_registrations_{name}"), "registrations", type_="check")
    for column in ("identify_at", "prove_at", "claimed_group", "blocked_until"):
        op.drop_column("registrations", column)
