"""Surveys: definitions with versions, waves, answers one by one; the scores of cases become answers of a survey."""

import json
from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN_FOR_MS = int(timedelta(days=14).total_seconds() * 1000)
_LOW = 2


def upgrade() -> None:
    """Bring the schema and its data forward."""
    _make_tables()
    _widen_responses()
    _carry_scores()
    op.create_index("ix_customer_events_name", "customer_events", ["name", "at"])


def _make_tables() -> None:
    op.create_table(
        "surveys",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column(
            "state",
            sa.String(8),
            server_default="off",
            nullable=False,
            comment="on, off (asks nobody anew) or closed",
        ),
        sa.Column("on_at", sa.BigInteger(), comment="when it was last switched on; what was due before is not asked"),
        sa.Column("version", sa.Integer(), nullable=False, comment="the one that is asked now"),
        sa.Column(
            "shipped", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="came with the program"
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
        sa.UniqueConstraint("key", name=op.f("uq_surveys_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "survey_versions",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("survey_id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="canonical JSON; never changed"),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("by_kind", sa.String(8), nullable=False),
        sa.Column("by_id", _ID),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_survey_versions_survey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_versions")),
        sa.UniqueConstraint("survey_id", "version", name=op.f("uq_survey_versions_survey_id_version")),
        sqlite_autoincrement=True,
    )
    _make_waves()
    _make_answers()


def _make_waves() -> None:
    op.create_table(
        "survey_waves",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("survey", sa.String(24), nullable=False),
        sa.Column("occasion", sa.String(20), nullable=False, comment="the period, or which asking by hand"),
        sa.Column("cause", sa.String(10), nullable=False, comment="schedule or hand"),
        sa.Column("segment", sa.Text(), comment="the expression that says who is meant; empty: everybody"),
        sa.Column("sample_permille", sa.Integer(), server_default="1000", nullable=False),
        sa.Column("seed", sa.String(64), server_default="", nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False, comment="from when on it is planned"),
        sa.Column(
            "on_date",
            sa.String(10),
            comment="the local date on which people are asked; empty: as soon as they may",
        ),
        sa.Column("at", sa.String(5), comment="the local time at which people are asked"),
        sa.Column("late_after_s", sa.BigInteger(), nullable=False),
        sa.Column("after_id", _ID, server_default="0", nullable=False, comment="how far the planning has come"),
        sa.Column("planned_at", sa.BigInteger(), comment="when everybody was planned"),
        sa.Column("stopped_at", sa.BigInteger()),
        sa.Column("by_kind", sa.String(8), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_waves")),
        sa.UniqueConstraint("survey", "occasion", name=op.f("uq_survey_waves_survey_occasion")),
        sqlite_autoincrement=True,
    )
    unplanned = sa.text("planned_at IS NULL")
    op.create_index(
        "ix_survey_waves_unplanned",
        "survey_waves",
        ["starts_at"],
        sqlite_where=unplanned,
        postgresql_where=unplanned,
    )


def _make_answers() -> None:
    op.create_table(
        "survey_answers",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("response_id", _ID, nullable=False),
        sa.Column("question", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("number", sa.BigInteger(), comment="a score, rating or number, times ten to the question's decimals"),
        sa.Column("choices", sa.JSON(), comment="the keys of what was chosen"),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("on_date", sa.String(10)),
        sa.Column("interaction_id", _ID, comment="the message that answered"),
        sa.Column("skipped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "counts",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="it lies on the path now taken",
        ),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), comment="when another answer took its place"),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name=op.f("fk_survey_answers_interaction_id")),
        sa.ForeignKeyConstraint(["response_id"], ["survey_responses.id"], name=op.f("fk_survey_answers_response_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_survey_answers_interaction_id", "survey_answers", ["interaction_id"])
    op.create_index("ix_survey_answers_response_id", "survey_answers", ["response_id"])
    stands = sa.text("replaced_at IS NULL")
    op.create_index(
        "uq_survey_answers_standing",
        "survey_answers",
        ["response_id", "question"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )


def _widen_responses() -> None:
    for column in (
        sa.Column(
            "state",
            sa.String(8),
            server_default="open",
            nullable=False,
            comment="open, finished, stopped or expired",
        ),
        sa.Column("step", sa.String(32), comment="the question gone back to"),
        sa.Column("picked", sa.JSON(), comment="what is chosen so far of the question it stands at"),
        sa.Column(
            "cause",
            sa.String(10),
            server_default="case",
            nullable=False,
            comment="case, purchase, event, schedule, hand",
        ),
        sa.Column("campaign", sa.String(32), comment="the campaign it belongs to"),
        sa.Column("language", sa.String(8), server_default="", nullable=False, comment="in which it was asked"),
        sa.Column("tier", sa.String(32), server_default="", nullable=False, comment="of its customer when asked"),
        sa.Column("low_at", sa.BigInteger(), comment="when an answer was low"),
        sa.Column("remind_at", sa.BigInteger(), comment="when to remind, once"),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger(), comment="when it was finished, stopped or expired"),
    ):
        op.add_column("survey_responses", column)
    _refer("purchase_id", "purchases")
    _refer("delivery_id", "deliveries", "the message that asked, when unasked")
    _refer("opened_case_id", "cases", "the case that a low answer opened")
    op.create_index("ix_survey_responses_asked", "survey_responses", ["survey", "asked_at"])
    for name in ("delivery_id", "opened_case_id", "purchase_id"):
        op.create_index(f"ix_survey_responses_{name}", "survey_responses", [name])
    is_open = sa.text("state = 'open'")
    for name, when in (("remind", "remind_at"), ("expire", "expires_at")):
        op.create_index(
            f"ix_survey_responses_{name}",
            "survey_responses",
            [when],
            sqlite_where=is_open,
            postgresql_where=is_open,
        )
    _comment("case_id", "the case it is about")
    _comment("occasion", "what it is about: which resolution, purchase, wave")
    _comment("score", "the answer to the question by which the survey is scored")
    _comment("text", "words kept before answers had rows of their own")
    _comment("answered_at", "when the first answer came")


def _refer(column: str, target: str, comment: str | None = None) -> None:
    """Add a column that refers to another table, in place: rebuilding the table would break what refers to it."""
    whole_number = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE survey_responses ADD COLUMN {column} {whole_number} "
        f"CONSTRAINT fk_survey_responses_{column} REFERENCES {target} (id)"
    )
    if comment:
        _comment(column, comment)


def _comment(column: str, comment: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"COMMENT ON COLUMN survey_responses.{column} IS '{comment}'")


_FIRST = {
    "key": "after_case",
    "title": {"en": "After a case", "zh_CN": "问题解决之后", "zh_TW": "問題解決之後"},
    "questions": [
        {
            "key": "csat",
            "kind": "csat",
            "text": {
                "en": "How content are you with how we handled it?",
                "zh_CN": "您对这次处理满意吗？",
                "zh_TW": "您對這次處理滿意嗎？",
            },
        },
        {
            "key": "words",
            "kind": "text",
            "text": {
                "en": "Would you like to tell us more?",
                "zh_CN": "还有什么想告诉我们的吗？",
                "zh_TW": "還有什麼想告訴我們的嗎？",
            },
        },
    ],
    "when": {"after_case": "any"},
}


def _carry_scores() -> None:
    """Let the scores of cases be answers to the first version of the survey about cases."""
    bind = op.get_bind()
    op.execute("UPDATE deliveries SET campaign = 'survey:after_case' WHERE campaign = 'csat'")
    op.execute("UPDATE dialogues SET name = 'survey', step = 'csat' WHERE name = 'score' AND step = 'score'")
    op.execute("UPDATE dialogues SET name = 'survey' WHERE name = 'score'")
    first = bind.execute(sa.text("SELECT min(asked_at) FROM survey_responses WHERE survey = 'csat'")).scalar()
    if first is None:
        return
    document = json.dumps(_FIRST, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    bind.execute(
        sa.text(
            "INSERT INTO surveys (key, state, on_at, version, shipped, created_at, changed_at) "
            "VALUES ('after_case', 'on', :at, 1, true, :at, :at)"
        ),
        {"at": first},
    )
    bind.execute(
        sa.text(
            "INSERT INTO survey_versions (survey_id, version, document, added_at, by_kind) "
            "SELECT id, 1, :document, :at, 'system' FROM surveys WHERE key = 'after_case'"
        ),
        {"document": document, "at": first},
    )
    op.execute(
        "INSERT INTO survey_answers (response_id, question, kind, number, text, answered_at) "
        "SELECT id, 'csat', 'csat', score, '', answered_at FROM survey_responses "
        "WHERE survey = 'csat' AND score IS NOT NULL AND answered_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO survey_answers (response_id, question, kind, text, answered_at) "
        "SELECT id, 'words', 'text', text, answered_at FROM survey_responses "
        "WHERE survey = 'csat' AND text <> '' AND answered_at IS NOT NULL"
    )
    mine = "WHERE customers.id = survey_responses.customer_id"
    op.execute(
        "UPDATE survey_responses SET survey = 'after_case', text = '', "
        "state = CASE WHEN finished_at IS NULL THEN 'open' ELSE 'finished' END, ended_at = finished_at, "
        f"expires_at = asked_at + {_OPEN_FOR_MS}, "
        f"low_at = CASE WHEN score <= {_LOW} THEN answered_at END, "
        f"language = (SELECT customers.language FROM customers {mine}), "
        f"tier = (SELECT customers.tier FROM customers {mine}), "
        "delivery_id = (SELECT deliveries.id FROM deliveries WHERE deliveries.campaign = 'survey:after_case' "
        "AND deliveries.occasion = survey_responses.occasion "
        "AND deliveries.customer_id = survey_responses.customer_id) "
        "WHERE survey = 'csat'"
    )
