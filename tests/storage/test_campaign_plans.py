"""What is asked again and again while a campaign goes out is answered by the right index, of however many rows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from storage import campaign_dated, campaign_feed, campaign_planning, survey_due
from storage.database import Tx, open_database
from storage.people import list_due_dialogues

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PEOPLE = list(range(1, 101))
CASES: list[tuple[str, Callable[[Tx], Awaitable[Any]]]] = [
    ("ix_deliveries_customer_queued", lambda tx: campaign_feed.list_due_of(tx, PEOPLE, ["autumn"], now=NOW)),
    ("ix_deliveries_customer_queued", lambda tx: campaign_feed.list_said(tx, PEOPLE, ["autumn"])),
    ("ix_deliveries_customer_queued", lambda tx: campaign_dated.list_frozen(tx, "autumn", PEOPLE, renewable=["late"])),
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
    plans = await _plans(sqlite_url, ask)
    assert any(f"INDEX {index}" in f"{step} " for step in plans), plans
    assert not any(step.startswith("SCAN deliveries") or "autoindex" in step for step in plans), plans


async def test_sqlite_finds_the_few_in_a_dialogue_first(sqlite_url: str) -> None:
    """Every two seconds: of a million contacts, walking through those of the bot took a third of a second each time."""
    first = (await _plans(sqlite_url, lambda tx: list_due_dialogues(tx, bot_id=42, now=NOW, limit=100)))[0]
    assert first == "SEARCH dialogues USING INDEX ix_dialogues_due_at (due_at<?)"


async def _plans(url: str, ask: Callable[[Tx], Awaitable[Any]]) -> list[str]:
    """Return the steps in which SQLite answers what is asked."""
    database = open_database(url)
    asked: list[tuple[str, Any]] = []
    try:
        async with database.write() as tx:
            engine = tx.connection.engine.sync_engine
            event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
            await ask(tx)
            return [
                step.detail
                for sql, values in list(asked)
                for step in (await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)).all()
            ]
    finally:
        await database.close()
