"""People, their invitations and reservations."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.blocking import KEPT
from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.sites import site_pauses, sites, slots

registrations = Table(
    "registrations",
    metadata,
    id_("registration_id"),
    text_("first_name"),
    text_("last_name"),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_digest", LargeBinary, nullable=False),
    text_("number_verdict"),
    Column("birth_date", Date, nullable=False),
    text_("insurer"),
    text_("psc"),
    text_("phone"),
    text_("email", nullable=True),
    at("email_refused_at", nullable=True),  # her mail server does not know it
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    text_("group_key"),
    Column("score", Integer, nullable=False),
    text_("language"),
    text_("channel"),
    text_("address"),
    text_("state"),
    text_("blocked_because", nullable=True),
    text_("blocked_from", nullable=True),  # the state that the block took her out of
    at("blocked_until", nullable=True),  # time lifts it
    text_("claimed_group", nullable=True),  # she says she is in it; its register is still to confirm that
    at("prove_at", nullable=True),  # when that register is asked; NULL: it need not be
    at("identify_at", nullable=True),  # when the population register is asked; NULL: it need not be
    Column("wrong_pins", Integer, nullable=False, server_default="0"),
    at("registered_at"),
    at("reserved_at", nullable=True),
    at("ended_at", nullable=True),  # blocked or replaced: no longer counted among the living
    text_("imported_from", nullable=True),  # the system that it was first made in, when not this one
    text_("service", default="vaccination"),
    text_("referral", nullable=True),  # the number of a physician's referral
    Column("price", Integer),  # CZK, told to whoever came without one and agreed
    CheckConstraint(
        "state IN ('waiting', 'invited', 'reserved', 'done', 'blocked', 'returned', 'choosing', 'left')",
        name="state_known",
    ),
    CheckConstraint("(state = 'blocked') = (blocked_because IS NOT NULL)", name="blocked_has_a_reason"),
    CheckConstraint(f"blocked_because IN {tuple(str(reason) for reason in KEPT)}", name="reason_known"),
    CheckConstraint("blocked_until IS NULL OR state = 'blocked'", name="blocked_until_is_of_a_block"),
    CheckConstraint("prove_at IS NULL OR claimed_group IS NOT NULL", name="prove_needs_a_claim"),
    CheckConstraint(
        "(state IN ('reserved', 'done')) = (reserved_at IS NOT NULL)", name="reserved_has_a_time"
    ),
)
Index(
    "uq_registrations_one_living_per_number",
    registrations.c.number_digest,
    registrations.c.service,
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
Index(
    "ix_registrations_email",
    func.lower(registrations.c.email),
    postgresql_where=registrations.c.email.is_not(None),
)
Index(
    "ix_registrations_to_prove",
    registrations.c.prove_at,
    postgresql_where=registrations.c.prove_at.is_not(None),
)
Index(
    "ix_registrations_to_identify",
    registrations.c.identify_at,
    postgresql_where=registrations.c.identify_at.is_not(None),
)
Index(
    "ix_registrations_blocked_until",
    registrations.c.blocked_until,
    postgresql_where=registrations.c.blocked_until.is_not(None),
)
Index("ix_registrations_number_digest", registrations.c.number_digest)
Index("ix_registrations_registered_at", registrations.c.registered_at)

waves = Table(
    "waves",
    metadata,
    id_("wave_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    at("planned_at"),
    text_("policy"),
    Column("inputs", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False, server_default="[]"),
    Column("size", Integer, nullable=False),
    text_("approved_by"),
    Index("ix_waves_site_id", "site_id", "wave_id"),
)
"""A wave is never changed: a trigger of the migration refuses it."""

invitations = Table(
    "invitations",
    metadata,
    id_("invitation_id"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), nullable=False),
    Column("round", SmallInteger, nullable=False, server_default="1"),
    Column("wave_id", BigInteger, ForeignKey(waves.c.wave_id), nullable=False),
    Column("pin_sealed", LargeBinary, nullable=False),
    Column("pin_digest", LargeBinary, nullable=False, unique=True),
    text_("state"),
    at("invited_at"),
    at("expires_at", nullable=True),  # NULL: valid until used
    at("answered_at", nullable=True),  # her PIN opened the dialogue for the first time
    at("used_at", nullable=True),
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
    id_("change_id"),
    text_("old_policy"),
    text_("new_policy"),
    at("changed_at"),
    text_("approved_by"),
    at("finished_at", nullable=True),  # everybody was told; until then the same change goes on
)

rule_notices = Table(
    "rule_notices",  # who was told of a change: nobody twice
    metadata,
    Column("change_id", BigInteger, ForeignKey(rule_changes.c.change_id), primary_key=True),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), primary_key=True),
    text_("purpose"),
    Index("ix_rule_notices_registration_id", "registration_id"),
)

pause_notices = Table(
    "pause_notices",  # who was told that a site pauses, or is open again: nobody twice
    metadata,
    Column("pause_id", BigInteger, ForeignKey(site_pauses.c.pause_id), primary_key=True),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), primary_key=True),
    Column("purpose", Text, primary_key=True),
    at("told_at"),
    CheckConstraint("purpose IN ('site_pauses', 'site_reopens')", name="purpose_known"),
    Index("ix_pause_notices_registration_id", "registration_id"),
)

audit = Table(
    "audit",  # who did or was told what, where somebody may ask later
    metadata,
    id_("audit_id"),
    at("at"),
    text_("who"),
    text_("what"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),
    Index("ix_audit_registration_id", "registration_id", "what", "at"),
)

reservations = Table(
    "reservations",
    metadata,
    id_("reservation_id"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), nullable=False),
    text_("state"),
    Column("first_slot_id", BigInteger, ForeignKey(slots.c.slot_id), nullable=False),
    Column("second_slot_id", BigInteger, ForeignKey(slots.c.slot_id)),
    at("held_at"),
    at("hold_until"),
    at("confirmed_at", nullable=True),
    at("arrived_at", nullable=True),  # came to the first of two dates
    at("done_at", nullable=True),  # came to the last date
    Column(
        "changing_of", BigInteger, ForeignKey("reservations.reservation_id")
    ),  # a hold of other dates for it
    CheckConstraint(
        "state IN ('held', 'confirmed', 'cancelled', 'lapsed', 'exchanged', 'arrived', 'missed', 'done')",
        name="state_known",
    ),
    CheckConstraint(
        "changing_of IS NULL OR state IN ('held', 'cancelled', 'lapsed', 'exchanged')",
        name="a_change_is_only_held",
    ),
)
Index(
    "uq_reservations_one_living",
    reservations.c.registration_id,
    unique=True,
    postgresql_where=and_(
        reservations.c.state.in_(["held", "confirmed", "arrived"]), reservations.c.changing_of.is_(None)
    ),
)
Index(
    "uq_reservations_one_change",
    reservations.c.changing_of,
    unique=True,
    postgresql_where=reservations.c.state == "held",
)
Index("ix_reservations_registration_id", reservations.c.registration_id)
Index("ix_reservations_held", reservations.c.hold_until, postgresql_where=reservations.c.state == "held")
Index("ix_reservations_first_slot_id", reservations.c.first_slot_id)
Index("ix_reservations_second_slot_id", reservations.c.second_slot_id)

date_notices = Table(
    "date_notices",  # what somebody was told about one of her dates: nothing twice
    metadata,
    Column("reservation_id", BigInteger, ForeignKey(reservations.c.reservation_id), primary_key=True),
    Column("slot_id", BigInteger, ForeignKey(slots.c.slot_id), primary_key=True),
    Column("purpose", Text, primary_key=True),
    at("told_at"),
)

wrong_pins = Table(
    "wrong_pins",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    at("last_at"),
    at("blocked_at", nullable=True),
)
