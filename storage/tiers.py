"""Customers' tiers: what they spent, when they are reviewed, and how they changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from domain.people import Actor
from domain.tiers import TierChange
from storage.columns import Id, Instant
from storage.database import Tx
from storage.tables import customers, notices, purchases, tier_changes

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's tier as it stands, and what was spent since the beginning of the window."""

    customer_id: int
    tier: str
    review_at: datetime | None
    spent_minor: int
    gone: bool


def _spent(since: ColumnElement[datetime]) -> ColumnElement[int]:
    """Return what a customer spent in a currency from just after ``since`` on, refunds taken off."""
    net = func.coalesce(func.sum(purchases.c.amount_minor - purchases.c.refunded_minor), 0)
    return (
        select(cast(net, Id))
        .where(
            purchases.c.customer_id == customers.c.id,
            purchases.c.currency == bindparam("currency"),
            purchases.c.bought_at > since,
        )
        .correlate(customers)
        .scalar_subquery()
    )


_GONE = customers.c.merged_into.is_not(None) | customers.c.erased_at.is_not(None)
_STANDINGS = select(
    customers.c.id,
    customers.c.tier,
    customers.c.tier_review_at,
    _spent(bindparam("since", type_=Instant)).label("spent"),
    _GONE.label("gone"),
)
_STANDING = _STANDINGS.where(customers.c.id == bindparam("whose"))
_STANDINGS_OF = _STANDINGS.where(customers.c.id.in_(bindparam("whose", expanding=True))).order_by(customers.c.id)


async def load_standing(tx: Tx, customer_id: int, *, currency: str, since: datetime) -> Standing | None:
    """Return a customer's tier and the spend in ``currency`` after ``since``, in one statement."""
    row = (await tx.execute(_STANDING, {"whose": customer_id, "currency": currency, "since": since})).first()
    return Standing(row.id, row.tier, row.tier_review_at, row.spent, bool(row.gone)) if row else None


async def list_standings(tx: Tx, customer_ids: Sequence[int], *, currency: str, since: datetime) -> list[Standing]:
    """Return these customers' tiers and spend, as :func:`load_standing` does for one; in the order of ids."""
    found = await tx.execute(_STANDINGS_OF, {"whose": list(customer_ids), "currency": currency, "since": since})
    return [Standing(row.id, row.tier, row.tier_review_at, row.spent, bool(row.gone)) for row in found]


async def list_due_reviews(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Return customers whose tier is to be reviewed, longest due first."""
    due = select(customers.c.id).where(customers.c.tier_review_at <= now, ~_GONE)
    rows = await tx.execute(due.order_by(customers.c.tier_review_at, customers.c.id).limit(limit))
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A customer whose tier will be reviewed; ``spent_minor`` as that will count it, ``None`` for who was told."""

    customer_id: int
    tier: str
    review_at: datetime
    notice_key: str
    spent_minor: int | None


def _ms(instant: ColumnElement[datetime]) -> ColumnElement[int]:
    return type_coerce(instant, BigInteger)


def _soon(window: timedelta) -> Select[tuple[int, str, datetime, str, int | None]]:
    review_at = customers.c.tier_review_at
    spent = _spent(type_coerce(_ms(review_at) - literal(window // _MS, BigInteger), Instant))
    key = literal("tier_review:") + cast(customers.c.id, Text) + ":" + cast(_ms(review_at), Text)
    told = select(notices.c.id).where(notices.c.key == key).exists()
    after_at, after_id = bindparam("after_at", type_=Instant), bindparam("after_id", type_=Id)
    return (
        select(customers.c.id, customers.c.tier, review_at, key, case((told, None), else_=spent))
        .where(
            review_at >= after_at,
            review_at <= bindparam("until", type_=Instant),
            or_(review_at > after_at, customers.c.id > after_id),
            ~_GONE,
        )
        .order_by(review_at, customers.c.id)
        .limit(bindparam("most"))
    )


async def list_soon_reviewed(
    tx: Tx, *, currency: str, window: timedelta, after: tuple[datetime, int], until: datetime, limit: int
) -> list[Reviewed]:
    """Return up to ``limit`` customers reviewed by ``until``, soonest first, from behind ``after`` (instant, id) on.

    What was spent in ``currency`` is summed only for those who have not been told of the review; what will lie outside
    the ``window`` by then does not count.
    """
    after_at, after_id = after
    values = {"currency": currency, "after_at": after_at, "after_id": after_id, "until": until, "most": limit}
    return [Reviewed(*row) for row in await tx.execute(_soon(window), values)]


def save_tier(
    tx: Tx, customer_id: int, *, tier: str, review_at: datetime | None, since_at: datetime | None = None
) -> None:
    """Keep a customer's tier and when it is reviewed, with the next bulk write; ``since_at`` when it is another one."""
    changed = {"tier_since_at": since_at} if since_at is not None else {}
    tx.change(customers, customer_id, tier=tier, tier_review_at=review_at, **changed)


async def insert_change(
    tx: Tx, *, customer_id: int, at: datetime, before: str, after: str, cause: str, spend_minor: int, actor: Actor
) -> TierChange:
    """Add to a customer's history of tiers."""
    row = {
        "customer_id": customer_id,
        "at": at,
        "before": before,
        "after": after,
        "cause": cause,
        "spend_minor": spend_minor,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
    }
    added = await tx.execute(tx.insert(tier_changes).returning(tier_changes.c.id), row)
    return TierChange(added.scalar_one(), customer_id, at, before, after, cause, spend_minor)


async def list_changes(tx: Tx, customer_id: int) -> list[TierChange]:
    """Return a customer's history of tiers, oldest first."""
    columns = [tier_changes.c[name] for name in TierChange.__slots__]
    history = select(*columns).where(tier_changes.c.customer_id == customer_id).order_by(tier_changes.c.id)
    return [TierChange(*row) for row in await tx.execute(history)]
