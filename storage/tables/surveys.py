"""Surveys: their versions, whom they are asked, what was answered. A changed answer is a new row beside the old."""

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
from storage.tables.base import EMPTIED, NOBODYS, id_column, table

surveys = table(
    "surveys",
    id_column(),
    Column("key", String(24), nullable=False, unique=True),
    Column("state", String(8), nullable=False, server_default="off", comment="on, off (asks nobody anew) or closed"),
    Column("on_at", Instant, comment="when it was last switched on; what was due before is not asked"),
    Column("version", Integer, nullable=False, comment="the one that is asked now"),
    Column("shipped", Boolean, nullable=False, server_default=text("false"), comment="came with the program"),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    erasure=NOBODYS,
)

survey_versions = table(
    "survey_versions",
    id_column(),
    Column("survey_id", Id, ForeignKey("surveys.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False, comment="canonical JSON; never changed"),
    Column("added_at", Instant, nullable=False),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    UniqueConstraint("survey_id", "version"),
    erasure=NOBODYS,
)

survey_waves = table(
    "survey_waves",
    id_column(),
    Column("survey", String(24), nullable=False),
    Column("occasion", String(20), nullable=False, comment="the period, or which asking by hand"),
    Column("cause", String(10), nullable=False, comment="schedule or hand"),
    Column("segment", Text, comment="the expression that says who is meant; empty: everybody"),
    Column("sample_permille", Integer, nullable=False, server_default="1000"),
    Column("seed", String(64), nullable=False, server_default=""),
    Column("starts_at", Instant, nullable=False, comment="from when on it is planned"),
    Column("on_date", String(10), comment="the local date on which people are asked; empty: as soon as they may"),
    Column("at", String(5), comment="the local time at which people are asked"),
    Column("late_after_s", BigInteger, nullable=False),
    Column("after_id", Id, nullable=False, server_default="0", comment="how far the planning has come"),
    Column("planned_at", Instant, comment="when everybody was planned"),
    Column("stopped_at", Instant),
    Column("by_kind", String(8), nullable=False),
    Column("by_id", Id),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("survey", "occasion"),
    erasure=NOBODYS,
)
_UNPLANNED = text("planned_at IS NULL")
Index("ix_survey_waves_unplanned", survey_waves.c.starts_at, sqlite_where=_UNPLANNED, postgresql_where=_UNPLANNED)

survey_responses = table(
    "survey_responses",
    id_column(),
    Column("survey", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("occasion", String(32), nullable=False, comment="what it is about: which resolution, purchase, wave"),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("case_id", Id, ForeignKey("cases.id"), index=True, comment="the case it is about"),
    Column("member_id", Id, ForeignKey("staff_members.id"), comment="whom it is credited to"),
    Column("asked_at", Instant, nullable=False),
    Column("score", Integer, comment="the answer to the question by which the survey is scored"),
    Column("text", Text, nullable=False, server_default="", comment="words kept before answers had rows of their own"),
    Column("answered_at", Instant, comment="when the first answer came"),
    Column("finished_at", Instant),
    Column("state", String(8), nullable=False, server_default="open", comment="open, finished, stopped or expired"),
    Column("step", String(32), comment="the question gone back to"),
    Column("picked", JSON(none_as_null=True), comment="what is chosen so far of the question it stands at"),
    Column("cause", String(10), nullable=False, server_default="case", comment="case, purchase, event, schedule, hand"),
    Column("campaign", String(32), comment="the campaign it belongs to"),
    Column("language", String(8), nullable=False, server_default="", comment="in which it was asked"),
    Column("tier", String(32), nullable=False, server_default="", comment="of its customer when asked"),
    Column("purchase_id", Id, ForeignKey("purchases.id"), index=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), index=True, comment="the message that asked, when unasked"),
    Column("opened_case_id", Id, ForeignKey("cases.id"), index=True, comment="the case that a low answer opened"),
    Column("low_at", Instant, comment="when an answer was low"),
    Column("remind_at", Instant, comment="when to remind, once"),
    Column("expires_at", Instant),
    Column("ended_at", Instant, comment="when it was finished, stopped or expired"),
    UniqueConstraint("survey", "occasion"),
    erasure=EMPTIED,
)
Index("ix_survey_responses_answered_at", survey_responses.c.answered_at)
Index("ix_survey_responses_asked", survey_responses.c.survey, survey_responses.c.asked_at)
_OPEN = text("state = 'open'")
Index("ix_survey_responses_remind", survey_responses.c.remind_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_survey_responses_expire", survey_responses.c.expires_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

survey_answers = table(
    "survey_answers",
    id_column(),
    Column("response_id", Id, ForeignKey("survey_responses.id"), nullable=False, index=True),
    Column("question", String(32), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("number", BigInteger, comment="a score, rating or number, times ten to the question's decimals"),
    Column("choices", JSON(none_as_null=True), comment="the keys of what was chosen"),
    Column("text", Text, nullable=False, server_default=""),
    Column("on_date", String(10)),
    Column("interaction_id", Id, ForeignKey("interactions.id"), index=True, comment="the message that answered"),
    Column("skipped", Boolean, nullable=False, server_default=text("false")),
    Column("counts", Boolean, nullable=False, server_default=text("true"), comment="it lies on the path now taken"),
    Column("answered_at", Instant, nullable=False),
    Column("replaced_at", Instant, comment="when another answer took its place"),
    erasure=EMPTIED,
)
_STANDS = text("replaced_at IS NULL")
Index(
    "uq_survey_answers_standing",
    survey_answers.c.response_id,
    survey_answers.c.question,
    unique=True,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)
