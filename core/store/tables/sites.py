"""Sites, their calendars and their vaccine."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from core.store.tables.base import at, id_, metadata, text_

sites = Table(
    "sites",
    metadata,
    Column("site_id", Uuid, primary_key=True),
    text_("name"),
    text_("district", nullable=True),
    text_("address"),
    text_("city", nullable=True),
    text_("psc", nullable=True),
    Column("latitude", Double),
    Column("longitude", Double),
    text_("kind", nullable=True),
    Column("is_active", Boolean),  # NULL: the registry does not say
    text_("nrpzs_code", nullable=True),
    Column("capacity_per_day", Integer),
    Column("is_barrier_free", Boolean),
    Column("opens_on", Date),
    at("imported_at"),
    at("gone_at", nullable=True),  # no longer in the registry; kept, because people registered there
    text_("gate", default="automatic"),  # who decides on waves here: the planner, the site, or nobody
    at("paused_at", nullable=True),  # nobody invites here until it is resumed, whatever the gate says
    CheckConstraint("gate IN ('automatic', 'by_hand', 'closed')", name="gate_known"),
)

calendars = Table(
    "calendars",
    metadata,
    id_("calendar_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    text_("name"),
    text_("round"),
    text_("product"),
    text_("links_to", nullable=True),  # the name as imported: it may name nothing, the linter tells
    Column("linked_id", BigInteger, ForeignKey("calendars.calendar_id")),
    UniqueConstraint("site_id", "name"),
    CheckConstraint("round IN ('V1', 'V2', 'VX')", name="round_known"),
    CheckConstraint("linked_id <> calendar_id", name="not_linked_to_itself"),
)

slots = Table(
    "slots",
    metadata,
    id_("slot_id"),
    Column("calendar_id", BigInteger, ForeignKey(calendars.c.calendar_id), nullable=False),
    at("begins_at"),
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
    text_("product"),
    text_("kind"),
    Column("moved_on", Date, nullable=False),
    Column("doses", Integer, nullable=False),  # signed: what leaves is negative
    Index("ix_stock_movements_site_id_product", "site_id", "product"),
)
