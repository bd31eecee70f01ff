"""The staff desk: clocks, priorities, escalations, tasks, causes, ready answers, surveys of cases, bans."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema and its data forward."""
    _make_tables()
    _widen_cases()
    _widen_people()
    _carry_cases()


def _refer(table: str, column: str, target: str, comment: str | None = None) -> None:
    """Add a column that refers to another table, in place: rebuilding the table would break what refers to it."""
    whole_number = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {whole_number} "
        f"CONSTRAINT fk_{table}_{column} REFERENCES {target} (id)"
    )
    if comment and op.get_bind().dialect.name == "postgresql":
        op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")


def _widen_cases() -> None:
    for column in (
        sa.Column("priority", sa.String(8), nullable=False, server_default="normal"),
        sa.Column("priority_why", sa.JSON(), comment="what raised it, for the card"),
        sa.Column("level", sa.Integer(), nullable=False, server_default="1", comment="1 agent, 2 supervisor, 3 admin"),
        sa.Column("next_response_due_at", sa.BigInteger()),
        sa.Column("resolution_due_at", sa.BigInteger()),
        sa.Column("paused_at", sa.BigInteger(), comment="its clocks stand still since then"),
        sa.Column("sla_clocks", sa.JSON(), comment="by kind: started, target, worked so far, runs since"),
        sa.Column("sla_look_at", sa.BigInteger(), comment="when its clocks are to be looked at next"),
        sa.Column("sla_told", sa.JSON(), comment="which warnings and breaches were told already"),
        sa.Column("held_until_at", sa.BigInteger(), comment="on hold until then"),
        sa.Column("reopens", sa.Integer(), nullable=False, server_default="0"),
        sa.Column(
            "resolutions", sa.Integer(), nullable=False, server_default="0", comment="how often it was called solved"
        ),
        sa.Column("ended_as", sa.String(12), comment="solved, silence, spam or merged"),
        sa.Column(
            "confidential",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="seen by supervisors alone",
        ),
    ):
        op.add_column("cases", column)
    _refer("cases", "resolver_id", "staff_members", "who called it solved last")
    _refer("cases", "merged_into", "cases", "a duplicate of that case")
    _refer("cases", "about_member_id", "staff_members", "the member of staff it is about")
    _refer("cases", "cause_id", "causes")
    op.create_index("ix_cases_cause_id", "cases", ["cause_id"])
    for name, columns, where in (
        ("ix_cases_sla_look_at", ["sla_look_at"], "sla_look_at IS NOT NULL"),
        ("ix_cases_held_until_at", ["held_until_at"], "held_until_at IS NOT NULL"),
        ("ix_cases_owner", ["owner_id", "state"], "closed_at IS NULL"),
    ):
        op.create_index(name, "cases", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _widen_people() -> None:
    banned = "what is written until then is kept, and passed on to nobody"
    slowed = "when this person was last asked to write more slowly"
    op.add_column("contact_points", sa.Column("banned_until_at", sa.BigInteger(), comment=banned))
    op.add_column("contact_points", sa.Column("slowed_at", sa.BigInteger(), comment=slowed))
    takes = "which cases: branches, aspects, tiers, languages; empty: all"
    op.add_column("staff_groups", sa.Column("takes", sa.JSON(), comment=takes))
    lag = "when the group last read how far it lags behind"
    op.add_column("staff_groups", sa.Column("lag_told_at", sa.BigInteger(), comment=lag))
    op.add_column("staff_groups", sa.Column("lag_message_id", sa.BigInteger(), comment="the message that says so"))
    for column in (
        sa.Column(
            "reach",
            sa.String(12),
            nullable=False,
            server_default="unknown",
            comment="of the private chat with the bot",
        ),
        sa.Column("absent_since_at", sa.BigInteger()),
        sa.Column("absent_until_at", sa.BigInteger(), comment="empty while absent: until this person is back"),
        sa.Column("assigned_at", sa.BigInteger(), comment="when a case was last given to this person in turn"),
        sa.Column(
            "works_privately",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="own cases come here too",
        ),
        sa.Column("username", sa.Text(), comment="the Telegram name, as last seen"),
    ):
        op.add_column("staff_members", column)


def _carry_cases() -> None:
    """Tell from the audit how often cases were solved and taken up again, by whom, and how they ended."""
    done = "FROM audit WHERE audit.subject_kind = 'case' AND audit.subject_id = cases.id AND audit.action"
    op.execute(f"UPDATE cases SET resolutions = (SELECT count(*) {done} = 'case.resolve')")
    op.execute(f"UPDATE cases SET reopens = (SELECT count(*) {done} = 'case.reopen')")
    newest = f"(SELECT max(audit.id) {done} = 'case.resolve' AND audit.actor_kind = 'staff')"
    op.execute(
        "UPDATE cases SET resolver_id = (SELECT staff_members.id FROM audit "
        f"JOIN staff_members ON staff_members.id = audit.actor_id WHERE audit.id = {newest})"
    )
    silent = f"EXISTS (SELECT 1 {done} = 'case.close' AND audit.actor_kind = 'system')"
    op.execute(
        f"UPDATE cases SET ended_as = CASE WHEN {silent} THEN 'silence' ELSE 'solved' END WHERE closed_at IS NOT NULL"
    )
    op.execute(
        "UPDATE cases SET sla_look_at = first_response_due_at "
        "WHERE first_response_at IS NULL AND state IN ('new', 'open', 'waiting', 'on_hold')"
    )


def _make_tables() -> None:
    op.create_table(
        "canned_answers",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False, comment="by language, with the variables of templates"),
        sa.Column("words", sa.Text(), server_default="", nullable=False, comment="further words by which it is found"),
        sa.Column(
            "event", sa.String(length=12), comment="a macro: what happens to the case besides: resolve, hold or wait"
        ),
        sa.Column("tag", sa.String(length=64), comment="a macro: the tag it puts on the case"),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_answers")),
        sa.UniqueConstraint("name", name=op.f("uq_canned_answers_name")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "keyword_rules",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("words", sa.String(length=128), nullable=False, comment="folded, as they are looked for"),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyword_rules")),
        sa.UniqueConstraint("words", name=op.f("uq_keyword_rules_words")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "causes",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("owner_id", _ID),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("due_on", sa.String(length=10), comment="ISO 8601, in the business's zone"),
        sa.Column("note", sa.Text(), comment="what has changed, as those who complained are told"),
        sa.Column("changed_at", sa.BigInteger(), comment="when it was changed for the better"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["staff_members.id"], name=op.f("fk_causes_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_causes")),
        sa.UniqueConstraint("name", name=op.f("uq_causes_name")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bans",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("customer_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_bans_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bans")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bans_customer_id", "bans", ["customer_id"])
    op.create_index(
        "ix_bans_until_at",
        "bans",
        ["until_at"],
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )

    op.create_table(
        "case_tags",
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tags_case_id")),
        sa.PrimaryKeyConstraint("case_id", "tag", name=op.f("pk_case_tags")),
        info={"erasure": "deleted"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_tags_tag", "case_tags", ["tag"])

    op.create_table(
        "escalations",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False, comment="to which level: 1 agent, 2 supervisor, 3 admin"),
        sa.Column(
            "cause",
            sa.String(length=16),
            nullable=False,
            comment="hand, warning, breach, unanswered, repeat or low_score",
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False, comment="ids of the members of staff who were told by name"),
        sa.Column(
            "answer_due_at",
            sa.BigInteger(),
            comment="somebody has to take it by then; empty: nobody is waited for any more",
        ),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken_by", _ID),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column(
            "ended_as",
            sa.String(length=12),
            comment="taken, passed_on, raised, unanswered, answered, case_ended or joined",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_escalations_case_id")),
        sa.ForeignKeyConstraint(["taken_by"], ["staff_members.id"], name=op.f("fk_escalations_taken_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_escalations_answer_due_at",
        "escalations",
        ["answer_due_at"],
        sqlite_where=sa.text("answer_due_at IS NOT NULL AND ended_at IS NULL"),
        postgresql_where=sa.text("answer_due_at IS NOT NULL AND ended_at IS NULL"),
    )
    op.create_index("ix_escalations_case_id", "escalations", ["case_id"])
    op.create_index(
        "uq_escalations_open",
        "escalations",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "sla_results",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="first_response, next_response or resolution"),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=False, comment="where pauses had moved it to when the clock ended"
        ),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column(
            "worked_s", sa.Integer(), nullable=False, comment="working seconds from start to end, pauses left out"
        ),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("member_id", _ID, comment="who ended it; empty: the program"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_sla_results_case_id")),
        sa.ForeignKeyConstraint(["member_id"], ["staff_members.id"], name=op.f("fk_sla_results_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_results")),
        info={"erasure": "kept"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sla_results_case_id", "sla_results", ["case_id"])
    op.create_index("ix_sla_results_ended_at", "sla_results", ["ended_at"])

    op.create_table(
        "staff_focus",
        sa.Column("member_id", _ID, autoincrement=False, nullable=False),
        sa.Column("case_id", _ID, nullable=False, comment="worked on in the private chat"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_staff_focus_case_id")),
        sa.ForeignKeyConstraint(["member_id"], ["staff_members.id"], name=op.f("fk_staff_focus_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_staff_focus")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "survey_responses",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("survey", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "occasion", sa.String(length=32), nullable=False, comment="what it is about: which resolution of a case"
        ),
        sa.Column("customer_id", _ID, nullable=False),
        sa.Column("case_id", _ID),
        sa.Column("member_id", _ID, comment="whom it is credited to"),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_survey_responses_case_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_survey_responses_customer_id")),
        sa.ForeignKeyConstraint(["member_id"], ["staff_members.id"], name=op.f("fk_survey_responses_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_responses")),
        sa.UniqueConstraint("survey", "occasion", name=op.f("uq_survey_responses_survey_occasion")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_survey_responses_answered_at", "survey_responses", ["answered_at"])
    op.create_index("ix_survey_responses_case_id", "survey_responses", ["case_id"])
    op.create_index("ix_survey_responses_customer_id", "survey_responses", ["customer_id"])

    op.create_table(
        "tasks",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.String(length=12),
            nullable=False,
            comment="promise, check_back, call_back, visit, rhythm or other",
        ),
        sa.Column("customer_id", _ID),
        sa.Column("case_id", _ID),
        sa.Column("owner_id", _ID),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.JSON(), comment="the figures behind it, such as a customer's own rhythm"),
        sa.Column("key", sa.Text(), comment="the same reason makes one task"),
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "word_at", sa.BigInteger(), comment="when the customer hears how it stands, before what was promised passes"
        ),
        sa.Column("reminded_at", sa.BigInteger()),
        sa.Column("done_at", sa.BigInteger()),
        sa.Column("done_by", _ID),
        sa.Column("outcome", sa.Text(), comment="what came of it"),
        sa.Column("cancelled_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_tasks_case_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_tasks_customer_id")),
        sa.ForeignKeyConstraint(["done_by"], ["staff_members.id"], name=op.f("fk_tasks_done_by")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff_members.id"], name=op.f("fk_tasks_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("key", name=op.f("uq_tasks_key")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_case_id", "tasks", ["case_id"])
    op.create_index("ix_tasks_customer_id", "tasks", ["customer_id"])
    op.create_index(
        "ix_tasks_due_at",
        "tasks",
        ["due_at"],
        sqlite_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )
    op.create_index(
        "ix_tasks_owner",
        "tasks",
        ["owner_id", "due_at"],
        sqlite_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
    )
