"""Who may use the REST API, what was answered, and who is told of what happened."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text

from storage.columns import Id, Instant
from storage.tables.base import DELETED, EMPTIED, NOBODYS, id_column, table

api_keys = table(
    "api_keys",
    id_column(),
    Column("name", String(64), nullable=False),
    Column("prefix", String(16), nullable=False, unique=True, comment="the key's first letters, by which it is found"),
    Column("key_hash", String(64), nullable=False, comment="SHA-256; the key itself is shown once and not kept"),
    Column("scopes", JSON, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    erasure=NOBODYS,
)

api_answers = table(
    "api_answers",
    Column("api_key_id", Id, ForeignKey("api_keys.id"), primary_key=True),
    Column("idempotency_key", String(128), primary_key=True),
    Column("request_hash", String(64), nullable=False, comment="SHA-256 of method, path and body"),
    Column("status", Integer, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("at", Instant, nullable=False),
    erasure=DELETED,
)
Index("ix_api_answers_at", api_answers.c.at)

webhook_endpoints = table(
    "webhook_endpoints",
    id_column(),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False, comment="what deliveries are signed with"),
    Column("kinds", JSON, nullable=False, comment="the kinds of event it wants; empty: all"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("allow_private", Boolean, nullable=False, server_default=text("false"), comment="may be in our own network"),
    Column("created_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0", comment="in a row; none since it last answered"),
    Column("failing_since_at", Instant),
    Column("not_before_at", Instant, comment="it failed: nothing is sent to it until then"),
    erasure=NOBODYS,
)

webhook_events = table(
    "webhook_events",
    id_column(),
    Column("kind", String(32), nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("at", Instant, nullable=False),
    Column("data", JSON(none_as_null=True)),
    erasure=EMPTIED,
)
Index("ix_webhook_events_at", webhook_events.c.at)

webhook_deliveries = table(
    "webhook_deliveries",
    id_column(),
    Column("event_id", Id, ForeignKey("webhook_events.id"), nullable=False),
    Column("endpoint_id", Id, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("state", String(8), nullable=False, server_default="open", comment="open, sent or failed"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("queued_at", Instant, nullable=False, comment="given up some days after this; replaying begins anew"),
    Column("due_at", Instant, nullable=False),
    Column("status", Integer, comment="the last HTTP status"),
    Column("error", Text),
    Column("settled_at", Instant),
    UniqueConstraint("event_id", "endpoint_id"),
    erasure=NOBODYS,
)
_OPEN = text("state = 'open'")
Index(
    "ix_webhook_deliveries_open",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.due_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
