"""The customer record, the points ledger, tiers, rewards, notices, segments, the REST API."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_SLICE = 5000


def upgrade() -> None:
    """Bring the schema and its data forward."""
    _widen_customers()
    _widen_deliveries()
    _make_tables()
    _give_codes()
    # A zone without a source was told by the person in the chat, or came with the import of their record.
    told = "CASE WHEN source_key IS NULL THEN 'asked' ELSE 'import' END"
    op.execute(f"UPDATE customers SET zone_source = {told} WHERE zone IS NOT NULL")


def _widen_customers() -> None:
    """Add columns in place: rebuilding the table would break the rows that refer to it."""
    for column in (
        sa.Column("zone_source", sa.String(8), comment="who said so: asked, city, phone, import, staff or api"),
        sa.Column("call_name", sa.Text(), comment="how this person likes to be addressed"),
        sa.Column("phone", sa.String(20), comment="E.164; a family may share one"),
        sa.Column("phone_proved_at", sa.BigInteger(), comment="when Telegram said that the number is this person's"),
        sa.Column("birth_calendar", sa.String(5), nullable=False, server_default="solar", comment="solar or lunar"),
        sa.Column(
            "birth_leap", sa.Boolean(), nullable=False, server_default=sa.text("false"), comment="born in a leap month"
        ),
        sa.Column("preferences", sa.Text(), comment="what is good to know, in plain words"),
        sa.Column("custom", sa.JSON(), comment="values of the fields declared in the settings"),
        sa.Column(
            "code", sa.String(12), nullable=False, server_default="", comment="public: member number, referral link"
        ),
        sa.Column("tier", sa.String(32), nullable=False, server_default="new"),
        sa.Column("tier_since_at", sa.BigInteger()),
        sa.Column("tier_review_at", sa.BigInteger(), comment="the tier is kept until then, whatever is spent"),
        sa.Column("lost_at", sa.BigInteger()),
        sa.Column("lost_reason", sa.String(24)),
    ):
        op.add_column("customers", column)
    whole_number = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    references = (
        ("owner_id", "staff_members", "who looks after this person"),
        ("merged_into", "customers", "this record was a duplicate of that one"),
    )
    for name, target, comment in references:
        op.execute(
            f"ALTER TABLE customers ADD COLUMN {name} {whole_number} "
            f"CONSTRAINT fk_customers_{name} REFERENCES {target} (id)"
        )
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"COMMENT ON COLUMN customers.{name} IS '{comment}'")
    op.create_index("ix_customers_owner_id", "customers", ["owner_id"])
    op.create_index("ix_customers_phone", "customers", ["phone"])
    reviewed = sa.text("tier_review_at IS NOT NULL")
    op.create_index(
        "ix_customers_tier_review_at",
        "customers",
        ["tier_review_at"],
        sqlite_where=reviewed,
        postgresql_where=reviewed,
    )
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_customers_merged_into", "customers", ["merged_into"], sqlite_where=merged, postgresql_where=merged
    )
    op.execute("UPDATE customers SET zone_source = 'asked' WHERE zone IS NOT NULL")


def _widen_deliveries() -> None:
    op.add_column(
        "deliveries",
        sa.Column(
            "consent", sa.String(12), nullable=False, server_default="care", comment="the class of consent it needs"
        ),
    )
    op.add_column(
        "deliveries",
        sa.Column(
            "queued_at",
            sa.BigInteger(),
            comment="when it was handed to the outbox: it counts in the contact budget from then",
        ),
    )
    op.execute(
        "UPDATE deliveries SET queued_at = "
        "(SELECT min(outbox.created_at) FROM outbox WHERE outbox.delivery_id = deliveries.id)"
    )
    op.create_index("ix_deliveries_customer_queued", "deliveries", ["customer_id", "queued_at"])


def _give_codes() -> None:
    """Give every customer a public code."""
    bind = op.get_bind()
    customers = sa.table("customers", sa.column("id"), sa.column("code"))
    give = customers.update().where(customers.c.id == sa.bindparam("of")).values(code=sa.bindparam("given"))
    while ids := list(bind.execute(sa.select(customers.c.id).where(customers.c.code == "").limit(_SLICE)).scalars()):
        codes = ["".join(secrets.choice(_SIGNS) for _ in range(10)) for _ in ids]
        bind.execute(give, [{"of": one, "given": code} for one, code in zip(ids, codes, strict=True)])
    op.create_index("uq_customers_code", "customers", ["code"], unique=True)
    op.create_index("ix_customers_created_at", "customers", ["created_at"])
    op.create_index("ix_audit_at", "audit", ["at", "customer_id"])


def _make_tables() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column(
            "prefix", sa.String(length=16), nullable=False, comment="the key's first letters, by which it is found"
        ),
        sa.Column(
            "key_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256; the key itself is shown once and not kept",
        ),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of the file and how it was read"
        ),
        sa.Column("lines_done", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
        sa.UniqueConstraint("kind", "fingerprint", name=op.f("uq_import_runs_kind_fingerprint")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "segments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("name", name=op.f("uq_segments_name")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="what deliveries are signed with"),
        sa.Column("kinds", sa.JSON(), nullable=False, comment="the kinds of event it wants; empty: all"),
        sa.Column("active", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column(
            "allow_private",
            sa.Boolean(),
            server_default=sa.text("(false)"),
            nullable=False,
            comment="may be in our own network",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="in a row; none since it last answered",
        ),
        sa.Column("failing_since_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "not_before_at", sa.BigInteger(), nullable=True, comment="it failed: nothing is sent to it until then"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_answers",
        sa.Column("api_key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False, comment="SHA-256 of method, path and body"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_api_answers_api_key_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_api_answers_customer_id")),
        sa.PrimaryKeyConstraint("api_key_id", "idempotency_key", name=op.f("pk_api_answers")),
        info={"erasure": "deleted"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_answers_at", "api_answers", ["at"], unique=False)
    op.create_index(op.f("ix_api_answers_customer_id"), "api_answers", ["customer_id"], unique=False)
    op.create_table(
        "customer_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_events_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_events")),
        sa.UniqueConstraint("source_key", name=op.f("uq_customer_events_source_key")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_customer_events_customer", "customer_events", ["customer_id", "at"], unique=False)
    op.create_table(
        "customer_tags",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_tags_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "tag", name=op.f("pk_customer_tags")),
        info={"erasure": "deleted"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_customer_tags_tag", "customer_tags", ["tag"], unique=False)
    op.create_table(
        "files",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "kind",
            sa.String(length=16),
            nullable=False,
            comment="what is made: a voucher's QR code, a statement, mydata",
        ),
        sa.Column(
            "recipe", sa.JSON(none_as_null=True), nullable=True, comment="what it is made from, and where it is sent"
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=True, comment="the same wish is made and sent once"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_files_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_files_dedupe_key")),
        info={"erasure": "deleted"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_files_customer_id"), "files", ["customer_id"], unique=False)
    op.create_index(
        "ix_files_wanted_at",
        "files",
        ["wanted_at"],
        unique=False,
        sqlite_where=sa.text("recipe IS NOT NULL"),
        postgresql_where=sa.text("recipe IS NOT NULL"),
    )
    op.create_table(
        "link_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False, comment="SHA-256; the code itself is not kept"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_link_codes_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_link_codes_code_hash")),
        info={"erasure": "deleted"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_link_codes_customer_id"), "link_codes", ["customer_id"], unique=False)
    op.create_table(
        "point_accounts",
        sa.Column(
            "customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "settled_at", sa.BigInteger(), nullable=False, comment="debts are paid by what became available until then"
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_point_accounts_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_point_accounts")),
        info={"erasure": "kept"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "purchases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the key of the sale where it was made"),
        sa.Column("bought_at", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("items", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_purchases_branch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_purchases_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("source_key", name=op.f("uq_purchases_source_key")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_purchases_customer", "purchases", ["customer_id", "bought_at"], unique=False)
    op.create_index("ix_purchases_bought_at", "purchases", ["bought_at"], unique=False)
    op.create_index("ix_purchases_noted_at", "purchases", ["noted_at", "customer_id"], unique=False)
    op.create_table(
        "referrals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("referrer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("referred_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("rewarded_at", sa.BigInteger(), nullable=True),
        sa.Column("void_reason", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["referred_id"], ["customers.id"], name=op.f("fk_referrals_referred_id")),
        sa.ForeignKeyConstraint(["referrer_id"], ["customers.id"], name=op.f("fk_referrals_referrer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint("referred_id", name=op.f("uq_referrals_referred_id")),
        info={"erasure": "deleted"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_referrals_referrer_id"), "referrals", ["referrer_id"], unique=False)
    op.create_table(
        "tier_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(length=32), nullable=False),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=8), nullable=False, comment="upgrade, review, manual or merge"),
        sa.Column("spend_minor", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(length=8), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_tier_changes_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_changes")),
        info={"erasure": "kept"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tier_changes_customer_id"), "tier_changes", ["customer_id"], unique=False)
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_webhook_events_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_events_at", "webhook_events", ["at"], unique=False)
    op.create_index(op.f("ix_webhook_events_customer_id"), "webhook_events", ["customer_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=12),
            nullable=False,
            comment="earned, expiring, tier_up, tier_down, tier_review, statement",
        ),
        sa.Column("key", sa.Text(), nullable=False, comment="what it is about; told once"),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ready_at", sa.BigInteger(), nullable=False),
        sa.Column("stale_at", sa.BigInteger(), nullable=False, comment="not told any more after this"),
        sa.Column(
            "state", sa.String(length=8), server_default="waiting", nullable=False, comment="waiting, told or dropped"
        ),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column(
            "delivery_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the message that told it",
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_notices_customer_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_notices_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_notices_customer_id"), "notices", ["customer_id"], unique=False)
    op.create_index(op.f("ix_notices_delivery_id"), "notices", ["delivery_id"], unique=False)
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["ready_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("purchase_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.id"], name=op.f("fk_refunds_purchase_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("source_key", name=op.f("uq_refunds_source_key")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_refunds_purchase_id"), "refunds", ["purchase_id"], unique=False)
    op.create_table(
        "rewards",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("price_points", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True, comment="how many are left; empty: never runs out"),
        sa.Column("valid_from_at", sa.BigInteger(), nullable=True),
        sa.Column("valid_until_at", sa.BigInteger(), nullable=True),
        sa.Column("voucher_days", sa.Integer(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False, comment="name and terms by language"),
        sa.Column("picture_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.ForeignKeyConstraint(["picture_id"], ["files.id"], name=op.f("fk_rewards_picture_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rewards")),
        sa.UniqueConstraint("key", name=op.f("uq_rewards_key")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False, comment="open, sent or failed"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "queued_at",
            sa.BigInteger(),
            nullable=False,
            comment="given up some days after this; replaying begins anew",
        ),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="the last HTTP status"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_deliveries_endpoint_id")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["webhook_events.id"], name=op.f("fk_webhook_deliveries_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("event_id", "endpoint_id", name=op.f("uq_webhook_deliveries_event_id_endpoint_id")),
        info={"erasure": "nobodys"},
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_webhook_deliveries_open",
        "webhook_deliveries",
        ["endpoint_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "asked", sa.JSON(none_as_null=True), nullable=True, comment="what is done once a second person agrees"
        ),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.String(length=8),
            server_default="open",
            nullable=False,
            comment="open, agreed, refused or expired",
        ),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["staff_members.id"], name=op.f("fk_approvals_asked_by")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_approvals_case_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_approvals_customer_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff_members.id"], name=op.f("fk_approvals_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_approvals_customer_id"), "approvals", ["customer_id"], unique=False)
    op.create_index(
        "ix_approvals_expires_at",
        "approvals",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "point_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False, comment="signed"),
        sa.Column(
            "uncovered",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="a debt still unpaid; cache of uses",
        ),
        sa.Column(
            "forgiven", sa.BigInteger(), server_default="0", nullable=False, comment="asked back but not there to take"
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the same key is never booked twice"),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column(
            "working", sa.JSON(none_as_null=True), nullable=True, comment="how the points were reckoned, line by line"
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.String(length=8), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purchase_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_point_entries_case_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_point_entries_customer_id")),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.id"], name=op.f("fk_point_entries_purchase_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["point_entries.id"], name=op.f("fk_point_entries_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_entries")),
        sa.UniqueConstraint("source_key", name=op.f("uq_point_entries_source_key")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_point_entries_customer", "point_entries", ["customer_id", "id"], unique=False)
    op.create_index("ix_point_entries_customer_at", "point_entries", ["customer_id", "at"], unique=False)
    op.create_index(
        "ix_point_entries_owed",
        "point_entries",
        ["customer_id"],
        unique=False,
        sqlite_where=sa.text("uncovered > 0"),
        postgresql_where=sa.text("uncovered > 0"),
    )
    op.create_index(op.f("ix_point_entries_purchase_id"), "point_entries", ["purchase_id"], unique=False)
    op.create_index(op.f("ix_point_entries_reverses_id"), "point_entries", ["reverses_id"], unique=False)
    op.create_table(
        "point_lots",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False, comment="points less what was used; cache of uses"),
        sa.Column(
            "available_at",
            sa.BigInteger(),
            nullable=True,
            comment="pending until then; empty: until what it awaits has happened",
        ),
        sa.Column("awaits", sa.Text(), nullable=True, comment="the event a pending lot waits for"),
        sa.Column("expires_at", sa.BigInteger(), nullable=True, comment="not spendable from then on; empty: never"),
        sa.Column(
            "lasts_s",
            sa.BigInteger(),
            nullable=True,
            comment="how long an awaited lot is good, from when it is available",
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_point_lots_customer_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["point_entries.id"], name=op.f("fk_point_lots_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_lots")),
        info={"erasure": "kept"},
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_point_lots_awaits",
        "point_lots",
        ["awaits"],
        unique=False,
        sqlite_where=sa.text("awaits IS NOT NULL"),
        postgresql_where=sa.text("awaits IS NOT NULL"),
    )
    op.create_index(op.f("ix_point_lots_entry_id"), "point_lots", ["entry_id"], unique=False)
    op.create_index(
        "ix_point_lots_expires_at",
        "point_lots",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index(
        "ix_point_lots_open",
        "point_lots",
        ["customer_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_table(
        "vouchers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("reward_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False, comment="issued, used, returned, expired or void"),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_by_kind", sa.String(length=8), nullable=True),
        sa.Column("used_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_vouchers_branch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_vouchers_customer_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["point_entries.id"], name=op.f("fk_vouchers_entry_id")),
        sa.ForeignKeyConstraint(["reward_id"], ["rewards.id"], name=op.f("fk_vouchers_reward_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("code", name=op.f("uq_vouchers_code")),
        info={"erasure": "emptied"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_vouchers_customer_id"), "vouchers", ["customer_id"], unique=False)
    op.create_index(
        "ix_vouchers_expires_at",
        "vouchers",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'issued'"),
        postgresql_where=sa.text("state = 'issued'"),
    )
    op.create_table(
        "point_uses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "points", sa.BigInteger(), nullable=False, comment="taken from the lot for the entry; negative: given back"
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["point_entries.id"], name=op.f("fk_point_uses_entry_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["point_lots.id"], name=op.f("fk_point_uses_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_uses")),
        info={"erasure": "kept"},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_point_uses_entry_id"), "point_uses", ["entry_id"], unique=False)
    op.create_index(op.f("ix_point_uses_lot_id"), "point_uses", ["lot_id"], unique=False)
