"""What was said, its files, and the conversations that run."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, String, Text, UniqueConstraint, text

from storage.columns import Id, Instant
from storage.tables.base import DELETED, EMPTIED, id_column, table

media = table(
    "media",
    id_column(),
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

interactions = table(
    "interactions",
    id_column(),
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

dialogues = table(
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
