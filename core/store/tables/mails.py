"""Letters by e-mail."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
)

from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.people import registrations, reservations

mails = Table(
    "mails",
    metadata,
    id_("mail_id"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), nullable=False),
    Column("reservation_id", BigInteger, ForeignKey(reservations.c.reservation_id)),
    text_("purpose"),
    Column("sequence", Integer, nullable=False),  # of the dates in a calendar: a later letter wins
    Column("address_sealed", LargeBinary, nullable=False),
    Column("address_digest", LargeBinary, nullable=False),
    text_("state"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("doubts", Integer, nullable=False, server_default="0"),  # it may have gone out twice so often
    at("created_at"),
    at("next_at"),
    at("claimed_at", nullable=True),
    at("settled_at", nullable=True),
    text_("because", nullable=True),  # what the mail server answered, without addresses
    CheckConstraint(
        "state IN ('queued', 'claimed', 'sent', 'failed', 'bounced', 'dropped')", name="state_known"
    ),
    CheckConstraint("purpose IN ('registered', 'confirmed', 'changed', 'cancelled')", name="purpose_known"),
    CheckConstraint("(purpose = 'registered') = (reservation_id IS NULL)", name="dates_have_a_reservation"),
    Index("ix_mails_registration_id", "registration_id"),
    Index("ix_mails_address_digest", "address_digest"),
)
Index("ix_mails_due", mails.c.next_at, mails.c.mail_id, postgresql_where=mails.c.state == "queued")
Index("ix_mails_claimed", mails.c.claimed_at, postgresql_where=mails.c.state == "claimed")
