"""Notices that wait to be told, and the facts on which unasked messages depend."""

from datetime import datetime
from typing import Any

from storage.database import Tx
from storage.tables import notices


async def insert_notice(
    tx: Tx, *, customer_id: int, kind: str, key: str, data: dict[str, Any], ready_at: datetime, stale_at: datetime
) -> None:
    """Keep something a customer is to hear of; what has the same ``key`` was noted before and is not told twice."""
    insert = tx.insert(notices).values(
        customer_id=customer_id, kind=kind, key=key, data=data, ready_at=ready_at, stale_at=stale_at
    )
    await tx.execute(insert.on_conflict_do_nothing(index_elements=["key"]))
