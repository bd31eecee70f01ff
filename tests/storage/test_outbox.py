"""The outbox: first in, first out a chat and lane; urgent lanes first; nothing twice by its key."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from domain.interactions import Content, Kind
from domain.outgoing import Outgoing, Purpose, to_chat
from storage import outbox, outbox_heads
from storage.counts import count_by_state
from storage.database import Database, open_database
from storage.outbox_heads import list_heads
from storage.tables import outbox as outbox_table
from tests.storage.plans import plan_of

BOT = 42
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANN, BOB = 1001, 1002
_PURPOSES = (Purpose.CONVERSATION, Purpose.CUSTOMER_WORDS, Purpose.BIRTHDAY)
_STATES = ("queued", "queued", "queued", "later", "sending")


def words(text: str, *, to: int = ANN, purpose: Purpose = Purpose.CONVERSATION, **more: object) -> Outgoing:
    """Return one message."""
    return Outgoing(purpose, to_chat(to), Content(Kind.TEXT, text), **more)  # type: ignore[arg-type]  # any field


async def queue(database: Database, *messages: Outgoing) -> list[int]:
    """Queue messages in one transaction and return their row ids."""
    async with database.write() as tx:
        return [await outbox.add_outgoing(tx, message, bot_id=BOT, now=NOW) for message in messages]


async def heads(database: Database, *, later: timedelta = timedelta()) -> list[str]:
    """Return the words that may go now, in order."""
    async with database.write() as tx:
        rows = await list_heads(tx, bot_id=BOT, now=NOW + later, limit=100)
        return [row.body["content"]["text"] for row in rows if row.body]


async def test_each_chat_and_lane_gives_its_first_message(database: Database) -> None:
    """Ann's second reply waits for her first; her campaign message and Bob's reply do not."""
    await queue(
        database,
        words("birthday", purpose=Purpose.BIRTHDAY),
        words("first"),
        words("second"),
        words("hello Bob", to=BOB),
    )
    assert await heads(database) == ["first", "hello Bob", "birthday"]


async def test_what_is_being_sent_holds_back_the_rest_of_its_chat(database: Database) -> None:
    """The next reply goes only when the one before it is settled."""
    first, _second = await queue(database, words("first"), words("second"))
    async with database.write() as tx:
        await outbox.mark_sending(tx, ids=[first], now=NOW)
    assert await heads(database) == []
    async with database.write() as tx:
        outbox.mark_sent(tx, row_id=first, now=NOW, chat_id=ANN, message_id=1)
    assert await heads(database) == ["second"]


async def test_a_postponed_message_keeps_its_place(database: Database) -> None:
    """It holds back what was queued after it for the same chat and lane."""
    first, _second = await queue(database, words("first"), words("second"))
    async with database.write() as tx:
        outbox.postpone(tx, row_id=first, until_at=NOW + MINUTE)
    assert await heads(database) == []
    assert await heads(database, later=MINUTE) == ["first"]


@pytest.mark.parametrize(("scope", "left"), [("*", []), (f"x{ANN}", ["hello Bob"])])
async def test_a_pause_silences_a_chat_or_the_token(database: Database, scope: str, left: list[str]) -> None:
    """Telegram's wait is kept in the database, and ends by itself."""
    await queue(database, words("hello Ann"), words("hello Bob", to=BOB))
    async with database.write() as tx:
        await outbox.set_pause(tx, bot_id=BOT, scope=scope, until_at=NOW + MINUTE, reason="retry_after")
    assert await heads(database) == left
    assert await heads(database, later=MINUTE) == ["hello Ann", "hello Bob"]


async def test_the_same_key_is_queued_once(database: Database) -> None:
    """A birthday planned twice is one message, in one transaction and over two."""
    await queue(database, words("once", dedupe_key="k"), words("twice", dedupe_key="k"))
    await queue(database, words("thrice", dedupe_key="k"))
    assert await heads(database) == ["once"]
    async with database.read() as tx:
        assert (await count_by_state(tx))["outbox"] == {"queued": 1}


async def test_a_waiting_card_takes_the_new_words_in_its_place(database: Database) -> None:
    """Five changes of a card are one message; one that is under way is followed by another."""
    card = "card:7"
    for state in ("new", "taken", "answered"):
        async with database.write() as tx:
            await outbox.queue_or_replace(tx, words(state, coalesce_key=card), bot_id=BOT, now=NOW)
    assert await heads(database) == ["answered"]
    async with database.write() as tx:
        (row,) = await list_heads(tx, bot_id=BOT, now=NOW, limit=1)
        await outbox.mark_sending(tx, ids=[row.id], now=NOW)
        await outbox.queue_or_replace(tx, words("resolved", coalesce_key=card), bot_id=BOT, now=NOW)
        outbox.mark_sent(tx, row_id=row.id, now=NOW, chat_id=ANN, message_id=1)
    assert await heads(database) == ["resolved"]


