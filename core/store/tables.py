"""Every table. Times are UTC.

`*_sealed` columns are encrypted, `*_digest` columns are keyed hashes (see `core.vault`).

What must never be is a named constraint here, whatever the code above believes.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id(name: str) -> Column[int]:
    return Column(name, BigInteger, Identity(always=True), primary_key=True)


def _at(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=nullable, server_default=default)


# -- Sites, calendars, stock -------------------------------------------------------------------------------

sites = Table(
    "sites",
    metadata,
    Column("site_id", Uuid, primary_key=True),
    _text("name"),
    _text("district", nullable=True),
    _text("address"),
    _text("city", nullable=True),
    _text("psc", nullable=True),
    Column("latitude", Double),
    Column("longitude", Double),
    _text("kind", nullable=True),
    Column("is_active", Boolean),  # NULL: the registry does not say
    _text("nrpzs_code", nullable=True),
    Column("capacity_per_day", Integer),
    Column("is_barrier_free", Boolean),
    Column("opens_on", Date),
    _at("imported_at"),
    _at("gone_at", nullable=True),  # no longer in the registry; kept, because people registered there
    _text("gate", default="automatic"),  # who decides on waves here: the planner, the site, or nobody
    _at("paused_at", nullable=True),  # nobody invites here until it is resumed, whatever the gate says
    CheckConstraint("gate IN ('automatic', 'by_hand', 'closed')", name="gate_known"),
)

calendars = Table(
    "calendars",
    metadata,
    _id("calendar_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    _text("name"),
    _text("round"),
    _text("product"),
    _text("links_to", nullable=True),  # the name as imported: it may name nothing, the linter tells
    Column("linked_id", BigInteger, ForeignKey("calendars.calendar_id")),
    UniqueConstraint("site_id", "name"),
    CheckConstraint("round IN ('V1', 'V2', 'VX')", name="round_known"),
    CheckConstraint("linked_id <> calendar_id", name="not_linked_to_itself"),
)

slots = Table(
    "slots",
    metadata,
    _id("slot_id"),
    Column("calendar_id", BigInteger, ForeignKey(calendars.c.calendar_id), nullable=False),
    _at("begins_at"),
    Column("capacity", Integer, nullable=False),
    Column("taken", Integer, nullable=False, server_default="0"),
    UniqueConstraint("calendar_id", "begins_at"),
    CheckConstraint("taken >= 0", name="taken_not_negative"),
    CheckConstraint("taken <= capacity", name="never_overbooked"),
)
Index(
    "ix_slots_free", slots.c.calendar_id, slots.c.begins_at, postgresql_where=slots.c.taken < slots.c.capacity
)

stock_movements = Table(
    "stock_movements",
    metadata,
    Column("movement_key", Text, primary_key=True),  # natural key of the row: importing twice changes nothing
    Column(
        "site_id", Uuid, nullable=False
    ),  # no foreign key: deliveries name warehouses and closed sites too
    _text("product"),
    _text("kind"),
    Column("moved_on", Date, nullable=False),
    Column("doses", Integer, nullable=False),  # signed: what leaves is negative
    Index("ix_stock_movements_site_id_product", "site_id", "product"),
)

# -- People ------------------------------------------------------------------------------------------------

registrations = Table(
    "registrations",
    metadata,
    _id("registration_id"),
    _text("first_name"),
    _text("last_name"),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_digest", LargeBinary, nullable=False),
    _text("number_verdict"),
    Column("birth_date", Date, nullable=False),
    _text("insurer"),
    _text("psc"),
    _text("phone"),
    _text("email", nullable=True),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    _text("group_key"),
    Column("score", Integer, nullable=False),
    _text("language"),
    _text("channel"),
    _text("address"),
    _text("state"),
    _text("blocked_because", nullable=True),
    _text("blocked_from", nullable=True),  # the state that wrong PINs took her out of
    Column("wrong_pins", Integer, nullable=False, server_default="0"),
    _at("registered_at"),
    _at("reserved_at", nullable=True),
    _at("ended_at", nullable=True),  # blocked or replaced: no longer counted among the living
    _text("imported_from", nullable=True),  # the system that it was first made in, when not this one
    CheckConstraint(
        "state IN ('waiting', 'invited', 'reserved', 'done', 'blocked', 'returned')", name="state_known"
    ),
    CheckConstraint("(state = 'blocked') = (blocked_because IS NOT NULL)", name="blocked_has_a_reason"),
    CheckConstraint(
        "(state IN ('reserved', 'done')) = (reserved_at IS NOT NULL)", name="reserved_has_a_time"
    ),
)
Index(
    "uq_registrations_one_living_per_number",
    registrations.c.number_digest,
    unique=True,
    postgresql_where=registrations.c.ended_at.is_(None),
)
Index(
    "ix_registrations_queue",
    registrations.c.site_id,
    registrations.c.score.desc(),
    registrations.c.birth_date,
    registrations.c.registered_at,
    registrations.c.registration_id,
    postgresql_where=registrations.c.state.in_(["waiting", "returned"]),
)
Index(
    "ix_registrations_invited", registrations.c.site_id, postgresql_where=registrations.c.state == "invited"
)
Index(
    "ix_registrations_returned", registrations.c.site_id, postgresql_where=registrations.c.state == "returned"
)
Index("ix_registrations_phone", registrations.c.phone)
Index("ix_registrations_number_digest", registrations.c.number_digest)
Index("ix_registrations_registered_at", registrations.c.registered_at)

waves = Table(
    "waves",
    metadata,
    _id("wave_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    _at("planned_at"),
    _text("policy"),
    Column("inputs", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False, server_default="[]"),
    Column("size", Integer, nullable=False),
    _text("approved_by"),
    Index("ix_waves_site_id", "site_id", "wave_id"),
)
"""A wave is never changed: a trigger of the migration refuses it."""

invitations = Table(
    "invitations",
    metadata,
    _id("invitation_id"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), nullable=False),
    Column("round", SmallInteger, nullable=False, server_default="1"),
    Column("wave_id", BigInteger, ForeignKey(waves.c.wave_id), nullable=False),
    Column("pin_sealed", LargeBinary, nullable=False),
    Column("pin_digest", LargeBinary, nullable=False, unique=True),
    _text("state"),
    _at("invited_at"),
    _at("expires_at", nullable=True),  # NULL: valid until used
    _at("answered_at", nullable=True),  # her PIN opened the dialogue for the first time
    _at("used_at", nullable=True),
    CheckConstraint("state IN ('open', 'used', 'void', 'expired')", name="state_known"),
)
Index(
    "uq_invitations_one_off",  # what was taken back before it left does not count
    invitations.c.registration_id,
    invitations.c.round,
    unique=True,
    postgresql_where=invitations.c.state != "void",
)
Index("ix_invitations_open", invitations.c.registration_id, postgresql_where=invitations.c.state == "open")
Index("ix_invitations_wave_id", invitations.c.wave_id)
Index("ix_invitations_expiring", invitations.c.expires_at, postgresql_where=invitations.c.state == "open")

dead_pins = Table(
    "dead_pins",  # PINs of an earlier system: known, so that whoever answers with one is told the truth
    metadata,
    Column("pin_digest", LargeBinary, primary_key=True),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), nullable=False),
)

rule_changes = Table(
    "rule_changes",  # one policy gave way to another
    metadata,
    _id("change_id"),
    _text("old_policy"),
    _text("new_policy"),
    _at("changed_at"),
    _text("approved_by"),
    _at("finished_at", nullable=True),  # everybody was told; until then the same change goes on
)

rule_notices = Table(
    "rule_notices",  # who was told of a change: nobody twice
    metadata,
    Column("change_id", BigInteger, ForeignKey(rule_changes.c.change_id), primary_key=True),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), primary_key=True),
    _text("purpose"),
    Index("ix_rule_notices_registration_id", "registration_id"),
)

audit = Table(
    "audit",  # who did or was told what, where somebody may ask later
    metadata,
    _id("audit_id"),
    _at("at"),
    _text("who"),
    _text("what"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),
    Index("ix_audit_registration_id", "registration_id", "what", "at"),
)

reservations = Table(
    "reservations",
    metadata,
    _id("reservation_id"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), nullable=False),
    _text("state"),
    Column("first_slot_id", BigInteger, ForeignKey(slots.c.slot_id), nullable=False),
    Column("second_slot_id", BigInteger, ForeignKey(slots.c.slot_id)),
    _at("held_at"),
    _at("hold_until"),
    _at("confirmed_at", nullable=True),
    CheckConstraint("state IN ('held', 'confirmed', 'cancelled', 'lapsed', 'done')", name="state_known"),
)
Index(
    "uq_reservations_one_living",
    reservations.c.registration_id,
    unique=True,
    postgresql_where=reservations.c.state.in_(["held", "confirmed"]),
)
Index("ix_reservations_held", reservations.c.hold_until, postgresql_where=reservations.c.state == "held")
Index("ix_reservations_first_slot_id", reservations.c.first_slot_id)

wrong_pins = Table(
    "wrong_pins",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    _at("last_at"),
    _at("blocked_at", nullable=True),
)

# -- Messages ----------------------------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    _id("mo_id"),
    _text("channel"),
    _text("address"),
    _text("operator"),
    _text("operator_id", nullable=True),  # the operator's own id of the MO, where it gives one
    Column("text_sealed", LargeBinary, nullable=False),
    Column("text_digest", LargeBinary, nullable=False),
    _text("at_step", nullable=True),  # the question whose button was pressed; it may be an old one
    _at("received_at"),
    _at("done_at", nullable=True),
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
    _at("received_at"),
    _at("joined_at", nullable=True),  # kept a while, so that a part that comes again is known
)
Index("ix_mo_parts_received_at", mo_parts.c.received_at)

sessions = Table(
    "sessions",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    _text("dialogue"),
    Column("version", Integer, nullable=False),
    _text("step"),
    _text("language"),
    Column("answers_sealed", LargeBinary, nullable=False),
    _at("updated_at"),
)
Index("ix_sessions_open", sessions.c.dialogue, postgresql_where=sessions.c.dialogue != "")

outbox = Table(
    "outbox",
    metadata,
    _id("mt_id"),
    _text("channel"),
    _text("address"),
    _text("operator"),
    _text("home", nullable=True),  # the operator that it was meant for, while that one is down
    Column("lane", SmallInteger, nullable=False),
    Column("rank", BigInteger, nullable=False, server_default="0"),  # the planner's order inside a lane
    _text("purpose"),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("text_digest", LargeBinary),  # tells the same words to the same person again
    Column("expects_sealed", LargeBinary),  # what may be answered, for buttons and keypads
    Column("segments", SmallInteger, nullable=False),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),
    Column("invitation_id", BigInteger, ForeignKey(invitations.c.invitation_id), unique=True),
    Column("mo_id", BigInteger, ForeignKey(inbox.c.mo_id)),
    # an SMS: the MT of a chat that failed for good, and that it stands in for
    Column("instead_of", BigInteger, ForeignKey("outbox.mt_id"), unique=True),
    _text("state"),
    Column("attempt", SmallInteger, nullable=False, server_default="0"),
    _at("created_at"),
    _at("not_before", nullable=True),
    _at("valid_until", nullable=True),
    _at("settled_at", nullable=True),
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
    _text("operator"),
    _text("claimed_by"),
    _at("claimed_at"),
    _text("outcome", nullable=True),
)

mt_parts = Table(
    "mt_parts",
    metadata,
    Column("mt_id", BigInteger, primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    _text("operator"),
    _text("message_key"),  # the operator's message id, normalised
    _text("state"),
    ForeignKeyConstraint(["mt_id", "attempt"], ["attempts.mt_id", "attempts.attempt"]),
)
Index("ix_mt_parts_message_key", mt_parts.c.operator, mt_parts.c.message_key)

early_receipts = Table(
    "early_receipts",
    metadata,
    _id("receipt_id"),
    _text("operator"),
    _text("message_key"),
    _text("state"),
    _text("error", nullable=True),
    _at("received_at"),
)
Index("ix_early_receipts_message_key", early_receipts.c.operator, early_receipts.c.message_key)

routes = Table(
    "routes",
    metadata,
    Column("address", Text, primary_key=True),
    _text("operator"),
    _text("learned_from"),
    _at("learned_at"),
)

unserved = Table(
    "unserved",  # an operator said that a number is not its own
    metadata,
    Column("address", Text, primary_key=True),
    Column("operator", Text, primary_key=True),
    _text("learned_from"),
    _at("learned_at"),
)

operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True),
    _at("bound_at", nullable=True),  # some process was bound to it then
    Column("weight", Double, nullable=False, server_default="1"),  # its share where others serve a number too
    _at("changed_at"),
    CheckConstraint("weight > 0 AND weight <= 1", name="weight_is_a_share"),
)

operator_shifts = Table(
    "operator_shifts",  # every change of a weight, and why
    metadata,
    _id("shift_id"),
    _text("operator"),
    _at("shifted_at"),
    Column("weight_before", Double, nullable=False),
    Column("weight_after", Double, nullable=False),
    _text("reason"),
    Index("ix_operator_shifts_operator", "operator", "shift_id"),
)

# -- Across channels ---------------------------------------------------------------------------------------

proven_phones = Table(
    "proven_phones",  # whose chat or web page this is, where the channel itself does not say
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    _text("phone"),
    _text("how"),
    _at("proven_at"),
    Index("ix_proven_phones_phone", "phone"),
)

pin1s = Table(
    "pin1s",  # the last PIN1 sent to prove a phone
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    _text("phone"),
    Column("pin_sealed", LargeBinary, nullable=False),
    _at("sent_at"),
    _at("expires_at"),
    Column("sent", SmallInteger, nullable=False, server_default="1"),
    Column("wrong", SmallInteger, nullable=False, server_default="0"),
    _at("blocked_until", nullable=True),
)

step_counts = Table(
    "step_counts",  # how many people went from one step to the next; to nowhere: they left there
    metadata,
    Column("dialogue", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("medium", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

recordings = Table(
    "recordings",  # names spoken on the hotline, until the desk has written them down
    metadata,
    _id("recording_id"),
    _text("sound"),
    _text("channel"),
    _text("address"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),
    _at("recorded_at"),
    _at("transcribed_at", nullable=True),
    _text("transcribed_by", nullable=True),
)

call_backs = Table(
    "call_backs",  # people who asked the hotline to call them
    metadata,
    _id("call_back_id"),
    Column("phone_sealed", LargeBinary, nullable=False),
    _text("language"),
    _text("reason"),
    _at("asked_at"),
    _at("done_at", nullable=True),
    _text("done_by", nullable=True),
)
