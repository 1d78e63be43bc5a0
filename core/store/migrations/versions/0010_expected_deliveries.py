"""Expected deliveries"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expected_deliveries",
        sa.Column("expected_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("doses", sa.Integer(), nullable=False),
        sa.Column("came_on", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "doses >= 0 AND announced >= 0", name=op.f("ck_expected_deliveries_doses_not_negative")
        ),
        sa.PrimaryKeyConstraint("expected_id", name=op.f("pk_expected_deliveries")),
        sa.UniqueConstraint(
            "site_id", "product", "due_on", name=op.f("uq_expected_deliveries_site_id_product_due_on")
        ),
    )


def downgrade() -> None:
    op.drop_table("expected_deliveries")
