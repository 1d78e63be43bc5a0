"""Messages in and out, sessions, operators."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    and_,
)

from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.people import invitations, registrations

inbox = Table(
    "inbox",
    metadata,
    id_("mo_id"),
    text_("channel"),
    text_("address"),
    text_("operator"),
    text_("operator_id", nullable=True),  # the operator's own id of the MO, where it gives one
    Column("text_sealed", LargeBinary, nullable=False),
    Column("text_digest", LargeBinary, nullable=False),
    text_("at_step", nullable=True),  # the question whose button was pressed; it may be an old one
    at("received_at"),
    at("done_at", nullable=True),
    Column("failures", Integer, nullable=False, server_default="0"),
)
Index("ix_inbox_waiting", inbox.c.mo_id, postgresql_where=inbox.c.done_at.is_(None))
Index(
    "ix_inbox_waiting_address", inbox.c.channel, inbox.c.address, postgresql_where=inbox.c.done_at.is_(None)
)
Index("ix_inbox_address", inbox.c.channel, inbox.c.address, inbox.c.mo_id)
Index(
    "uq_inbox_operator_id",
    inbox.c.channel,
    inbox.c.operator,
    inbox.c.address,
    inbox.c.operator_id,
    inbox.c.text_digest,
    unique=True,
    postgresql_where=inbox.c.operator_id.is_not(None),
)

mo_parts = Table(
    "mo_parts",
    metadata,
    Column("operator", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("reference", Integer, primary_key=True),
    Column("total", SmallInteger, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("payload_sealed", LargeBinary, nullable=False),
    Column("data_coding", SmallInteger, nullable=False),
    at("received_at"),
    at("joined_at", nullable=True),  # kept a while, so that a part that comes again is known
)
Index("ix_mo_parts_received_at", mo_parts.c.received_at)

sessions = Table(
    "sessions",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    text_("dialogue"),
    Column("version", Integer, nullable=False),
    text_("step"),
    text_("language"),
    Column("answers_sealed", LargeBinary, nullable=False),
    at("updated_at"),
)
Index("ix_sessions_open", sessions.c.dialogue, postgresql_where=sessions.c.dialogue != "")

outbox = Table(
    "outbox",
    metadata,
    id_("mt_id"),
    text_("channel"),
    text_("address"),
    text_("operator"),
    text_("home", nullable=True),  # the operator that it was meant for, while that one is down
    Column("lane", SmallInteger, nullable=False),
    Column("rank", BigInteger, nullable=False, server_default="0"),  # the planner's order inside a lane
    text_("purpose"),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("text_digest", LargeBinary),  # tells the same words to the same person again
    Column("expects_sealed", LargeBinary),  # what may be answered, for buttons and keypads
    Column("segments", SmallInteger, nullable=False),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),
    Column("invitation_id", BigInteger, ForeignKey(invitations.c.invitation_id), unique=True),
    Column("mo_id", BigInteger, ForeignKey(inbox.c.mo_id)),
    # an SMS: the MT of a chat that failed for good, and that it stands in for
    Column("instead_of", BigInteger, ForeignKey("outbox.mt_id"), unique=True),
    text_("state"),
    Column("attempt", SmallInteger, nullable=False, server_default="0"),
    at("created_at"),
    at("not_before", nullable=True),
    at("valid_until", nullable=True),
    at("settled_at", nullable=True),
    CheckConstraint(
        "state IN ('queued', 'claimed', 'unanswered', 'sent', 'delivered', 'failed', 'expired', 'blocked')",
        name="state_known",
    ),
)
Index(
    "ix_outbox_queued",
    outbox.c.operator,
    outbox.c.lane,
    outbox.c.rank,
    outbox.c.mt_id,
    postgresql_where=outbox.c.state == "queued",
)
Index("ix_outbox_in_doubt", outbox.c.mt_id, postgresql_where=outbox.c.state.in_(["claimed", "unanswered"]))
Index("ix_outbox_blocked", outbox.c.mt_id, postgresql_where=outbox.c.state == "blocked")
Index(
    "ix_outbox_failed_chats",
    outbox.c.mt_id,
    postgresql_where=and_(outbox.c.state == "failed", outbox.c.channel != "sms", outbox.c.lane > 0),
)
Index("ix_outbox_address", outbox.c.channel, outbox.c.address, outbox.c.mt_id)
Index(
    "ix_outbox_moved",
    outbox.c.home,
    postgresql_where=and_(outbox.c.state == "queued", outbox.c.home.is_not(None)),
)

attempts = Table(
    "attempts",
    metadata,
    Column("mt_id", BigInteger, ForeignKey(outbox.c.mt_id), primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    text_("operator"),
    text_("claimed_by"),
    at("claimed_at"),
    text_("outcome", nullable=True),
)

mt_parts = Table(
    "mt_parts",
    metadata,
    Column("mt_id", BigInteger, primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    text_("operator"),
    text_("message_key"),  # the operator's message id, normalised
    text_("state"),
    ForeignKeyConstraint(["mt_id", "attempt"], ["attempts.mt_id", "attempts.attempt"]),
)
Index("ix_mt_parts_message_key", mt_parts.c.operator, mt_parts.c.message_key)

early_receipts = Table(
    "early_receipts",
    metadata,
    id_("receipt_id"),
    text_("operator"),
    text_("message_key"),
    text_("state"),
    text_("error", nullable=True),
    at("received_at"),
)
Index("ix_early_receipts_message_key", early_receipts.c.operator, early_receipts.c.message_key)

routes = Table(
    "routes",
    metadata,
    Column("address", Text, primary_key=True),
    text_("operator"),
    text_("learned_from"),
    at("learned_at"),
)

unserved = Table(
    "unserved",  # an operator said that a number is not its own
    metadata,
    Column("address", Text, primary_key=True),
    Column("operator", Text, primary_key=True),
    text_("learned_from"),
    at("learned_at"),
)

operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True),
    at("bound_at", nullable=True),  # some process was bound to it then
    Column("weight", Double, nullable=False, server_default="1"),  # its share where others serve a number too
    at("changed_at"),
    CheckConstraint("weight > 0 AND weight <= 1", name="weight_is_a_share"),
)

operator_shifts = Table(
    "operator_shifts",  # every change of a weight, and why
    metadata,
    id_("shift_id"),
    text_("operator"),
    at("shifted_at"),
    Column("weight_before", Double, nullable=False),
    Column("weight_after", Double, nullable=False),
    text_("reason"),
    Index("ix_operator_shifts_operator", "operator", "shift_id"),
)
