"""What staff do about cases beside talking: clocks kept and missed, escalations, tasks, causes, ready answers, bans."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Text, text

from storage.columns import Id, Instant
from storage.tables.base import DELETED, EMPTIED, KEPT, NOBODYS, id_column, table

case_tags = table(
    "case_tags",
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True),
    Column("tag", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    erasure=DELETED,
)
Index("ix_case_tags_tag", case_tags.c.tag)

sla_results = table(
    "sla_results",
    id_column(),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False, comment="first_response, next_response or resolution"),
    Column("started_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, comment="where pauses had moved it to when the clock ended"),
    Column("ended_at", Instant, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("worked_s", Integer, nullable=False, comment="working seconds from start to end, pauses left out"),
    Column("priority", String(8), nullable=False),
    Column("tier", String(32), nullable=False),
    Column("member_id", Id, ForeignKey("staff_members.id"), comment="who ended it; empty: the program"),
    erasure=KEPT,
)
Index("ix_sla_results_ended_at", sla_results.c.ended_at)

escalations = table(
    "escalations",
    id_column(),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False, index=True),
    Column("level", Integer, nullable=False, comment="to which level: 1 agent, 2 supervisor, 3 admin"),
    Column("cause", String(16), nullable=False, comment="hand, warning, breach, unanswered, repeat or low_score"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    Column("at", Instant, nullable=False),
    Column("told", JSON, nullable=False, comment="ids of the members of staff who were told by name"),
    Column("answer_due_at", Instant, comment="somebody has to take it by then; empty: nobody is waited for any more"),
    Column("repeats", Integer, nullable=False, server_default="0"),
    Column("taken_by", Id, ForeignKey("staff_members.id")),
    Column("ended_at", Instant),
    Column("ended_as", String(12), comment="taken, passed_on, raised, unanswered, answered, case_ended or joined"),
    erasure=EMPTIED,
)
_WAITS = text("ended_at IS NULL")
Index("uq_escalations_open", escalations.c.case_id, unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS)
_AWAITED = text("answer_due_at IS NOT NULL AND ended_at IS NULL")
Index(
    "ix_escalations_answer_due_at",
    escalations.c.answer_due_at,
    sqlite_where=_AWAITED,
    postgresql_where=_AWAITED,
)

tasks = table(
    "tasks",
    id_column(),
    Column("kind", String(12), nullable=False, comment="promise, check_back, call_back, visit, rhythm or other"),
    Column("customer_id", Id, ForeignKey("customers.id"), index=True),
    Column("case_id", Id, ForeignKey("cases.id"), index=True),
    Column("owner_id", Id, ForeignKey("staff_members.id")),
    Column("text", Text, nullable=False, server_default=""),
    Column("why", JSON(none_as_null=True), comment="the figures behind it, such as a customer's own rhythm"),
    Column("key", Text, unique=True, comment="the same reason makes one task"),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("word_at", Instant, comment="when the customer hears how it stands, before what was promised passes"),
    Column("reminded_at", Instant),
    Column("done_at", Instant),
    Column("done_by", Id, ForeignKey("staff_members.id")),
    Column("outcome", Text, comment="what came of it"),
    Column("cancelled_at", Instant),
    erasure=EMPTIED,
)
_TO_DO = text("done_at IS NULL AND cancelled_at IS NULL")
Index("ix_tasks_due_at", tasks.c.due_at, sqlite_where=_TO_DO, postgresql_where=_TO_DO)
Index("ix_tasks_owner", tasks.c.owner_id, tasks.c.due_at, sqlite_where=_TO_DO, postgresql_where=_TO_DO)

causes = table(
    "causes",
    id_column(),
    Column("name", String(128), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("staff_members.id")),
    Column("action", Text, nullable=False, server_default=""),
    Column("due_on", String(10), comment="ISO 8601, in the business's zone"),
    Column("note", Text, comment="what has changed, as those who complained are told"),
    Column("changed_at", Instant, comment="when it was changed for the better"),
    Column("created_at", Instant, nullable=False),
    erasure=NOBODYS,
)

canned_answers = table(
    "canned_answers",
    id_column(),
    Column("name", String(64), nullable=False, unique=True),
    Column("texts", JSON, nullable=False, comment="by language, with the variables of templates"),
    Column("words", Text, nullable=False, server_default="", comment="further words by which it is found"),
    Column("event", String(12), comment="a macro: what happens to the case besides: resolve, hold or wait"),
    Column("tag", String(64), comment="a macro: the tag it puts on the case"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("changed_at", Instant, nullable=False),
    erasure=NOBODYS,
)

keyword_rules = table(
    "keyword_rules",
    id_column(),
    Column("words", String(128), nullable=False, unique=True, comment="folded, as they are looked for"),
    Column("priority", String(8), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("changed_at", Instant, nullable=False),
    erasure=NOBODYS,
)

bans = table(
    "bans",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    Column("at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("lifted_at", Instant),
    erasure=EMPTIED,
)
_IN_FORCE = text("lifted_at IS NULL")
Index("ix_bans_until_at", bans.c.until_at, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE)

staff_focus = table(
    "staff_focus",
    Column("member_id", Id, ForeignKey("staff_members.id"), primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False, comment="worked on in the private chat"),
    Column("at", Instant, nullable=False),
    erasure=NOBODYS,
)
