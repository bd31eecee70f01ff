"""The sender while the database is away: it neither ends the program nor forgets what became of a call."""

import asyncio
from typing import Any

import pytest

from bot.clock import Clock
from bot.sender import Sender
from bot.transport import AiohttpRequest, TelegramApi
from domain.pacing import Limits, Pacer
from domain.rules import Rules
from storage.database import Database
from texts import Texts


async def test_a_sender_outlives_a_database_that_is_away_when_it_starts_and_when_it_stops(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead may be lost with the database, and taken up while it is away again."""
    tried = asyncio.Event()

    def away() -> Database:
        tried.set()
        raise ConnectionRefusedError

    api = TelegramApi("42:token", "http://127.0.0.1:9", AiohttpRequest())
    sender = Sender(database, api, Clock(), Pacer(Limits()), bot_id=42, rules=Rules(), texts=Texts())
    monkeypatch.setattr(database, "write", away)
    outcome: Any = object()
    sender._done = [outcome]
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(10):
        await tried.wait()
    running.cancel()
    (ended,) = await asyncio.gather(running, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    assert sender._done == [outcome]
