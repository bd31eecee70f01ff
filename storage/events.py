"""Events of customers that other systems tell of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from storage.database import Tx
from storage.tables import customer_events, customers


@dataclass(frozen=True, slots=True)
class CustomerEvent:
    """Something that happened to a customer elsewhere; ``source_key`` is its key there."""

    id: int
    customer_id: int
    name: str
    at: datetime
    source_key: str | None
    data: dict[str, Any] | None


_EVENT = tuple(customer_events.c[name] for name in CustomerEvent.__slots__)


async def insert_event(
    tx: Tx, *, customer_id: int, name: str, at: datetime, source_key: str | None, data: dict[str, Any] | None
) -> CustomerEvent | None:
    """Add an event; ``None`` when its source key is taken."""
    row = {"customer_id": customer_id, "name": name, "at": at, "source_key": source_key, "data": data}
    statement = tx.insert(customer_events).values(row).on_conflict_do_nothing(index_elements=["source_key"])
    made = (await tx.execute(statement.returning(*_EVENT))).first()
    return CustomerEvent(*made) if made else None


async def get_by_key(tx: Tx, source_key: str) -> CustomerEvent | None:
    """Return the event with this key of its source."""
    row = (await tx.execute(select(*_EVENT).where(customer_events.c.source_key == source_key))).first()
    return CustomerEvent(*row) if row else None


async def list_events(
    tx: Tx, *, customer_id: int | None, name: str | None, before_id: int | None, limit: int
) -> list[CustomerEvent]:
    """Return events of living customers, the one told last first."""
    found = select(*_EVENT).join(customers, customers.c.id == customer_events.c.customer_id)
    found = found.where(customers.c.erased_at.is_(None))
    if customer_id is not None:
        found = found.where(customer_events.c.customer_id == customer_id)
    if name is not None:
        found = found.where(customer_events.c.name == name)
    if before_id is not None:
        found = found.where(customer_events.c.id < before_id)
    return [CustomerEvent(*row) for row in await tx.execute(found.order_by(customer_events.c.id.desc()).limit(limit))]
