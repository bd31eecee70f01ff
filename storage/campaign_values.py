"""What campaigns' messages say of the people they go to, read for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from storage.database import Tx
from storage.tables import branches, customers, point_lots, purchases, staff_members, vouchers


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One customer as messages know them; ``points`` are those to spend now, ``expiring`` those that go first."""

    customer_id: int
    name: str
    call_name: str | None
    tier: str
    owner: str | None
    branch: str | None
    joined_at: datetime
    birth_year: int | None
    lost_reason: str | None
    custom: dict[str, Any] | None
    points: int


async def list_people(tx: Tx, customer_ids: Sequence[int], *, now: datetime) -> dict[int, PersonRow]:
    """Return these customers by id, in one query."""
    spendable = (
        select(func.coalesce(func.sum(point_lots.c.remaining), 0))
        .where(
            point_lots.c.customer_id == customers.c.id,
            point_lots.c.remaining > 0,
            point_lots.c.available_at <= now,
            or_(point_lots.c.expires_at.is_(None), point_lots.c.expires_at > now),
        )
        .correlate(customers)
        .scalar_subquery()
    )
    joined = customers.outerjoin(staff_members, staff_members.c.id == customers.c.owner_id).outerjoin(
        branches, branches.c.id == customers.c.branch_id
    )
    found = (
        select(
            customers.c.id,
            customers.c.name,
            customers.c.call_name,
            customers.c.tier,
            staff_members.c.name.label("owner"),
            branches.c.name.label("branch"),
            customers.c.created_at,
            customers.c.birth_year,
            customers.c.lost_reason,
            customers.c.custom,
            spendable.label("points"),
        )
        .select_from(joined)
        .where(customers.c.id.in_(list(customer_ids)))
    )
    return {row.id: PersonRow(*row) for row in await tx.execute(found)}


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase as messages speak of it."""

    amount_minor: int
    currency: str
    product: str


async def list_bought(tx: Tx, purchase_ids: Sequence[int]) -> dict[int, Bought]:
    """Return purchases by id; the product is the first thing on the bill."""
    if not purchase_ids:
        return {}
    his = purchases.c.id.in_(list(purchase_ids))
    found = select(purchases.c.id, purchases.c.amount_minor, purchases.c.currency, purchases.c["items"]).where(his)
    rows = list(await tx.execute(found))
    return {row.id: Bought(row.amount_minor, row.currency, _first(row[3])) for row in rows}


def _first(items: Any) -> str:
    first = items[0] if isinstance(items, list) and items else {}
    return str(first.get("name", "")) if isinstance(first, dict) else str(first)


async def list_vouchers(tx: Tx, voucher_ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """Return code and end of vouchers by id."""
    if not voucher_ids:
        return {}
    his = vouchers.c.id.in_(list(voucher_ids))
    rows = await tx.execute(select(vouchers.c.id, vouchers.c.code, vouchers.c.expires_at).where(his))
    return {row.id: (row.code, row.expires_at) for row in rows}
