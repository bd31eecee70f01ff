"""Cases and how staff see them; feedback."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Text, text

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
    Column("priority", String(8), nullable=False, server_default="normal"),
    Column("priority_why", JSON(none_as_null=True), comment="what raised it, for the card"),
    Column("level", Integer, nullable=False, server_default="1", comment="1 agent, 2 supervisor, 3 admin"),
    Column("next_response_due_at", Instant),
    Column("resolution_due_at", Instant),
    Column("paused_at", Instant, comment="its clocks stand still since then"),
    Column("sla_clocks", JSON(none_as_null=True), comment="by kind: started, target, worked so far, runs since"),
    Column("sla_look_at", Instant, comment="when its clocks are to be looked at next"),
    Column("sla_told", JSON(none_as_null=True), comment="which warnings and breaches were told already"),
    Column("held_until_at", Instant, comment="on hold until then"),
    Column("reopens", Integer, nullable=False, server_default="0"),
    Column("resolutions", Integer, nullable=False, server_default="0", comment="how often it was called solved"),
    Column("resolver_id", Id, ForeignKey("staff_members.id"), comment="who called it solved last"),
    Column("ended_as", String(12), comment="solved, silence, spam or merged"),
    Column("merged_into", Id, ForeignKey("cases.id"), comment="a duplicate of that case"),
    Column("confidential", Boolean, nullable=False, server_default=text("false"), comment="seen by supervisors alone"),
    Column("about_member_id", Id, ForeignKey("staff_members.id"), comment="the member of staff it is about"),
    Column("cause_id", Id, ForeignKey("causes.id"), index=True),
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
_LOOKED_AT = text("sla_look_at IS NOT NULL")
Index("ix_cases_sla_look_at", cases.c.sla_look_at, sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT)
_HELD = text("held_until_at IS NOT NULL")
Index("ix_cases_held_until_at", cases.c.held_until_at, sqlite_where=_HELD, postgresql_where=_HELD)
_NOT_CLOSED = text("closed_at IS NULL")
Index("ix_cases_owner", cases.c.owner_id, cases.c.state, sqlite_where=_NOT_CLOSED, postgresql_where=_NOT_CLOSED)

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
