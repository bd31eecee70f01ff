"""Purchases and their refunds."""

from dataclasses import replace

from sqlalchemy import and_, or_, select

from domain.points import Entry, EntryKind
from domain.purchases import Purchase, Refund
from storage.database import Tx
from storage.points import get_entry_by_key
from storage.tables import point_entries, purchases, refunds

_PURCHASE = tuple(purchases.c[name] for name in Purchase.__slots__)
_REFUND = tuple(refunds.c[name] for name in Refund.__slots__)


async def insert_purchase(tx: Tx, purchase: Purchase) -> Purchase | None:
    """Add a purchase (its ``id`` is not looked at); ``None`` when its source key is taken.

    When another transaction is adding the same key, this waits for its end.
    """
    row = {name: getattr(purchase, name) for name in Purchase.__slots__ if name != "id"}
    insert = tx.insert(purchases).on_conflict_do_nothing(index_elements=["source_key"])
    added = (await tx.execute(insert.returning(purchases.c.id), row)).scalar()
    return None if added is None else replace(purchase, id=added)


async def get_purchase(tx: Tx, purchase_id: int, *, lock: bool = False) -> Purchase | None:
    """Return one purchase; with ``lock`` other transactions that refund it wait until this one ends."""
    query = select(*_PURCHASE).where(purchases.c.id == purchase_id)
    row = (await tx.execute(query.with_for_update() if lock and tx.for_update else query)).first()
    return Purchase(*row) if row else None


async def get_purchase_by_key(tx: Tx, source_key: str) -> Purchase | None:
    """Return the purchase with this source key."""
    row = (await tx.execute(select(*_PURCHASE).where(purchases.c.source_key == source_key))).first()
    return Purchase(*row) if row else None


async def has_bought_before(tx: Tx, customer_id: int, *, currency: str, purchase_id: int) -> bool:
    """Return whether there is another purchase of this customer in ``currency``."""
    other = select(purchases.c.id).where(
        purchases.c.customer_id == customer_id, purchases.c.currency == currency, purchases.c.id != purchase_id
    )
    return (await tx.execute(other.limit(1))).first() is not None


async def list_purchases(tx: Tx, customer_id: int, *, before_id: int | None, limit: int) -> list[Purchase]:
    """Return up to ``limit`` purchases of a customer, the latest first, from just before ``before_id`` on."""
    query = select(*_PURCHASE).where(purchases.c.customer_id == customer_id)
    if before_id is not None:
        bought_at = select(purchases.c.bought_at).where(purchases.c.id == before_id).scalar_subquery()
        earlier = purchases.c.bought_at < bought_at
        query = query.where(or_(earlier, and_(purchases.c.bought_at == bought_at, purchases.c.id < before_id)))
    rows = await tx.execute(query.order_by(purchases.c.bought_at.desc(), purchases.c.id.desc()).limit(limit))
    return [Purchase(*row) for row in rows]


async def insert_refund(tx: Tx, refund: Refund) -> Refund | None:
    """Add a refund (its ``id`` is not looked at); ``None`` when its source key is taken."""
    row = {name: getattr(refund, name) for name in Refund.__slots__ if name != "id"}
    insert = tx.insert(refunds).on_conflict_do_nothing(index_elements=["source_key"])
    added = (await tx.execute(insert.returning(refunds.c.id), row)).scalar()
    return None if added is None else replace(refund, id=added)


async def get_refund_by_key(tx: Tx, source_key: str) -> Refund | None:
    """Return the refund with this source key."""
    row = (await tx.execute(select(*_REFUND).where(refunds.c.source_key == source_key))).first()
    return Refund(*row) if row else None


async def list_refunds(tx: Tx, purchase_id: int) -> list[Refund]:
    """Return the refunds of a purchase, oldest first."""
    rows = await tx.execute(select(*_REFUND).where(refunds.c.purchase_id == purchase_id).order_by(refunds.c.id))
    return [Refund(*row) for row in rows]


def set_refunded(tx: Tx, purchase_id: int, *, refunded_minor: int) -> None:
    """Keep how much of a purchase was refunded, with the next bulk write."""
    tx.change(purchases, purchase_id, refunded_minor=refunded_minor)


async def list_earned(tx: Tx, purchase_id: int) -> list[tuple[int, int]]:
    """Return the entries by which a purchase earned, as ``(id, points)``."""
    earned = select(point_entries.c.id, point_entries.c.points).where(
        point_entries.c.purchase_id == purchase_id, point_entries.c.kind == EntryKind.EARN.value
    )
    return [(row.id, row.points) for row in await tx.execute(earned.order_by(point_entries.c.id))]


def taking_key(refund_id: int, entry_id: int) -> str:
    """Return the source key of the ledger entry by which a refund takes back points of an earning entry."""
    return f"refund:{refund_id}:{entry_id}"


async def list_taken_back(tx: Tx, refund_id: int, purchase_id: int) -> list[Entry]:
    """Return the entries by which a refund took points of its purchase back."""
    keys = [taking_key(refund_id, entry_id) for entry_id, _ in await list_earned(tx, purchase_id)]
    found = [await get_entry_by_key(tx, key) for key in keys]
    return [entry for entry in found if entry is not None]
