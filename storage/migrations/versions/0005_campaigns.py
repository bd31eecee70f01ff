"""Campaigns: versions, runs, taps and wishes about them; what a delivery knows of its campaign."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema forward."""
    _make_books()
    _make_runs()
    _make_traces()
    _widen_deliveries()
    # whether a customer has a contact point of this bot is then answered by the index alone
    op.create_index("ix_contact_points_customer", "contact_points", ["customer_id", "bot_id"])
    op.drop_index("ix_contact_points_customer_id", "contact_points")


def _make_books() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("state", sa.String(10), nullable=False, comment="draft scheduled running paused finished cancelled"),
        sa.Column("version", sa.Integer(), nullable=False, comment="the one that is sent now"),
        sa.Column(
            "shipped", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="came with the program"
        ),
        sa.Column("launch_at", sa.BigInteger(), comment="when a scheduled one begins to run"),
        sa.Column("launched_at", sa.BigInteger(), comment="since when it runs; what happened before is no occasion"),
        sa.Column("paused_at", sa.BigInteger()),
        sa.Column("pause_reason", sa.String(12)),
        sa.Column("ended_at", sa.BigInteger(), comment="when it was finished or cancelled"),
        sa.Column(
            "swept_on", sa.String(10), comment="the last local date whose dated occasions were looked for everywhere"
        ),
        sa.Column("asked_by", _ID, comment="who asked for a second look"),
        sa.Column("asked_at", sa.BigInteger()),
        sa.Column("approved_by", _ID),
        sa.Column("approved_at", sa.BigInteger()),
        sa.Column("approved_version", sa.Integer()),
        sa.Column("paid_yes_at", sa.BigInteger(), comment="when somebody agreed to the cost of paid broadcast"),
        sa.Column("winner", sa.String(16), comment="the variant all get from now on"),
        sa.Column("winner_at", sa.BigInteger()),
        sa.Column("by_kind", sa.String(8), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["approved_by"], ["staff_members.id"], name=op.f("fk_campaigns_approved_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["staff_members.id"], name=op.f("fk_campaigns_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("key", name=op.f("uq_campaigns_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_pictures",
        sa.Column("key", sa.String(64), nullable=False, comment="SHA-256 of the bytes"),
        sa.Column("content", sa.Text(), nullable=False, comment="the bytes in base 64"),
        sa.Column("file_id", sa.Text(), comment="how Telegram knows it, once it was sent"),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_campaign_pictures")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_versions",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="canonical JSON; never changed"),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("by_kind", sa.String(8), nullable=False),
        sa.Column("by_id", _ID),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_versions_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_versions")),
        sa.UniqueConstraint("campaign_id", "version", name=op.f("uq_campaign_versions_campaign_id_version")),
        sqlite_autoincrement=True,
    )


def _make_runs() -> None:
    op.create_table(
        "campaign_runs",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("campaign", sa.String(24), nullable=False),
        sa.Column("occasion", sa.String(32), nullable=False),
        sa.Column("segment", sa.Text(), comment="the expression that says who is meant; empty: everybody"),
        sa.Column("starts_at", sa.BigInteger(), nullable=False, comment="from when on it is planned"),
        sa.Column("on_date", sa.String(10), comment="the local date of the occasion; empty: as soon as they may"),
        sa.Column("at", sa.String(5), comment="the local time at which people are due"),
        sa.Column("cutoff_id", _ID, nullable=False, comment="who joined later is not meant"),
        sa.Column("after_id", _ID, server_default="0", nullable=False, comment="how far the planning has come"),
        sa.Column("planned_at", sa.BigInteger(), comment="when everybody was planned"),
        sa.Column("stopped_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_runs")),
        sa.UniqueConstraint("campaign", "occasion", name=op.f("uq_campaign_runs_campaign_occasion")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_campaign_runs_unplanned",
        "campaign_runs",
        ["starts_at"],
        sqlite_where=sa.text("planned_at IS NULL"),
        postgresql_where=sa.text("planned_at IS NULL"),
    )


def _make_traces() -> None:
    op.create_table(
        "campaign_watchers",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("campaign", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(8), server_default="progress", nullable=False, comment="progress or results"),
        sa.Column("target_kind", sa.String(12), nullable=False, comment="member or staff_group"),
        sa.Column("target_ref", sa.BigInteger(), nullable=False),
        sa.Column("outbox_id", _ID, comment="the row that said it first; its message is edited"),
        sa.Column("said", sa.JSON(), comment="the figures it shows; of results: who asked"),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_watchers")),
        sa.UniqueConstraint(
            "campaign",
            "kind",
            "target_kind",
            "target_ref",
            name=op.f("uq_campaign_watchers_campaign_kind_target_kind_target_ref"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_optouts",
        sa.Column("customer_id", _ID, nullable=False),
        sa.Column("topic", sa.String(32), nullable=False, comment="a holiday, birthday, or a campaign's key"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_campaign_optouts_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "topic", name=op.f("pk_campaign_optouts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_taps",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", _ID, nullable=False),
        sa.Column("customer_id", _ID, nullable=False),
        sa.Column("campaign", sa.String(24), nullable=False),
        sa.Column(
            "kind",
            sa.String(10),
            nullable=False,
            comment="answer tracked survey redeem rsvp waiting placed mute optout checkin reply",
        ),
        sa.Column("button", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_id", _ID, comment="who checked the person in"),
        sa.ForeignKeyConstraint(["by_id"], ["staff_members.id"], name=op.f("fk_campaign_taps_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_campaign_taps_customer_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_campaign_taps_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_taps")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_campaign_taps_campaign", "campaign_taps", ["campaign", "kind", "at", "delivery_id"])
    op.create_index(op.f("ix_campaign_taps_customer_id"), "campaign_taps", ["customer_id"])
    op.create_index("ix_campaign_taps_delivery", "campaign_taps", ["delivery_id", "button"])
    op.create_index("ix_tier_changes_at", "tier_changes", ["at"])


def _widen_deliveries() -> None:
    op.drop_index("ix_deliveries_customer_id", "deliveries")  # that by customer and time of queueing serves as well
    op.drop_index("ix_deliveries_due", "deliveries")  # who is due is asked campaign by campaign, but for surveys
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at"],
        sqlite_where=sa.text("state = 'planned' AND substr(campaign, 1, 7) = 'survey:'"),
        postgresql_where=sa.text("state = 'planned' AND substr(campaign, 1, 7) = 'survey:'"),
    )
    op.add_column("deliveries", sa.Column("variant", sa.String(16), comment="which of the campaign's messages"))
    op.add_column(
        "deliveries", sa.Column("version", sa.Integer(), comment="of the campaign, when it was handed to the outbox")
    )
    op.add_column("deliveries", sa.Column("params", sa.JSON(), comment="what the occasion says of this person"))
    op.add_column("deliveries", sa.Column("held", sa.String(24), comment="why it waits, while it is planned"))
    op.add_column(
        "deliveries",
        sa.Column("recalls", sa.Integer(), server_default="0", nullable=False, comment="how often it was taken back"),
    )
    op.create_index(
        "ix_deliveries_due_of",
        "deliveries",
        ["campaign", "due_at", "id"],
        sqlite_where=sa.text("state = 'planned'"),
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index(
        "ix_deliveries_progress",
        "deliveries",
        ["campaign", "state", "reason", "occasion"],
        sqlite_where=sa.text("state <> 'planned'"),
        postgresql_where=sa.text("state <> 'planned'"),
    )
    op.create_index(
        "ix_deliveries_held",
        "deliveries",
        ["campaign", "held", "state"],
        sqlite_where=sa.text("held IS NOT NULL"),
        postgresql_where=sa.text("held IS NOT NULL"),
    )
