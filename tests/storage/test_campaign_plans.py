"""What is asked again and again while a campaign goes out is answered by the right index, of however many rows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from storage import campaign_feed, campaign_planning, survey_due
from storage.database import Tx, open_database

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PEOPLE = list(range(1, 101))
CASES: list[tuple[str, Callable[[Tx], Awaitable[Any]]]] = [
    ("ix_deliveries_customer_queued", lambda tx: campaign_feed.list_due_of(tx, PEOPLE, ["autumn"], now=NOW)),
    ("ix_deliveries_customer_queued", lambda tx: campaign_feed.list_said(tx, PEOPLE, ["autumn"])),
    ("ix_deliveries_due_of", lambda tx: campaign_planning.has_open(tx, "autumn")),
    ("ix_deliveries_progress", lambda tx: campaign_planning.has_open(tx, "autumn")),
    ("ix_deliveries_due ", lambda tx: survey_due.list_due_customers(tx, now=NOW, limit=100)),
    ("ix_deliveries_customer_queued", lambda tx: survey_due.list_due_of(tx, PEOPLE, now=NOW)),
]


@pytest.mark.parametrize(("index", "ask"), CASES)
async def test_sqlite_finds_deliveries_by_the_right_index(
    sqlite_url: str, index: str, ask: Callable[[Tx], Awaitable[Any]]
) -> None:
    """Also in a database that was never analysed, where it has to guess how many rows each index leaves."""
    database = open_database(sqlite_url)
    asked: list[tuple[str, Any]] = []
    try:
        async with database.write() as tx:
            engine = tx.connection.engine.sync_engine
            event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
            await ask(tx)
            plans = [
                step.detail
                for sql, values in list(asked)
                for step in (await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)).all()
            ]
    finally:
        await database.close()
    assert any(f"INDEX {index}" in f"{step} " for step in plans), plans
    assert not any(step.startswith("SCAN deliveries") or "autoindex" in step for step in plans), plans
