"""What a campaign's message hangs on, looked at again when it is due: does it still stand?"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal_column, select

from storage.database import Tx
from storage.tables import campaign_taps, customers, interactions, point_lots, purchases, vouchers

_LEFT: ColumnElement[bool] = literal_column("remaining > 0")  # as the partial index has it


async def list_joined_at(tx: Tx, customer_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when these customers joined."""
    found = select(customers.c.id, customers.c.created_at).where(customers.c.id.in_(list(customer_ids)))
    return {row.id: row.created_at for row in await tx.execute(found)}


async def list_field(tx: Tx, field: str, customer_ids: Sequence[int]) -> dict[int, str | None]:
    """Return what a field of these customers' records says."""
    value = customers.c.custom[field].as_string().label("value")
    found = select(customers.c.id, value).where(customers.c.id.in_(list(customer_ids)))
    return {row.id: row.value for row in await tx.execute(found)}


async def list_coming(tx: Tx, invitation: str, customer_ids: Sequence[int]) -> set[int]:
    """Return who of these said last that they come, to what a campaign invites to."""
    newest = (
        select(func.max(campaign_taps.c.id))
        .where(
            campaign_taps.c.campaign == invitation,
            campaign_taps.c.kind == "rsvp",
            campaign_taps.c.customer_id.in_(list(customer_ids)),
        )
        .group_by(campaign_taps.c.customer_id)
    )
    yes = select(campaign_taps.c.customer_id).where(campaign_taps.c.id.in_(newest), campaign_taps.c.button == "yes")
    return set((await tx.execute(yes)).scalars())


async def list_unused(tx: Tx, voucher_ids: Sequence[int]) -> set[int]:
    """Return which of these vouchers can still be used."""
    found = select(vouchers.c.id).where(vouchers.c.id.in_(list(voucher_ids)), vouchers.c.state == "issued")
    return set((await tx.execute(found)).scalars())


async def list_with_points(tx: Tx, customer_ids: Sequence[int], *, since: datetime, until: datetime) -> set[int]:
    """Return who of these still has points that expire from ``since`` until just before ``until``."""
    found = select(point_lots.c.customer_id).where(
        point_lots.c.customer_id.in_(list(customer_ids)),
        _LEFT,
        point_lots.c.expires_at >= since,
        point_lots.c.expires_at < until,
    )
    return set((await tx.execute(found)).scalars())


async def list_active(tx: Tx, customer_ids: Sequence[int], *, since: datetime) -> set[int]:
    """Return who of these wrote or bought something from ``since`` on."""
    wrote = select(interactions.c.customer_id).where(
        interactions.c.customer_id.in_(list(customer_ids)),
        interactions.c.author_kind == "customer",
        interactions.c.at >= since,
    )
    bought = select(purchases.c.customer_id).where(
        purchases.c.customer_id.in_(list(customer_ids)), purchases.c.bought_at >= since
    )
    return {*(await tx.execute(wrote)).scalars(), *(await tx.execute(bought)).scalars()}
