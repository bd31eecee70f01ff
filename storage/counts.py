"""How much of everything there is, for a look at a whole database."""

from sqlalchemy import Table, func, literal, select

from storage.database import Tx
from storage.tables import (
    audit,
    cases,
    deliveries,
    feedback,
    inbox,
    interactions,
    media,
    outbox,
    point_entries,
    purchases,
    vouchers,
)

_BY_STATE = (inbox, cases, deliveries, media, outbox, vouchers)


async def count_by_state(tx: Tx) -> dict[str, dict[str, int]]:
    """Return, for each table that has states, how many rows stand in each of them."""
    return {table.name: await _grouped(tx, table) for table in _BY_STATE}


async def _grouped(tx: Tx, table: Table) -> dict[str, int]:
    rows = await tx.execute(select(table.c.state, func.count()).group_by(table.c.state).order_by(table.c.state))
    return {str(state): int(count) for state, count in rows}


async def count_kept(tx: Tx) -> dict[str, int]:
    """Return how many interactions there are, how many of them changed earlier words or are notes, and the rest.

    ``points`` is the sum of the ledger.
    """
    asked = {
        "interactions": select(func.count()).select_from(interactions),
        "versions": select(func.count()).where(interactions.c.version_of.is_not(None)),
        "notes": select(func.count()).where(interactions.c.visibility == literal("internal")),
        "feedback": select(func.count()).select_from(feedback),
        "purchases": select(func.count()).select_from(purchases),
        "entries": select(func.count()).select_from(point_entries),
        "points": select(func.coalesce(func.sum(point_entries.c.points), 0)),
        "audit": select(func.count()).select_from(audit),
    }
    return {name: int((await tx.execute(statement)).scalar_one()) for name, statement in asked.items()}
