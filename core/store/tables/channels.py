"""What one person is in several channels, and at the desk."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Table, Text

from core.store.tables.base import at, id_, metadata, text_
from core.store.tables.people import registrations

proven_phones = Table(
    "proven_phones",  # whose chat or web page this is, where the channel itself does not say
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    text_("phone"),
    text_("how"),
    at("proven_at"),
    Index("ix_proven_phones_phone", "phone"),
)

pin1s = Table(
    "pin1s",  # the last PIN1 sent to prove a phone
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    text_("phone"),
    Column("pin_sealed", LargeBinary, nullable=False),
    at("sent_at"),
    at("expires_at"),
    Column("sent", SmallInteger, nullable=False, server_default="1"),
    Column("wrong", SmallInteger, nullable=False, server_default="0"),
    at("blocked_until", nullable=True),
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
    id_("recording_id"),
    text_("sound"),
    text_("channel"),
    text_("address"),
    Column("registration_id", BigInteger, ForeignKey(registrations.c.registration_id)),
    at("recorded_at"),
    at("transcribed_at", nullable=True),
    text_("transcribed_by", nullable=True),
)

call_backs = Table(
    "call_backs",  # people who asked the hotline to call them
    metadata,
    id_("call_back_id"),
    Column("phone_sealed", LargeBinary, nullable=False),
    text_("language"),
    text_("reason"),
    at("asked_at"),
    at("done_at", nullable=True),
    text_("done_by", nullable=True),
)
