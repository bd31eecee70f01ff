"""All tables. Each says in ``info["erasure"]`` what becomes of its rows when a customer asks to be forgotten."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.columns import Id, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

DELETED = "deleted"
EMPTIED = "emptied"
NOBODYS = "nobodys"
"""Erasure decisions: rows deleted; rows kept with every word and name emptied; rows about no customer."""


def _table(name: str, *columns: Any, erasure: str) -> Table:
    return Table(name, metadata, *columns, info={"erasure": erasure}, sqlite_autoincrement=True)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


inbox = _table(
    "inbox",
    _id(),
    Column("bot_id", BigInteger, nullable=False),
    Column("update_id", BigInteger, nullable=False),
    Column(
        "chat_id",
        BigInteger,
        nullable=False,
        comment="the ordering key: updates of one chat keep their order",
    ),
    Column("payload", Text, comment="the raw update as JSON; emptied when its retention ends"),
    Column("received_at", Instant, nullable=False),
    Column("state", String(8), nullable=False, server_default="new", comment="new, done or dead"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant, comment="not before this instant; empty: at once"),
    Column("error", Text, comment="the last error's type and place, never a person's words"),
    Column("done_at", Instant),
    UniqueConstraint("bot_id", "update_id"),
    erasure=EMPTIED,
)
Index(
    "ix_inbox_open",
    inbox.c.bot_id,
    inbox.c.chat_id,
    inbox.c.id,
    sqlite_where=text("state = 'new'"),
    postgresql_where=text("state = 'new'"),
)
Index(
    "ix_inbox_queue",
    inbox.c.bot_id,
    inbox.c.id,
    sqlite_where=text("state = 'new'"),
    postgresql_where=text("state = 'new'"),
)
_POSTPONED = text("state = 'new' AND next_try_at IS NOT NULL")
Index(
    "ix_inbox_postponed",
    inbox.c.bot_id,
    inbox.c.chat_id,
    sqlite_where=_POSTPONED,
    postgresql_where=_POSTPONED,
)
Index("ix_inbox_dead", inbox.c.id, sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'"))
_WORDED = text("payload IS NOT NULL")
Index("ix_inbox_received_at", inbox.c.received_at, sqlite_where=_WORDED, postgresql_where=_WORDED)

branches = _table(
    "branches",
    _id(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    erasure=NOBODYS,
)

customers = _table(
    "customers",
    _id(),
    Column("name", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("zone", Text, comment="IANA name; empty: the business's"),
    Column("birth_month", Integer),
    Column("birth_day", Integer),
    Column("birth_year", Integer),
    Column("source", Text, comment="the deep link that first brought this person"),
    Column("branch_id", Id, ForeignKey("branches.id")),
    Column("source_key", Text, unique=True, comment="the key of the row this record was imported from"),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    erasure=EMPTIED,
)
Index("ix_customers_birthday", customers.c.birth_month, customers.c.birth_day)

contact_points = _table(
    "contact_points",
    _id(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("username", Text),
    Column("reach", String(12), nullable=False),
    Column("reach_since_at", Instant, nullable=False),
    Column("notice_version", Integer, comment="the privacy notice last shown"),
    UniqueConstraint("bot_id", "chat_id"),
    erasure=DELETED,
)

consents = _table(
    "consents",
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("until_at", Instant, comment="a no until this instant is a snooze"),
    Column("notice_version", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    erasure=DELETED,
)

staff_members = _table(
    "staff_members",
    _id(),
    Column("user_id", BigInteger, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(12), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("language", String(8)),
    erasure=NOBODYS,
)

staff_groups = _table(
    "staff_groups",
    _id(),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("forum", Boolean, comment="empty until Telegram was asked"),
    Column("language", String(8)),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("unreachable_since_at", Instant),
    UniqueConstraint("bot_id", "chat_id"),
    erasure=NOBODYS,
)

cases = _table(
    "cases",
    _id(),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("contact_point_id", Id, ForeignKey("contact_points.id", ondelete="SET NULL")),
    Column("kind", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("aspect", String(12)),
    Column("order_ref", Text),
    Column("summary", Text, nullable=False, server_default=""),
    Column("owner_id", Id, ForeignKey("staff_members.id")),
    Column("staff_group_id", Id, ForeignKey("staff_groups.id")),
    Column("opened_at", Instant, nullable=False),
    Column("first_response_due_at", Instant),
    Column("first_response_at", Instant),
    Column("promised_at", Instant),
    Column("promise_renewals", Integer, nullable=False, server_default="0"),
    Column("promise_warned", Boolean, nullable=False, server_default=text("false")),
    Column("resolved_at", Instant),
    Column("closed_at", Instant),
    Column("last_customer_at", Instant),
    Column("last_staff_at", Instant),
    erasure=EMPTIED,
)
Index("ix_cases_customer", cases.c.customer_id, cases.c.id)
Index(
    "ix_cases_promised",
    cases.c.promised_at,
    sqlite_where=text("first_response_at IS NULL AND closed_at IS NULL"),
    postgresql_where=text("first_response_at IS NULL AND closed_at IS NULL"),
)
Index(
    "ix_cases_resolved",
    cases.c.resolved_at,
    sqlite_where=text("state = 'resolved'"),
    postgresql_where=text("state = 'resolved'"),
)

topics = _table(
    "topics",
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("staff_group_id", Id, ForeignKey("staff_groups.id"), nullable=False),
    Column("thread_id", BigInteger, comment="empty in a plain group"),
    Column("card_message_id", BigInteger),
    erasure=NOBODYS,
)
Index("ix_topics_thread", topics.c.staff_group_id, topics.c.thread_id)

media = _table(
    "media",
    _id(),
    Column("bot_id", BigInteger, nullable=False),
    Column("file_unique_id", Text, nullable=False),
    Column("file_id", Text, nullable=False),
    Column("size", BigInteger, comment="bytes"),
    Column("mime", Text),
    Column("name", Text),
    Column("state", String(12), nullable=False, comment="referenced, stored, too_large, failed or expired"),
    Column("sha256", String(64), comment="the name of the file in the media folder"),
    Column("kept_at", Instant, nullable=False),
    UniqueConstraint("bot_id", "file_unique_id"),
    erasure=DELETED,
)
Index("ix_media_sha256", media.c.sha256)
_FETCHABLE = text("state IN ('stored', 'referenced')")
Index("ix_media_kept_at", media.c.kept_at, sqlite_where=_FETCHABLE, postgresql_where=_FETCHABLE)

interactions = _table(
    "interactions",
    _id(),
    Column("at", Instant, nullable=False),
    Column("bot_id", BigInteger, nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id")),
    Column("case_id", Id, ForeignKey("cases.id")),
    Column("author_kind", String(8), nullable=False),
    Column("author_id", Id),
    Column("direction", String(3), nullable=False),
    Column("visibility", String(8), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("entities", JSON(none_as_null=True)),
    Column("media_id", Id, ForeignKey("media.id", ondelete="SET NULL")),
    Column("media_group_id", Text),
    Column("extra", JSON(none_as_null=True)),
    Column("chat_id", BigInteger),
    Column("message_id", BigInteger),
    Column("update_id", BigInteger),
    Column("version_of", Id, ForeignKey("interactions.id")),
    Column("reply_to", Id, ForeignKey("interactions.id")),
    erasure=EMPTIED,
)
Index("ix_interactions_customer", interactions.c.customer_id, interactions.c.id)
Index("ix_interactions_case", interactions.c.case_id, interactions.c.id)
Index("ix_interactions_message", interactions.c.bot_id, interactions.c.chat_id, interactions.c.message_id)
Index("ix_interactions_at", interactions.c.at)
Index("ix_interactions_media_id", interactions.c.media_id)
Index(
    "uq_interactions_update",
    interactions.c.bot_id,
    interactions.c.update_id,
    unique=True,
    sqlite_where=text("update_id IS NOT NULL"),
    postgresql_where=text("update_id IS NOT NULL"),
)

feedback = _table(
    "feedback",
    _id(),
    Column("at", Instant, nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False, comment="rating, suggestion or praise"),
    Column("stars", Integer),
    Column("aspect", String(12)),
    Column("text", Text, nullable=False, server_default=""),
    Column("case_id", Id, ForeignKey("cases.id"), comment="the case that grew out of it"),
    Column("finished_at", Instant),
    erasure=EMPTIED,
)

feedback_words = _table(
    "feedback_words",
    Column("feedback_id", Id, ForeignKey("feedback.id"), primary_key=True),
    Column("interaction_id", Id, ForeignKey("interactions.id"), primary_key=True),
    erasure=NOBODYS,
)

dialogues = _table(
    "dialogues",
    Column(
        "contact_point_id",
        Id,
        ForeignKey("contact_points.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("name", String(16), nullable=False),
    Column("step", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("due_at", Instant),
    erasure=DELETED,
)
Index("ix_dialogues_due_at", dialogues.c.due_at)

deliveries = _table(
    "deliveries",
    _id(),
    Column("campaign", String(32), nullable=False),
    Column("occasion", String(32), nullable=False, comment="which one: the year of a birthday"),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("occasion_on", String(10), nullable=False, comment="local date of the occasion, ISO 8601"),
    Column("zone", Text, nullable=False, comment="the IANA zone due_at was computed in"),
    Column("due_at", Instant, nullable=False),
    Column("late_after_at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", Text),
    Column("planned_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("campaign", "occasion", "customer_id"),
    erasure=EMPTIED,
)
Index(
    "ix_deliveries_due",
    deliveries.c.due_at,
    sqlite_where=text("state = 'planned'"),
    postgresql_where=text("state = 'planned'"),
)
Index("ix_deliveries_customer_id", deliveries.c.customer_id)

outbox = _table(
    "outbox",
    _id(),
    Column("bot_id", BigInteger, nullable=False),
    Column("lane", Integer, nullable=False),
    Column(
        "chat_key",
        String(32),
        nullable=False,
        comment="order and limits: c contact point, g staff group, x chat",
    ),
    Column("purpose", String(16), nullable=False),
    Column("on_unknown", String(6), nullable=False),
    Column("action", String(8), nullable=False),
    Column("target_kind", String(12), nullable=False),
    Column("target_ref", BigInteger, nullable=False),
    Column("body", JSON(none_as_null=True), comment="what is said; emptied by retention and erasure"),
    Column(
        "state",
        String(12),
        nullable=False,
        server_default="queued",
        comment="queued sending sent failed unknown dropped",
    ),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before_at", Instant),
    Column("claimed_at", Instant, comment="when its call was last about to be made"),
    Column("dedupe_key", Text, unique=True),
    Column("coalesce_key", Text),
    Column("customer_id", Id, ForeignKey("customers.id")),
    Column("case_id", Id, ForeignKey("cases.id")),
    Column("interaction_id", Id, ForeignKey("interactions.id")),
    Column("delivery_id", Id, ForeignKey("deliveries.id")),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("sent_chat_id", BigInteger),
    Column("message_id", BigInteger),
    Column(
        "message_count",
        Integer,
        nullable=False,
        server_default="1",
        comment="an album is several messages in a row",
    ),
    Column("error", Text),
    erasure=EMPTIED,
)
_OPEN = text("state IN ('queued', 'sending')")
Index(
    "ix_outbox_open",
    outbox.c.bot_id,
    outbox.c.lane,
    outbox.c.chat_key,
    outbox.c.id,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_outbox_queue",
    outbox.c.bot_id,
    outbox.c.lane,
    outbox.c.id,
    sqlite_where=text("state = 'queued'"),
    postgresql_where=text("state = 'queued'"),
)
Index(
    "ix_outbox_sending",
    outbox.c.claimed_at,
    sqlite_where=text("state = 'sending'"),
    postgresql_where=text("state = 'sending'"),
)
Index(
    "ix_outbox_unknown",
    outbox.c.id,
    sqlite_where=text("state = 'unknown'"),
    postgresql_where=text("state = 'unknown'"),
)
Index(
    "ix_outbox_coalesce",
    outbox.c.coalesce_key,
    sqlite_where=text("state = 'queued'"),
    postgresql_where=text("state = 'queued'"),
)
Index("ix_outbox_message", outbox.c.bot_id, outbox.c.sent_chat_id, outbox.c.message_id)
Index("ix_outbox_interaction_id", outbox.c.interaction_id)
Index("ix_outbox_customer_id", outbox.c.customer_id)
_BODIED = text("body IS NOT NULL")
Index("ix_outbox_settled_at", outbox.c.settled_at, sqlite_where=_BODIED, postgresql_where=_BODIED)

pauses = _table(
    "pauses",
    Column("bot_id", BigInteger, primary_key=True),
    Column("scope", String(32), primary_key=True, comment="a chat_key, or * for the whole token"),
    Column("until_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    erasure=NOBODYS,
)

audit = _table(
    "audit",
    _id(),
    Column("at", Instant, nullable=False),
    Column("actor_kind", String(8), nullable=False),
    Column("actor_id", Id),
    Column("action", String(32), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    erasure=EMPTIED,
)
Index("ix_audit_subject", audit.c.subject_kind, audit.c.subject_id)

jobs = _table(
    "jobs",
    _id(),
    Column("kind", String(16), nullable=False),
    Column("ref", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, server_default="open", comment="open, done or failed"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("error", Text),
    UniqueConstraint("kind", "ref"),
    erasure=NOBODYS,
)
Index("ix_jobs_due", jobs.c.due_at, sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"))

counters = _table(
    "counters",
    Column("name", String(32), primary_key=True),
    Column("last", BigInteger, nullable=False),
    erasure=NOBODYS,
)

erasures = _table(
    "erasures",
    Column("customer_id", Id, primary_key=True, autoincrement=False),
    Column("erased_at", Instant, nullable=False),
    erasure=NOBODYS,
)

MAY_BE_ONE_CUSTOMERS = tuple(table for table in metadata.sorted_tables if table.info["erasure"] != NOBODYS)
