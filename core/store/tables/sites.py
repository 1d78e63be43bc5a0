"""Sites, their calendars and their vaccine."""

from sqlalchemy import (
    ARRAY,
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
from sqlalchemy.dialects.postgresql import JSONB

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
    Column("methods", ARRAY(Text), nullable=False, server_default="{}"),  # how a sampling site takes samples
    at("imported_at"),
    at("gone_at", nullable=True),  # no longer in the registry; kept, because people registered there
    text_("gate", default="automatic"),  # who decides on waves here: the planner, the site, or nobody
    at("paused_at", nullable=True),  # nobody invites here until it is resumed, whatever the gate says
    CheckConstraint("gate IN ('automatic', 'by_hand', 'closed')", name="gate_known"),
)

site_history = Table(
    "site_history",  # who changed what about a site: lines are added, never changed
    metadata,
    id_("entry_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    at("at"),
    text_("who"),
    text_("source"),  # the name of a file, or a command
    text_("event"),
    text_("field", nullable=True),  # NULL: the site as a whole
    text_("old", nullable=True),
    text_("new", nullable=True),
    Index("ix_site_history_site_id", "site_id", "entry_id"),
)

held_changes = Table(
    "held_changes",  # what an import would change and somebody has to look at first
    metadata,
    id_("held_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    text_("doubt"),
    Column("old", JSONB, nullable=False),
    Column("new", JSONB, nullable=False),
    text_("words"),
    text_("source"),
    text_("brought_by"),
    at("held_at"),
    text_("state", default="waiting"),
    text_("decided_by", nullable=True),
    at("decided_at", nullable=True),
    at("over_at", nullable=True),  # the registry does not say so any more, or it was approved
    CheckConstraint("state IN ('waiting', 'approved', 'rejected')", name="state_known"),
    CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_has_a_time"),
)
Index(
    "uq_held_changes_one_question",
    held_changes.c.site_id,
    held_changes.c.doubt,
    unique=True,
    postgresql_where=held_changes.c.over_at.is_(None),
)

site_pauses = Table(
    "site_pauses",  # days on which a site does not vaccinate
    metadata,
    id_("pause_id"),
    Column("site_id", Uuid, ForeignKey(sites.c.site_id), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("reopens_on", Date),  # the first day after it; NULL: nobody knows yet
    text_("because"),
    text_("paused_by"),
    at("paused_at"),
    at("told_all_at", nullable=True),  # everybody was told that it is over
    CheckConstraint("reopens_on >= from_on", name="ends_after_it_begins"),
    Index("ix_site_pauses_site_id", "site_id"),
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
Index("ix_slots_begins_at", slots.c.begins_at)

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

expected_deliveries = Table(
    "expected_deliveries",  # announced, and counted on until the day they are due or until they came
    metadata,
    id_("expected_id"),
    Column("site_id", Uuid, nullable=False),  # no foreign key, as for the movements
    text_("product"),
    Column("due_on", Date, nullable=False),
    Column("announced", Integer, nullable=False),  # as it was first
    Column("doses", Integer, nullable=False),  # as it is now: changed or cut
    Column("came_on", Date),
    text_("changed_by"),
    at("changed_at"),
    UniqueConstraint("site_id", "product", "due_on"),
    CheckConstraint("doses >= 0 AND announced >= 0", name="doses_not_negative"),
)
