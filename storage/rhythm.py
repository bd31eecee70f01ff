"""Purchases of good customers, for the look at their rhythm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from storage.database import Tx
from storage.tables import customers, purchases, tasks

_KIND = "rhythm"


@dataclass(frozen=True, slots=True)
class Regular:
    """A customer who may have stayed away: who looks after them, and when they bought, oldest first."""

    customer_id: int
    name: str
    owner_id: int | None
    bought_at: tuple[datetime, ...]


async def list_quiet(
    tx: Tx,
    *,
    tiers: Sequence[str],
    least: int,
    quiet_since_at: datetime,
    after_id: int,
    limit: int,
    among: Sequence[int] = (),
) -> list[Regular]:
    """Return customers of these tiers without a purchase since ``quiet_since_at``, after ``after_id``, by id.

    With ``among``, only these customers are looked at.

    They have at least ``least`` purchases that were not given back, nobody marked them as lost, and no task has been
    made about their silence since they last bought.
    """
    real = purchases.c.amount_minor > purchases.c.refunded_minor
    last = func.max(purchases.c.bought_at)
    told = select(tasks.c.id).where(
        tasks.c.kind == _KIND,
        tasks.c.customer_id == customers.c.id,
        tasks.c.created_at
        > select(func.max(purchases.c.bought_at))
        .where(purchases.c.customer_id == customers.c.id, real)
        .scalar_subquery(),
    )
    found = (
        select(customers.c.id, customers.c.name, customers.c.call_name, customers.c.owner_id)
        .join(purchases, purchases.c.customer_id == customers.c.id)
        .where(
            customers.c.id > after_id,
            customers.c.tier.in_(list(tiers)),
            customers.c.erased_at.is_(None),
            customers.c.merged_into.is_(None),
            customers.c.lost_at.is_(None),
            real,
            ~told.exists(),
        )
        .group_by(customers.c.id, customers.c.name, customers.c.call_name, customers.c.owner_id)
        .having(func.count(purchases.c.id) >= least, last <= quiet_since_at)
        .order_by(customers.c.id)
        .limit(limit)
    )
    if among:
        found = found.where(customers.c.id.in_(list(among)))
    people = list(await tx.execute(found))
    bought: dict[int, list[datetime]] = {row.id: [] for row in people}
    statement = (
        select(purchases.c.customer_id, purchases.c.bought_at)
        .where(purchases.c.customer_id.in_(list(bought)), real)
        .order_by(purchases.c.customer_id, purchases.c.bought_at)
    )
    for customer_id, at in await tx.execute(statement):
        bought[customer_id].append(at)
    return [Regular(row.id, row.call_name or row.name, row.owner_id, tuple(bought[row.id])) for row in people]


async def list_back(tx: Tx, *, limit: int) -> list[int]:
    """Return the open tasks about customers who have bought again since."""
    open_ = (tasks.c.kind == _KIND, tasks.c.done_at.is_(None), tasks.c.cancelled_at.is_(None))
    again = select(purchases.c.id).where(
        purchases.c.customer_id == tasks.c.customer_id, purchases.c.bought_at > tasks.c.created_at
    )
    statement = select(tasks.c.id).where(*open_, again.exists()).order_by(tasks.c.id).limit(limit)
    return list((await tx.execute(statement)).scalars())
