"""Campaigns: their versions, their runs, what people did with their messages. Messages to people are deliveries."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)

from storage.columns import Id, Instant
from storage.tables.base import DELETED, KEPT, NOBODYS, id_column, table

campaigns = table(
    "campaigns",
    id_column(),
    Column("key", String(24), nullable=False, unique=True),
    Column("state", String(10), nullable=False, comment="draft scheduled running paused finished cancelled"),
    Column("version", Integer, nullable=False, comment="the one that is sent now"),
    Column("shipped", Boolean, nullable=False, server_default=text("false"), comment="came with the program"),
    Column("launch_at", Instant, comment="when a scheduled one begins to run"),
    Column("launched_at", Instant, comment="since when it runs; what happened before is no occasion"),
    Column("paused_at", Instant),
    Column("pause_reason", String(12)),
    Column("ended_at", Instant, comment="when it was finished or cancelled"),
    Column("swept_on", String(10), comment="the last local date whose dated occasions were looked for everywhere"),
    Column("asked_by", Id, ForeignKey("staff_members.id"), comment="who asked for a second look"),
    Column("asked_at", Instant),
    Column("approved_by", Id, ForeignKey("staff_members.id")),
    Column("approved_at", Instant),
    Column("approved_version", Integer),
    Column("paid_yes_at", Instant, comment="when somebody agreed to the cost of paid broadcast"),
    Column("winner", String(16), comment="the variant all get from now on"),
    Column("winner_at", Instant),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    erasure=NOBODYS,
)

campaign_versions = table(
    "campaign_versions",
    id_column(),
    Column("campaign_id", Id, ForeignKey("campaigns.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False, comment="canonical JSON; never changed"),
    Column("added_at", Instant, nullable=False),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    UniqueConstraint("campaign_id", "version"),
    erasure=NOBODYS,
)

campaign_pictures = table(
    "campaign_pictures",
    Column("key", String(64), primary_key=True, comment="SHA-256 of the bytes"),
    Column("content", Text, nullable=False, comment="the bytes in base 64"),
    Column("file_id", Text, comment="how Telegram knows it, once it was sent"),
    Column("added_at", Instant, nullable=False),
    erasure=NOBODYS,
)

campaign_runs = table(
    "campaign_runs",
    id_column(),
    Column("campaign", String(24), nullable=False),
    Column("occasion", String(32), nullable=False),
    Column("segment", Text, comment="the expression that says who is meant; empty: everybody"),
    Column("starts_at", Instant, nullable=False, comment="from when on it is planned"),
    Column("on_date", String(10), comment="the local date of the occasion; empty: as soon as they may"),
    Column("at", String(5), comment="the local time at which people are due"),
    Column("cutoff_id", Id, nullable=False, comment="who joined later is not meant"),
    Column("after_id", Id, nullable=False, server_default="0", comment="how far the planning has come"),
    Column("planned_at", Instant, comment="when everybody was planned"),
    Column("stopped_at", Instant),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("campaign", "occasion"),
    erasure=NOBODYS,
)
_UNPLANNED = text("planned_at IS NULL")
Index(
    "ix_campaign_runs_unplanned",
    campaign_runs.c.starts_at,
    sqlite_where=_UNPLANNED,
    postgresql_where=_UNPLANNED,
)

campaign_taps = table(
    "campaign_taps",
    id_column(),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("campaign", String(24), nullable=False),
    Column(
        "kind",
        String(10),
        nullable=False,
        comment="answer tracked survey redeem rsvp waiting placed mute optout checkin reply",
    ),
    Column("button", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by_id", Id, ForeignKey("staff_members.id"), comment="who checked the person in"),
    erasure=KEPT,
)
Index("ix_campaign_taps_delivery", campaign_taps.c.delivery_id, campaign_taps.c.button)
Index(
    "ix_campaign_taps_campaign",
    campaign_taps.c.campaign,
    campaign_taps.c.kind,
    campaign_taps.c.at,
    campaign_taps.c.delivery_id,
)

campaign_optouts = table(
    "campaign_optouts",
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True),
    Column("topic", String(32), primary_key=True, comment="a holiday, birthday, or a campaign's key"),
    Column("at", Instant, nullable=False),
    erasure=DELETED,
)

campaign_watchers = table(
    "campaign_watchers",
    id_column(),
    Column("campaign", String(24), nullable=False),
    Column("kind", String(8), nullable=False, server_default="progress", comment="progress or results"),
    Column("target_kind", String(12), nullable=False, comment="member or staff_group"),
    Column("target_ref", BigInteger, nullable=False),
    Column("outbox_id", Id, comment="the row that said it first; its message is edited"),
    Column("said", JSON(none_as_null=True), comment="the figures it shows; of results: who asked"),
    Column("told_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("campaign", "kind", "target_kind", "target_ref"),
    erasure=NOBODYS,
)
