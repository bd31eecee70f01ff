"""Stored before acknowledged: what was not committed is asked for again, and what was is not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from bot.clock import Clock
from bot.intake import SECRET_HEADER, Inbox, Poller, WebhookServer
from bot.transport import AiohttpRequest, TelegramApi
from storage.database import Database

BOT = 42


class Telegram(TelegramApi):
    """Brings the same two updates until one beyond them is asked for; notes what was committed at each question."""

    def __init__(self, database: Database) -> None:
        super().__init__("42:token", "http://127.0.0.1:9", AiohttpRequest())
        self.database = database
        self.asked: list[tuple[int | None, list[int]]] = []
        self.acknowledged = asyncio.Event()

    async def call(self, method: str, params: Any, **_options: Any) -> Any:
        """Agree to everything else."""
        return True

    async def get_updates(
        self, offset: int | None, limit: int, timeout_s: int, allowed_updates: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Note the question; answer it unless everything was acknowledged."""
        self.asked.append((offset, await stored(self.database)))
        if offset is None:
            return [update(7), update(8)]
        self.acknowledged.set()
        await asyncio.Event().wait()
        raise AssertionError


class FailingInbox(Inbox):
    """An inbox whose first commit fails."""

    failures = 1

    async def store(self, updates: Sequence[dict[str, Any]]) -> None:
        """Fail once, then store."""
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        await super().store(updates)


def update(update_id: int) -> dict[str, Any]:
    """Return an update of Ann."""
    return {"update_id": update_id, "message": {"message_id": 1, "chat": {"id": 1001}, "text": "hello"}}


async def stored(database: Database) -> list[int]:
    """Return the updates that a reader, who sees only what is committed, finds."""
    async with database.read() as tx:
        return list((await tx.execute(text("SELECT update_id FROM inbox ORDER BY id"))).scalars())


@asynccontextmanager
async def polling(telegram: Telegram, inbox: Inbox) -> AsyncIterator[None]:
    """A poller at work."""
    poller = asyncio.create_task(Poller(telegram, inbox).run())
    try:
        yield
    finally:
        poller.cancel()
        await asyncio.gather(poller, return_exceptions=True)


async def test_the_next_offset_is_asked_for_only_after_the_commit(database: Database) -> None:
    """While nothing could be stored the same updates are asked for; the higher offset finds both committed."""
    telegram = Telegram(database)
    async with polling(telegram, FailingInbox(database, Clock(), BOT, stored=lambda: None)):
        await asyncio.wait_for(telegram.acknowledged.wait(), 20)
    assert telegram.asked == [(None, []), (None, []), (9, [7, 8])]


async def test_the_webhook_says_yes_only_after_the_commit(database: Database, unused_port: int) -> None:
    """Not stored is not acknowledged: Telegram brings it again, and then it is there."""
    inbox = FailingInbox(database, Clock(), BOT, stored=lambda: None)
    runner = await WebhookServer(inbox, path="/telegram", secret="s").serve("127.0.0.1", unused_port)
    seen = []
    try:
        async with aiohttp.ClientSession(headers={SECRET_HEADER: "s"}) as telegram:
            for _ in range(2):
                async with telegram.post(f"http://127.0.0.1:{unused_port}/telegram", json=update(7)) as answer:
                    seen.append((answer.status, await stored(database)))
    finally:
        await runner.cleanup()
    assert seen == [(503, []), (200, [7])]


@pytest.mark.parametrize("body", [b'{"update_id":1,"message":' + b"[" * 5000 + b"]" * 5000 + b"}", b"[]", b"\xff\xfe{"])
async def test_a_body_that_is_no_update_is_refused_and_harms_nobody(
    database: Database, unused_port: int, body: bytes
) -> None:
    """However deep or broken it is, it is told so, and the next update is taken."""
    inbox = Inbox(database, Clock(), BOT, stored=lambda: None)
    runner = await WebhookServer(inbox, path="/telegram", secret="s").serve("127.0.0.1", unused_port)
    url = f"http://127.0.0.1:{unused_port}/telegram"
    try:
        async with aiohttp.ClientSession(headers={SECRET_HEADER: "s"}) as telegram:
            async with telegram.post(url, data=body) as answer:
                assert answer.status == 400
            async with telegram.post(url, data=b"x", headers={"Content-Encoding": "gzip"}) as answer:
                assert answer.status == 400
            async with telegram.post(url, json=update(7)) as answer:
                assert answer.status == 200
    finally:
        await runner.cleanup()
    assert await stored(database) == [7]
