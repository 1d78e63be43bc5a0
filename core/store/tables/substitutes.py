"""Leftover doses of the day, and who can come for one at once."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Time,
    Uuid,
)

from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.people import registrations
from core.store.tables.sites import sites, slots

substitute_sites = Table(
    "substitute_sites",  # sites that ask substitutes; no other does
    metadata,
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), primary_key=True),
    Column("day_begins", Time, nullable=False),  # local
    Column("day_ends", Time, nullable=False),
    text_("enabled_by"),
    at("enabled_at"),
    CheckConstraint("day_begins < day_ends", name="day_ends_after_it_begins"),
)

substitutes = Table(
    "substitutes",  # who can come within the hour, from when she said so until she did not mean it any more
    metadata,
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    at("until", nullable=True),  # NULL: she is one
    CheckConstraint("until >= since", name="ends_after_it_begins"),
)
Index(
    "uq_substitutes_once",
    substitutes.c.registration_id,
    unique=True,
    postgresql_where=substitutes.c.until.is_(None),
)

substitute_rounds = Table(
    "substitute_rounds",  # leftover doses of one product that a site offers
    metadata,
    id_("round_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    text_("product"),
    Column("slot_id", BigInteger, ForeignKey(slots.c.slot_id), nullable=False),
    Column("doses", Integer, nullable=False),
    Column("taken", Integer, nullable=False, server_default="0"),
    at("opened_at"),
    text_("opened_by"),
    at("answer_until"),  # who says yes later cannot come in time
    at("widened_at"),  # when people were asked last
    at("ended_at", nullable=True),
    CheckConstraint("taken >= 0 AND taken <= doses", name="nothing_taken_twice"),
    CheckConstraint("doses > 0", name="offers_something"),
    Index("ix_substitute_rounds_site_id", "site_id"),
)
Index(
    "ix_substitute_rounds_open",
    substitute_rounds.c.round_id,
    postgresql_where=substitute_rounds.c.ended_at.is_(None),
)

substitute_offers = Table(
    "substitute_offers",  # who was asked whether she comes for a leftover dose, and what she said
    metadata,
    Column("round_id", BigInteger, ForeignKey(substitute_rounds.c.round_id), primary_key=True),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id), primary_key=True),
    text_("phone"),
    text_("state"),
    at("offered_at"),
    at("answered_at", nullable=True),
    CheckConstraint(
        "state IN ('open', 'taken', 'late', 'declined', 'overtaken', 'lapsed')", name="state_known"
    ),
    Index("ix_substitute_offers_registration_id", "registration_id"),
    Index("ix_substitute_offers_phone", "phone", "offered_at"),
)
Index(
    "uq_substitute_offers_one_open",  # a yes from a phone says yes to one question
    substitute_offers.c.phone,
    unique=True,
    postgresql_where=substitute_offers.c.state == "open",
)
