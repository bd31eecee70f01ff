"""What the API lists by pages: customers, purchases and events, each by the key it was made with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, union

from domain.purchases import Refund
from storage.database import Tx
from storage.people import birthday_of
from storage.records import Record
from storage.tables import audit, customer_tags, customers, purchases, refunds

_OWN = tuple(name for name in Record.__slots__ if name not in ("birthday", "custom", "tags"))


async def list_customers(
    tx: Tx,
    *,
    phone: str | None,
    tag: str | None,
    tier: str | None,
    updated_since: datetime | None,
    after_id: int,
    limit: int,
) -> list[Record]:
    """Return living records, oldest first, that meet every condition given; ``phone`` is E.164.

    Updated is what was made, or audited as changed, from ``updated_since`` on.
    """
    found = select(customers).where(
        customers.c.id > after_id, customers.c.merged_into.is_(None), customers.c.erased_at.is_(None)
    )
    if phone is not None:
        found = found.where(customers.c.phone == phone)
    if tier is not None:
        found = found.where(customers.c.tier == tier)
    if tag is not None:
        tagged = exists().where(customer_tags.c.customer_id == customers.c.id, customer_tags.c.tag == tag)
        found = found.where(tagged)
    if updated_since is not None:
        changed = select(audit.c.customer_id).where(audit.c.at >= updated_since, audit.c.customer_id.is_not(None))
        made = select(customers.c.id).where(customers.c.created_at >= updated_since)
        found = found.where(customers.c.id.in_(union(changed, made)))
    rows = (await tx.execute(found.order_by(customers.c.id).limit(limit))).all()
    tags = await _tags_of(tx, [row.id for row in rows])
    return [
        Record(
            **{name: getattr(row, name) for name in _OWN},
            birthday=birthday_of(row),
            custom=dict(row.custom or {}),
            tags=tuple(tags.get(row.id, ())),
        )
        for row in rows
    ]


async def _tags_of(tx: Tx, customer_ids: Sequence[int]) -> dict[int, list[str]]:
    found = select(customer_tags.c.customer_id, customer_tags.c.tag).where(
        customer_tags.c.customer_id.in_(customer_ids)
    )
    tags: dict[int, list[str]] = {}
    for customer_id, tag in await tx.execute(found.order_by(customer_tags.c.tag)):
        tags.setdefault(customer_id, []).append(tag)
    return tags


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """A purchase with whose it is, by public code."""

    id: int
    customer_id: int
    customer: str
    source_key: str
    bought_at: datetime
    amount_minor: int
    currency: str
    cost_minor: int | None
    refunded_minor: int
    items: Any
    channel: str | None
    branch_id: int | None
    noted_at: datetime


_PURCHASE = tuple(customers.c.code if name == "customer" else purchases.c[name] for name in PurchaseRow.__slots__)


async def list_purchases(
    tx: Tx,
    *,
    customer_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int,
) -> list[PurchaseRow]:
    """Return purchases of living customers, the one noted last first, bought from ``since`` until before ``until``."""
    found = select(*_PURCHASE).join(customers, customers.c.id == purchases.c.customer_id)
    found = found.where(customers.c.erased_at.is_(None))
    if customer_id is not None:
        found = found.where(purchases.c.customer_id == customer_id)
    if since is not None:
        found = found.where(purchases.c.bought_at >= since)
    if until is not None:
        found = found.where(purchases.c.bought_at < until)
    if before_id is not None:
        found = found.where(purchases.c.id < before_id)
    return [PurchaseRow(*row) for row in await tx.execute(found.order_by(purchases.c.id.desc()).limit(limit))]


async def get_purchase(tx: Tx, purchase_id: int) -> PurchaseRow | None:
    """Return one purchase of a living customer."""
    found = select(*_PURCHASE).join(customers, customers.c.id == purchases.c.customer_id)
    row = (await tx.execute(found.where(purchases.c.id == purchase_id, customers.c.erased_at.is_(None)))).first()
    return PurchaseRow(*row) if row else None


async def list_refunds(tx: Tx, purchase_id: int) -> list[Refund]:
    """Return the refunds of a purchase, oldest first."""
    columns = (refunds.c[name] for name in Refund.__slots__)
    found = select(*columns).where(refunds.c.purchase_id == purchase_id).order_by(refunds.c.id)
    return [Refund(*row) for row in await tx.execute(found)]


async def list_codes(tx: Tx, customer_ids: Sequence[int]) -> dict[int, str]:
    """Return the public codes of customers."""
    found = select(customers.c.id, customers.c.code).where(customers.c.id.in_(set(customer_ids)))
    return {row.id: row.code for row in await tx.execute(found)}


async def get_tier(tx: Tx, customer_id: int) -> str:
    """Return a customer's tier."""
    return str((await tx.execute(select(customers.c.tier).where(customers.c.id == customer_id))).scalar_one())
