"""Doses that were given."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Uuid,
    and_,
    func,
)

from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.people import registrations, reservations
from core.store.tables.sites import sites

doses = Table(
    "doses",
    metadata,
    id_("dose_id"),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_digest", LargeBinary, nullable=False),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),  # NULL: she has none
    Column("reservation_id", BigInteger, ForeignKey(reservations.c.reservation_id)),  # NULL: she had no dates
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    Column("dose_number", SmallInteger, nullable=False),
    Column("is_last", Boolean, nullable=False),  # she had all doses of her course with it
    text_("product"),
    text_("lot"),
    Column("given_on", Date, nullable=False),
    text_("given_by"),
    text_("state"),
    at("recorded_at"),
    text_("recorded_by"),
    at("withdrawn_at", nullable=True),
    text_("withdrawn_by", nullable=True),
    text_("withdrawn_because", nullable=True),
    CheckConstraint("state IN ('given', 'withdrawn')", name="state_known"),
    CheckConstraint("dose_number >= 1", name="counted_from_one"),
    CheckConstraint(
        "(state = 'withdrawn') = (withdrawn_at IS NOT NULL) "
        "AND (withdrawn_at IS NULL) = (withdrawn_by IS NULL) "
        "AND (withdrawn_at IS NULL) = (withdrawn_because IS NULL)",
        name="withdrawn_says_by_whom",
    ),
)
Index(
    "uq_doses_one_given_of_each_number",
    doses.c.number_digest,
    doses.c.dose_number,
    unique=True,
    postgresql_where=doses.c.state == "given",
)
Index(
    "uq_doses_one_last_of_a_person",
    doses.c.number_digest,
    unique=True,
    postgresql_where=and_(doses.c.state == "given", doses.c.is_last),
)
Index("ix_doses_site_id", doses.c.site_id, doses.c.given_on, doses.c.product)
Index("ix_doses_given_on", doses.c.given_on, postgresql_where=doses.c.state == "given")
Index("ix_doses_changed_at", func.coalesce(doses.c.withdrawn_at, doses.c.recorded_at))
Index("ix_doses_reservation_id", doses.c.reservation_id)
Index("ix_doses_registration_id", doses.c.registration_id)
