"""Customers, their contact points and consents; staff and their groups; branches."""

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
from storage.tables.base import DELETED, EMPTIED, NOBODYS, id_column, table

branches = table(
    "branches",
    id_column(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    erasure=NOBODYS,
)

customers = table(
    "customers",
    id_column(),
    Column("name", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("zone", Text, comment="IANA name; empty: the business's"),
    Column("zone_source", String(8), comment="who said so: asked, city, phone, import, staff or api"),
    Column("call_name", Text, comment="how this person likes to be addressed"),
    Column("phone", String(20), index=True, comment="E.164; a family may share one"),
    Column("phone_proved_at", Instant, comment="when Telegram said that the number is this person's"),
    Column("birth_month", Integer),
    Column("birth_day", Integer),
    Column("birth_year", Integer),
    Column("birth_calendar", String(5), nullable=False, server_default="solar", comment="solar or lunar"),
    Column("birth_leap", Boolean, nullable=False, server_default=text("false"), comment="born in a leap month"),
    Column("preferences", Text, comment="what is good to know, in plain words"),
    Column("custom", JSON(none_as_null=True), comment="values of the fields declared in the settings"),
    Column("owner_id", Id, ForeignKey("staff_members.id"), index=True, comment="who looks after this person"),
    Column("code", String(12), nullable=False, server_default="", comment="public: member number, referral link"),
    Column("tier", String(32), nullable=False, server_default="new"),
    Column("tier_since_at", Instant),
    Column("tier_review_at", Instant, comment="the tier is kept until then, whatever is spent"),
    Column("lost_at", Instant),
    Column("lost_reason", String(24)),
    Column("merged_into", Id, ForeignKey("customers.id"), comment="this record was a duplicate of that one"),
    Column("source", Text, comment="the deep link that first brought this person"),
    Column("branch_id", Id, ForeignKey("branches.id")),
    Column("source_key", Text, unique=True, comment="the key of the row this record was imported from"),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    erasure=EMPTIED,
)
Index("uq_customers_code", customers.c.code, unique=True)
Index("ix_customers_created_at", customers.c.created_at)
Index("ix_customers_birthday", customers.c.birth_month, customers.c.birth_day)
_REVIEWED = text("tier_review_at IS NOT NULL")
Index("ix_customers_tier_review_at", customers.c.tier_review_at, sqlite_where=_REVIEWED, postgresql_where=_REVIEWED)
_MERGED = text("merged_into IS NOT NULL")
Index("ix_customers_merged_into", customers.c.merged_into, sqlite_where=_MERGED, postgresql_where=_MERGED)

customer_tags = table(
    "customer_tags",
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True),
    Column("tag", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    erasure=DELETED,
)
Index("ix_customer_tags_tag", customer_tags.c.tag)

link_codes = table(
    "link_codes",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("code_hash", String(64), nullable=False, unique=True, comment="SHA-256; the code itself is not kept"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    erasure=DELETED,
)

customer_events = table(
    "customer_events",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source_key", Text, unique=True),
    Column("data", JSON(none_as_null=True)),
    erasure=EMPTIED,
)
Index("ix_customer_events_customer", customer_events.c.customer_id, customer_events.c.at)
Index("ix_customer_events_name", customer_events.c.name, customer_events.c.at)

segments = table(
    "segments",
    id_column(),
    Column("name", String(64), nullable=False, unique=True),
    Column("expression", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    erasure=NOBODYS,
)

contact_points = table(
    "contact_points",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("username", Text),
    Column("reach", String(12), nullable=False),
    Column("reach_since_at", Instant, nullable=False),
    Column("notice_version", Integer, comment="the privacy notice last shown"),
    Column("banned_until_at", Instant, comment="what is written until then is kept, and passed on to nobody"),
    Column("slowed_at", Instant, comment="when this person was last asked to write more slowly"),
    UniqueConstraint("bot_id", "chat_id"),
    erasure=DELETED,
)
Index("ix_contact_points_customer", contact_points.c.customer_id, contact_points.c.bot_id)

consents = table(
    "consents",
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("until_at", Instant, comment="a no until this instant is a snooze"),
    Column("notice_version", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    erasure=DELETED,
)

staff_members = table(
    "staff_members",
    id_column(),
    Column("user_id", BigInteger, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(12), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("language", String(8)),
    Column("reach", String(12), nullable=False, server_default="unknown", comment="of the private chat with the bot"),
    Column("absent_since_at", Instant),
    Column("absent_until_at", Instant, comment="empty while absent: until this person is back"),
    Column("assigned_at", Instant, comment="when a case was last given to this person in turn"),
    Column("works_privately", Boolean, nullable=False, server_default=text("false"), comment="own cases come here too"),
    Column("username", Text, comment="the Telegram name, as last seen"),
    erasure=NOBODYS,
)

staff_groups = table(
    "staff_groups",
    id_column(),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("forum", Boolean, comment="empty until Telegram was asked"),
    Column("language", String(8)),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("unreachable_since_at", Instant),
    Column("takes", JSON(none_as_null=True), comment="which cases: branches, aspects, tiers, languages; empty: all"),
    Column("lag_told_at", Instant, comment="when the group last read how far it lags behind"),
    Column("lag_message_id", BigInteger, comment="the message that says so"),
    UniqueConstraint("bot_id", "chat_id"),
    erasure=NOBODYS,
)
