"""Capacity and waves"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INVITATION_STATES = "state IN ('open', 'used', 'void'{more})"
MT_STATES = "state IN ('queued', 'claimed', 'unanswered', 'sent', 'delivered', 'failed', 'expired'{more})"
COUNT_EVERY_INVITATION = """
UPDATE invitations SET round = counted.round FROM (
    SELECT invitation_id, row_number() OVER (PARTITION BY registration_id ORDER BY invitation_id) AS round
    FROM invitations
) AS counted
WHERE invitations.invitation_id = counted.invitation_id AND invitations.round <> counted.round
"""
A_WAVE_STAYS = """
CREATE FUNCTION refuse_to_change_a_wave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'wave % is a record and is never changed', OLD.wave_id;
END $$;
CREATE TRIGGER waves_are_records BEFORE UPDATE OR DELETE ON waves
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_a_wave();
"""


def upgrade() -> None:
    op.create_table(
        "operator_shifts",
        sa.Column("shift_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("shifted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weight_before", sa.Double(), nullable=False),
        sa.Column("weight_after", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_operator_shifts")),
    )
    op.create_index("ix_operator_shifts_operator", "operator_shifts", ["operator", "shift_id"], unique=False)
    op.create_table(
        "operators",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("weight", sa.Double(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("weight > 0 AND weight <= 1", name=op.f("ck_operators_weight_is_a_share")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_operators")),
    )
    op.create_table(
        "rule_changes",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("old_policy", sa.Text(), nullable=False),
        sa.Column("new_policy", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_rule_changes")),
    )
    op.create_table(
        "unserved",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("learned_from", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", "operator", name=op.f("pk_unserved")),
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.registration_id"], name=op.f("fk_audit_registration_id")
        ),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_registration_id", "audit", ["registration_id", "what", "at"], unique=False)
    op.create_table(
        "dead_pins",
        sa.Column("pin_digest", sa.LargeBinary(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.registration_id"], name=op.f("fk_dead_pins_registration_id")
        ),
        sa.PrimaryKeyConstraint("pin_digest", name=op.f("pk_dead_pins")),
    )
    op.create_table(
        "rule_notices",
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["rule_changes.change_id"], name=op.f("fk_rule_notices_change_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.registration_id"],
            name=op.f("fk_rule_notices_registration_id"),
        ),
        sa.PrimaryKeyConstraint("change_id", "registration_id", name=op.f("pk_rule_notices")),
    )
    op.create_index("ix_rule_notices_registration_id", "rule_notices", ["registration_id"], unique=False)
    op.add_column("invitations", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invitations", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_invitations_expiring",
        "invitations",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_invitations_wave_id", "invitations", ["wave_id"], unique=False)
    op.drop_constraint("uq_invitations_one_off", "invitations")
    op.create_index(
        "uq_invitations_one_off",
        "invitations",
        ["registration_id", "round"],
        unique=True,
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.add_column("outbox", sa.Column("home", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("text_digest", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_outbox_blocked",
        "outbox",
        ["mt_id"],
        unique=False,
        postgresql_where=sa.text("state = 'blocked'"),
    )
    op.create_index(
        "ix_outbox_moved",
        "outbox",
        ["home"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND home IS NOT NULL"),
    )
    op.add_column("registrations", sa.Column("imported_from", sa.Text(), nullable=True))
    op.add_column("registrations", sa.Column("blocked_from", sa.Text(), nullable=True))
    op.create_index(
        "ix_registrations_invited",
        "registrations",
        ["site_id"],
        unique=False,
        postgresql_where=sa.text("state = 'invited'"),
    )
    op.create_index(
        "ix_registrations_returned",
        "registrations",
        ["site_id"],
        unique=False,
        postgresql_where=sa.text("state = 'returned'"),
    )
    op.add_column("sites", sa.Column("gate", sa.Text(), server_default="automatic", nullable=False))
    op.add_column("sites", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "waves",
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.create_index("ix_waves_site_id", "waves", ["site_id", "wave_id"], unique=False)
    _states("invitations", INVITATION_STATES, ", 'expired'")
    _states("outbox", MT_STATES, ", 'blocked'")
    op.create_check_constraint(
        op.f("ck_sites_gate_known"), "sites", "gate IN ('automatic', 'by_hand', 'closed')"
    )
    op.execute(A_WAVE_STAYS)


def downgrade() -> None:
    op.execute("DROP TRIGGER waves_are_records ON waves")
    op.execute("DROP FUNCTION refuse_to_change_a_wave")
    op.execute("UPDATE invitations SET state = 'void' WHERE state = 'expired'")
    op.execute("UPDATE outbox SET state = 'failed' WHERE state = 'blocked'")
    _states("invitations", INVITATION_STATES, "")
    _states("outbox", MT_STATES, "")
    op.drop_constraint(op.f("ck_sites_gate_known"), "sites")
    op.drop_index("ix_waves_site_id", table_name="waves")
    op.drop_column("waves", "reasons")
    op.drop_column("sites", "paused_at")
    op.drop_column("sites", "gate")
    op.drop_index(
        "ix_registrations_returned",
        table_name="registrations",
        postgresql_where=sa.text("state = 'returned'"),
    )
    op.drop_index(
        "ix_registrations_invited",
        table_name="registrations",
        postgresql_where=sa.text("state = 'invited'"),
    )
    op.drop_column("registrations", "blocked_from")
    op.drop_column("registrations", "imported_from")
    op.drop_index("ix_outbox_blocked", table_name="outbox")
    op.drop_index(
        "ix_outbox_moved",
        table_name="outbox",
        postgresql_where=sa.text("state = 'queued' AND home IS NOT NULL"),
    )
    op.drop_column("outbox", "text_digest")
    op.drop_column("outbox", "home")
    op.drop_index("ix_invitations_wave_id", table_name="invitations")
    op.drop_index(
        "ix_invitations_expiring", table_name="invitations", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index(
        "uq_invitations_one_off", table_name="invitations", postgresql_where=sa.text("state <> 'void'")
    )
    op.execute(COUNT_EVERY_INVITATION)
    op.create_unique_constraint("uq_invitations_one_off", "invitations", ["registration_id", "round"])
    op.drop_column("invitations", "answered_at")
    op.drop_column("invitations", "expires_at")
    op.drop_table("rule_notices")
    op.drop_table("dead_pins")
    op.drop_index("ix_audit_registration_id", table_name="audit")
    op.drop_table("audit")
    op.drop_table("unserved")
    op.drop_table("rule_changes")
    op.drop_table("operators")
    op.drop_index("ix_operator_shifts_operator", table_name="operator_shifts")
    op.drop_table("operator_shifts")


def _states(table: str, states: str, more: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_state_known"), table)
    op.create_check_constraint(op.f(f"ck_{table}_state_known"), table, states.format(more=more))
