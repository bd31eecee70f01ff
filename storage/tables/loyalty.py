"""Purchases, the points ledger, tiers, rewards and vouchers. Ledger rows are only ever added."""

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
from storage.tables.base import DELETED, EMPTIED, KEPT, NOBODYS, id_column, table

purchases = table(
    "purchases",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("source_key", Text, nullable=False, unique=True, comment="the key of the sale where it was made"),
    Column("bought_at", Instant, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cost_minor", BigInteger),
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    Column("items", JSON(none_as_null=True)),
    Column("channel", String(32)),
    Column("branch_id", Id, ForeignKey("branches.id")),
    Column("noted_at", Instant, nullable=False),
    erasure=EMPTIED,
)
Index("ix_purchases_customer", purchases.c.customer_id, purchases.c.bought_at)
Index("ix_purchases_bought_at", purchases.c.bought_at)
Index("ix_purchases_noted_at", purchases.c.noted_at, purchases.c.customer_id)

refunds = table(
    "refunds",
    id_column(),
    Column("purchase_id", Id, ForeignKey("purchases.id"), nullable=False, index=True),
    Column("source_key", Text, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("reason", Text),
    erasure=EMPTIED,
)

point_accounts = table(
    "point_accounts",
    Column("customer_id", Id, ForeignKey("customers.id"), primary_key=True, autoincrement=False),
    Column("settled_at", Instant, nullable=False, comment="debts are paid by what became available until then"),
    erasure=KEPT,
)

point_entries = table(
    "point_entries",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("points", BigInteger, nullable=False, comment="signed"),
    Column("uncovered", BigInteger, nullable=False, server_default="0", comment="a debt still unpaid; cache of uses"),
    Column("forgiven", BigInteger, nullable=False, server_default="0", comment="asked back but not there to take"),
    Column("at", Instant, nullable=False),
    Column("source_key", Text, nullable=False, unique=True, comment="the same key is never booked twice"),
    Column("rule", String(32)),
    Column("working", JSON(none_as_null=True), comment="how the points were reckoned, line by line"),
    Column("reason", Text),
    Column("actor_kind", String(8), nullable=False),
    Column("actor_id", Id),
    Column("purchase_id", Id, ForeignKey("purchases.id"), index=True),
    Column("reverses_id", Id, ForeignKey("point_entries.id"), index=True),
    Column("case_id", Id, ForeignKey("cases.id")),
    erasure=EMPTIED,
)
Index("ix_point_entries_customer", point_entries.c.customer_id, point_entries.c.id)
Index("ix_point_entries_customer_at", point_entries.c.customer_id, point_entries.c.at)
_OWED = text("uncovered > 0")
Index("ix_point_entries_owed", point_entries.c.customer_id, sqlite_where=_OWED, postgresql_where=_OWED)

point_lots = table(
    "point_lots",
    id_column(),
    Column("entry_id", Id, ForeignKey("point_entries.id"), nullable=False, index=True),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False, comment="points less what was used; cache of uses"),
    Column("available_at", Instant, comment="pending until then; empty: until what it awaits has happened"),
    Column("awaits", Text, comment="the event a pending lot waits for"),
    Column("expires_at", Instant, comment="not spendable from then on; empty: never"),
    Column("lasts_s", BigInteger, comment="how long an awaited lot is good, from when it is available"),
    erasure=EMPTIED,
)
_LEFT = text("remaining > 0")
Index(
    "ix_point_lots_open",
    point_lots.c.customer_id,
    point_lots.c.expires_at,
    sqlite_where=_LEFT,
    postgresql_where=_LEFT,
)
Index("ix_point_lots_expires_at", point_lots.c.expires_at, sqlite_where=_LEFT, postgresql_where=_LEFT)
_AWAITED = text("awaits IS NOT NULL")
Index("ix_point_lots_awaits", point_lots.c.awaits, sqlite_where=_AWAITED, postgresql_where=_AWAITED)

point_uses = table(
    "point_uses",
    id_column(),
    Column("lot_id", Id, ForeignKey("point_lots.id"), nullable=False, index=True),
    Column("entry_id", Id, ForeignKey("point_entries.id"), nullable=False, index=True),
    Column("points", BigInteger, nullable=False, comment="taken from the lot for the entry; negative: given back"),
    erasure=KEPT,
)

tier_changes = table(
    "tier_changes",
    id_column(),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("before", String(32), nullable=False),
    Column("after", String(32), nullable=False),
    Column("cause", String(8), nullable=False, comment="upgrade, review, manual or merge"),
    Column("spend_minor", BigInteger, nullable=False),
    Column("actor_kind", String(8), nullable=False),
    Column("actor_id", Id),
    erasure=KEPT,
)
Index("ix_tier_changes_at", tier_changes.c.at)

rewards = table(
    "rewards",
    id_column(),
    Column("key", String(32), nullable=False, unique=True),
    Column("price_points", BigInteger, nullable=False),
    Column("stock", Integer, comment="how many are left; empty: never runs out"),
    Column("valid_from_at", Instant),
    Column("valid_until_at", Instant),
    Column("voucher_days", Integer, nullable=False),
    Column("texts", JSON, nullable=False, comment="name and terms by language"),
    Column("picture_id", Id, ForeignKey("files.id")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    erasure=NOBODYS,
)

vouchers = table(
    "vouchers",
    id_column(),
    Column("code", String(16), nullable=False, unique=True),
    Column("reward_id", Id, ForeignKey("rewards.id"), nullable=False),
    Column("customer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("entry_id", Id, ForeignKey("point_entries.id"), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, comment="issued, used, returned, expired or void"),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("used_by_kind", String(8)),
    Column("used_by_id", Id),
    Column("branch_id", Id, ForeignKey("branches.id")),
    erasure=EMPTIED,
)
_ISSUED = text("state = 'issued'")
Index("ix_vouchers_expires_at", vouchers.c.expires_at, sqlite_where=_ISSUED, postgresql_where=_ISSUED)

referrals = table(
    "referrals",
    id_column(),
    Column("referrer_id", Id, ForeignKey("customers.id"), nullable=False, index=True),
    Column("referred_id", Id, ForeignKey("customers.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("rewarded_at", Instant),
    Column("void_reason", String(16)),
    UniqueConstraint("referred_id"),
    erasure=DELETED,
)
