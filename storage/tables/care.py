"""What goes out unasked."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text

from storage.columns import Id, Instant
from storage.tables.base import EMPTIED, id_column, table

deliveries = table(
    "deliveries",
    id_column(),
    Column("campaign", String(32), nullable=False),
    Column("occasion", String(32), nullable=False, comment="which one: the year of a birthday"),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("occasion_on", String(10), nullable=False, comment="local date of the occasion, ISO 8601"),
    Column("zone", Text, nullable=False, comment="the IANA zone due_at was computed in"),
    Column("due_at", Instant, nullable=False),
    Column("late_after_at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", Text),
    Column("consent", String(12), nullable=False, server_default="care", comment="the class of consent it needs"),
    Column("planned_at", Instant, nullable=False),
    Column("queued_at", Instant, comment="when it was handed to the outbox: it counts in the contact budget from then"),
    Column("settled_at", Instant),
    Column("variant", String(16), comment="which of the campaign's messages"),
    Column("version", Integer, comment="of the campaign, when it was handed to the outbox"),
    Column("params", JSON(none_as_null=True), comment="what the occasion says of this person"),
    Column("held", String(24), comment="why it waits, while it is planned"),
    Column("recalls", Integer, nullable=False, server_default="0", comment="how often it was taken back"),
    UniqueConstraint("campaign", "occasion", "customer_id"),
    erasure=EMPTIED,
)
Index(
    "ix_deliveries_due_of",
    deliveries.c.campaign,
    deliveries.c.due_at,
    deliveries.c.id,
    sqlite_where=text("state = 'planned'"),
    postgresql_where=text("state = 'planned'"),
)
_OF_SURVEYS = text("state = 'planned' AND substr(campaign, 1, 7) = 'survey:'")
Index("ix_deliveries_due", deliveries.c.due_at, sqlite_where=_OF_SURVEYS, postgresql_where=_OF_SURVEYS)
_LEFT = text("state <> 'planned'")
Index(
    "ix_deliveries_progress",
    deliveries.c.campaign,
    deliveries.c.state,
    deliveries.c.reason,
    deliveries.c.occasion,
    sqlite_where=_LEFT,
    postgresql_where=_LEFT,
)
_WAITS = text("held IS NOT NULL")
Index(
    "ix_deliveries_held",
    deliveries.c.campaign,
    deliveries.c.held,
    deliveries.c.state,
    sqlite_where=_WAITS,
    postgresql_where=_WAITS,
)
Index("ix_deliveries_customer_queued", deliveries.c.customer_id, deliveries.c.queued_at)

notices = table(
    "notices",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False, comment="earned, expiring, tier_up, tier_down, tier_review, statement"),
    Column("key", Text, nullable=False, unique=True, comment="what it is about; told once"),
    Column("data", JSON(none_as_null=True)),
    Column("ready_at", Instant, nullable=False),
    Column("stale_at", Instant, nullable=False, comment="not told any more after this"),
    Column("state", String(8), nullable=False, server_default="waiting", comment="waiting, told or dropped"),
    Column("reason", String(24)),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), index=True, comment="the message that told it"),
    erasure=EMPTIED,
)
_WAITING = text("state = 'waiting'")
Index("ix_notices_waiting", notices.c.ready_at, sqlite_where=_WAITING, postgresql_where=_WAITING)
