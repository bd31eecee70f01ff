"""The inbox gives each chat's updates in their order, to one handler at a time, and never twice."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from storage import inbox
from storage.database import Database, open_database
from storage.tables import inbox as table
from tests.storage.plans import plan_of

BOT = 42
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ANN, BOB = 1001, 1002


async def arrive(database: Database, *updates: tuple[int, int]) -> None:
    """Store updates given as ``(update_id, chat_id)``."""
    async with database.write() as tx:
        await inbox.insert_updates(tx, bot_id=BOT, updates=[(u, chat, f"{{{u}}}") for u, chat in updates], now=NOW)


async def claimed(database: Database, *, later: timedelta = timedelta(), limit: int = 100) -> list[int]:
    """Return the update ids a handler would get now."""
    async with database.write() as tx:
        return [u.update_id for u in await inbox.claim_updates(tx, bot_id=BOT, now=NOW + later, limit=limit)]


async def ids(database: Database) -> dict[int, int]:
    """Return our ids by update id."""
    async with database.read() as tx:
        return dict((await tx.execute(select(table.c.update_id, table.c.id))).all())


async def test_updates_come_in_the_order_of_arrival(database: Database) -> None:
    """Update ids jump; what counts is when they came."""
    await arrive(database, (900, ANN), (5, BOB), (901, ANN), (7, BOB))
    assert await claimed(database) == [900, 5, 901, 7]


async def test_a_repeat_changes_nothing(database: Database) -> None:
    """The same update of the same bot is stored once; another bot's is another."""
    await arrive(database, (1, ANN), (1, ANN))
    await arrive(database, (1, ANN))
    async with database.write() as tx:
        await inbox.insert_updates(tx, bot_id=BOT + 1, updates=[(1, ANN, "{}")], now=NOW)
    assert await claimed(database) == [1]


async def test_a_repeat_of_what_was_handled_is_not_handled_again(database: Database) -> None:
    """After the restart Telegram gives the last batch once more."""
    await arrive(database, (1, ANN))
    async with database.write() as tx:
        await inbox.mark_done(tx, ids=[(await ids(database))[1]], now=NOW)
    await arrive(database, (1, ANN))
    assert await claimed(database) == []


async def test_a_failing_update_holds_back_its_own_chat_only(database: Database) -> None:
    """Ann's first update waits for its next try; Bob is served, and then Ann in her order."""
    await arrive(database, (1, ANN), (2, ANN), (3, BOB))
    async with database.write() as tx:
        again = NOW + timedelta(minutes=1)
        await inbox.mark_failed(tx, inbox_id=(await ids(database))[1], error="ValueError", now=NOW, next_try_at=again)
    assert await claimed(database) == [3]
    assert await claimed(database, later=timedelta(minutes=1)) == [1, 2, 3]


async def test_a_dead_letter_lets_its_chat_go_on_and_can_be_replayed(database: Database) -> None:
    """Given up, shown, put back with fresh tries; a second replay finds nothing."""
    await arrive(database, (1, ANN), (2, ANN))
    dead_id = (await ids(database))[1]
    async with database.write() as tx:
        await inbox.mark_failed(tx, inbox_id=dead_id, error="ValueError", now=NOW, next_try_at=None)
    assert await claimed(database) == [2]
    async with database.write() as tx:
        assert [dead.update_id for dead in await inbox.list_dead(tx, limit=10)] == [1]
        assert await inbox.replay_dead(tx, inbox_id=dead_id)
        assert not await inbox.replay_dead(tx, inbox_id=dead_id)
    assert await claimed(database) == [1, 2]


async def test_two_replicas_never_hold_the_same_chat(postgresql_database_url: str) -> None:
    """While one replica handles Ann, the other gets Bob; afterwards Ann's next update is free."""
    database = open_database(postgresql_database_url)
    try:
        await arrive(database, (1, ANN), (2, ANN), (3, BOB))
        async with database.write() as first:
            mine = await inbox.claim_updates(first, bot_id=BOT, now=NOW, limit=1)
            assert [update.update_id for update in mine] == [1]
            async with database.write() as second:
                theirs = await inbox.claim_updates(second, bot_id=BOT, now=NOW, limit=100)
                assert [update.update_id for update in theirs] == [3]
            await inbox.mark_done(first, ids=[mine[0].id], now=NOW)
        assert await claimed(database) == [2, 3]
    finally:
        await database.close()


async def test_claims_use_the_index_of_open_updates(sqlite_url: str) -> None:
    """Among a hundred thousand handled updates the open ones are found without reading the others."""
    database = open_database(sqlite_url)
    try:
        async with database.write() as tx:
            await tx.execute(
                text(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                    "INSERT INTO inbox (bot_id, update_id, chat_id, payload, received_at, state) "
                    "SELECT 42, i, i % 1000, '{}', 0, CASE WHEN i % 1000 = 0 THEN 'new' ELSE 'done' END FROM n"
                )
            )
            await tx.execute(text("ANALYZE"))
        queue = await plan_of(database, inbox._QUEUE, {"bot_id": BOT, "now": NOW, "limit": 100})
        assert "ix_inbox_queue" in queue
        assert "ix_inbox_postponed" in queue
        assert "SCAN inbox" not in queue
    finally:
        await database.close()
