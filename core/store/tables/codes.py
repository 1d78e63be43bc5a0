"""Codes by which people prove that they belong to a group."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text

from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.people import registrations

code_batches = Table(
    "code_batches",  # given to one employer or physician at once, and taken back at once
    metadata,
    id_("batch_id"),
    text_("group_key"),
    text_("issued_to"),
    text_("issued_by"),
    at("issued_at"),
    at("revoked_at", nullable=True),
    text_("revoked_by", nullable=True),
    CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_somebody"),
)

group_codes = Table(
    "group_codes",
    metadata,
    id_("code_id"),
    Column("batch_id", BigInteger, ForeignKey(code_batches.c.batch_id), nullable=False),
    Column("code_sealed", LargeBinary, nullable=False),
    Column("code_digest", LargeBinary, nullable=False, unique=True),
    at("used_at", nullable=True),
    Column("used_by", BigInteger, ForeignKey(registrations.c.registration_id)),
    CheckConstraint("used_by IS NULL OR used_at IS NOT NULL", name="used_at_some_time"),
    Index("ix_group_codes_batch_id", "batch_id"),
)
Index("ix_group_codes_used_by", group_codes.c.used_by, postgresql_where=group_codes.c.used_by.is_not(None))

wrong_codes = Table(
    "wrong_codes",  # guesses of a phone, so that codes cannot be tried one after another
    metadata,
    Column("phone", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    at("last_at"),
)
