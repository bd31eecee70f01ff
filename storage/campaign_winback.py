"""Customers who left or stay away, with what they were worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Subquery, and_, case, func, or_, select, type_coerce

from domain.campaigns.winback import FRAUD_TAG, REASONS, Cause, Gone
from domain.records import LostReason
from storage.columns import Instant
from storage.database import Tx
from storage.tables import bans, contact_points, customer_tags, customers, purchases, staff_members

_YEAR_MS = int(timedelta(days=365).total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class GoneQuery:
    """Who is meant: marked as lost, or without a purchase since ``quiet_since_at``; money in ``currency``."""

    bot_id: int
    currency: str
    quiet_since_at: datetime
    now: datetime


def _worth() -> Any:
    return func.sum(purchases.c.amount_minor - purchases.c.refunded_minor)


def _gone(asked: GoneQuery) -> Subquery:
    """Return everyone who left but those who are not won back: over credit, with the tag of fraud, banned."""
    bought = purchases.c.amount_minor > purchases.c.refunded_minor
    last = (
        select(purchases.c.customer_id, type_coerce(func.max(purchases.c.bought_at), BigInteger).label("last_ms"))
        .where(bought)
        .group_by(purchases.c.customer_id)
        .subquery("last")
    )
    in_last_year = type_coerce(purchases.c.bought_at, BigInteger) > last.c.last_ms - _YEAR_MS
    worth = (
        select(func.coalesce(_worth(), 0))
        .where(purchases.c.customer_id == customers.c.id, bought, purchases.c.currency == asked.currency, in_last_year)
        .correlate(customers, last)
        .scalar_subquery()
    )
    reasons = [reason.value for cause in Cause for reason in REASONS[cause]]
    quiet = and_(customers.c.lost_at.is_(None), last.c.last_ms <= type_coerce(asked.quiet_since_at, Instant))
    left = and_(customers.c.lost_at.is_not(None), customers.c.lost_reason.in_(reasons))
    banned = select(bans.c.id).where(
        bans.c.customer_id == customers.c.id, bans.c.lifted_at.is_(None), bans.c.until_at > asked.now
    )
    fraud = select(customer_tags.c.tag).where(
        customer_tags.c.customer_id == customers.c.id, customer_tags.c.tag == FRAUD_TAG
    )
    reachable = select(contact_points.c.id).where(
        contact_points.c.customer_id == customers.c.id,
        contact_points.c.bot_id == asked.bot_id,
        contact_points.c.reach == "reachable",
    )
    return (
        select(
            customers.c.id,
            func.coalesce(customers.c.call_name, customers.c.name).label("name"),
            customers.c.tier,
            staff_members.c.name.label("owner"),
            case((customers.c.lost_at.is_not(None), customers.c.lost_reason)).label("reason"),
            worth.label("worth"),
            type_coerce(last.c.last_ms, Instant).label("last_at"),
            case((reachable.exists(), 1), else_=0).label("reachable"),
            case((customers.c.phone.is_not(None), 1), else_=0).label("can_ring"),
        )
        .outerjoin(last, last.c.customer_id == customers.c.id)
        .outerjoin(staff_members, staff_members.c.id == customers.c.owner_id)
        .where(
            customers.c.erased_at.is_(None),
            customers.c.merged_into.is_(None),
            or_(left, quiet),
            ~banned.exists(),
            ~fraud.exists(),
        )
        .subquery("gone")
    )


async def list_gone(tx: Tx, asked: GoneQuery, *, reasons: Sequence[str | None] | None, limit: int) -> list[Gone]:
    """Return those who left or stay away, the most valuable first; of these ``reasons`` only, ``None`` is quiet."""
    gone = _gone(asked)
    found: Select[Any] = select(gone).order_by(gone.c.worth.desc(), gone.c.id).limit(limit)
    if reasons is not None:
        known = [reason for reason in reasons if reason is not None]
        found = found.where(or_(gone.c.reason.in_(known), *([gone.c.reason.is_(None)] if None in reasons else [])))
    return [
        Gone(
            row.id,
            row.name,
            row.tier,
            row.owner,
            LostReason(row.reason) if row.reason else None,
            row.worth,
            row.last_at,
            bool(row.reachable),
            bool(row.can_ring),
        )
        for row in await tx.execute(found)
    ]


async def count_gone(tx: Tx, asked: GoneQuery) -> list[tuple[LostReason | None, int, int]]:
    """Return of each reason (``None``: quiet) how many left or stay away, and their worth together in minor units."""
    gone = _gone(asked)
    together = type_coerce(func.coalesce(func.sum(gone.c.worth), 0), Integer)
    found = select(gone.c.reason, func.count().label("people"), together.label("worth")).group_by(gone.c.reason)
    return [
        (LostReason(row.reason) if row.reason else None, row.people, int(row.worth)) for row in await tx.execute(found)
    ]