async def test_rows_of_a_sender_that_died_are_found(database: Database) -> None:
    """Not those claimed later than asked for, and not once they are settled."""
    first, second = await queue(database, words("first"), words("hello Bob", to=BOB))
    async with database.write() as tx:
        await outbox.mark_sending(tx, ids=[first, second], now=NOW)
        outbox.mark_sent(tx, row_id=second, now=NOW, chat_id=BOB, message_id=1)
    async with database.write() as tx:
        assert await outbox.list_left_sending(tx, bot_id=BOT, claimed_before=NOW - MINUTE) == []
        assert [row.id for row in await outbox.list_left_sending(tx, bot_id=BOT, claimed_before=NOW)] == [first]
        outbox.mark_settled(tx, row_id=first, state="unknown", now=NOW + MINUTE, error="stopped")
    async with database.read() as tx:
        assert [row.id for row in await outbox.list_unknown(tx, limit=10)] == [first]


async def test_two_senders_never_hold_the_same_row(postgresql_database_url: str) -> None:
    """What one replica looks at, another passes over."""
    database = open_database(postgresql_database_url)
    try:
        await queue(database, words("hello Ann"), words("hello Bob", to=BOB))
        async with database.write() as first, database.write() as second:
            mine = await list_heads(first, bot_id=BOT, now=NOW, limit=1)
            theirs = await list_heads(second, bot_id=BOT, now=NOW, limit=10)
            assert not {row.id for row in mine} & {row.id for row in theirs}
            assert len(mine) == len(theirs) == 1
    finally:
        await database.close()


async def test_heads_are_found_by_index(sqlite_url: str) -> None:
    """Among a hundred thousand sent rows the waiting ones are found without reading the others."""
    database = open_database(sqlite_url)
    try:
        async with database.write() as tx:
            await tx.execute(
                text(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                    "INSERT INTO outbox (bot_id, lane, chat_key, purpose, on_unknown, action, target_kind, target_ref, "
                    "state, created_at) SELECT 42, i % 4, 'c' || (i % 1000), 'conversation', 'resend', 'send', 'chat', "
                    "i, CASE WHEN i % 1000 = 0 THEN 'queued' ELSE 'sent' END, 0 FROM n"
                )
            )
            await tx.execute(text("ANALYZE"))
        values = {"bot_id": BOT, "now": NOW, "limit": 100, "near": 100}
        plan = await plan_of(database, outbox_heads._NEAR_HEADS[False], values)
        assert "ix_outbox_queue" in plan
        assert "ix_outbox_open" in plan
        assert "SCAN outbox" not in plan
    finally:
        await database.close()


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(_PURPOSES), st.sampled_from(_STATES)), max_size=40),
    st.integers(1, 9),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_deep_and_shallow_queues_give_the_same_heads(
    database: Database, queue_of: list[tuple[str, Purpose, str]], limit: int
) -> None:
    """However deep the queue of a chat, exactly those go that a look at every row would choose."""
    chats = "abcdefgh"
    async with database.write() as tx:
        await tx.execute(text("DELETE FROM outbox"))
        for chat, purpose, state in queue_of:
            row_id = await outbox.add_outgoing(
                tx, words(chat, to=chats.index(chat) + 1, purpose=purpose), bot_id=BOT, now=NOW
            )
            if state == "later":
                outbox.postpone(tx, row_id=row_id, until_at=NOW + MINUTE)
            elif state == "sending":
                await outbox.mark_sending(tx, ids=[row_id], now=NOW)
        wanted = _heads_by_hand((await tx.execute(select(outbox_table).order_by(outbox_table.c.id))).all())
        with patch.object(outbox_heads, "_NEAR_MORE", 0):
            found = await list_heads(tx, bot_id=BOT, now=NOW, limit=limit)
        assert [row.id for row in found] == wanted[:limit]


def _heads_by_hand(rows: Sequence[Any]) -> list[int]:
    first: dict[tuple[int, str], Any] = {}
    for row in rows:
        first.setdefault((row.lane, row.chat_key), row)
    due = [row for row in first.values() if row.state == "queued" and (row.not_before_at or NOW) <= NOW]
    return [row.id for row in sorted(due, key=lambda row: (row.lane, row.id))]
