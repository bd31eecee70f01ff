"""Updates on their way in, messages on their way out."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text

from storage.columns import Id, Instant
from storage.tables.base import EMPTIED, NOBODYS, id_column, table

inbox = table(
    "inbox",
    id_column(),
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

outbox = table(
    "outbox",
    id_column(),
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

pauses = table(
    "pauses",
    Column("bot_id", BigInteger, primary_key=True),
    Column("scope", String(32), primary_key=True, comment="a chat_key, or * for the whole token"),
    Column("until_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    erasure=NOBODYS,
)
