"""Cases and how staff see them; feedback."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Text, text

from storage.columns import Id, Instant
from storage.tables.base import EMPTIED, NOBODYS, id_column, table

cases = table(
    "cases",
    id_column(),
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

topics = table(
    "topics",
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("staff_group_id", Id, ForeignKey("staff_groups.id"), nullable=False),
    Column("thread_id", BigInteger, comment="empty in a plain group"),
    Column("card_message_id", BigInteger),
    erasure=NOBODYS,
)
Index("ix_topics_thread", topics.c.staff_group_id, topics.c.thread_id)

feedback = table(
    "feedback",
    id_column(),
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

feedback_words = table(
    "feedback_words",
    Column("feedback_id", Id, ForeignKey("feedback.id"), primary_key=True),
    Column("interaction_id", Id, ForeignKey("interactions.id"), primary_key=True),
    erasure=NOBODYS,
)
