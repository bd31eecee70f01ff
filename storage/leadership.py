"""One holder at a time of the sending budget and the ticks, taken over within seconds when it dies."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import StorageError
from storage.database import Database, is_unreachable

_RETRY_S = 1.0
_HEARTBEAT_S = 2.0
_LOCK_CLASS = 0x6361  # one number for all of carebot's locks, beside the bot's own


class LeadershipLost(StorageError):
    """The connection that held the lock is gone; another replica may lead already."""


@asynccontextmanager
async def sole_program(database: Database) -> AsyncIterator[None]:
    """Hold a SQLite file for this program alone; nothing to hold on PostgreSQL, where replicas share.

    Raises :class:`StorageError` when another carebot runs on the file.
    """
    path = database.sqlite_path
    if path is None or path == ":memory:":
        yield
        return
    with Path(f"{path}.lock").open("w") as lock:  # noqa: ASYNC230 - opened once, before anything else runs
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(f"storage.url: another carebot is running on {Path(path).name}; stop it first") from None
        yield


async def _wait_for_ever() -> None:
    await asyncio.Event().wait()


class Leader:
    """Waits to become the leader, and says when it no longer is."""

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    @asynccontextmanager
    async def leading(self) -> AsyncIterator[asyncio.Task[None]]:
        """Wait for the lead and hold it; the task given ends with :class:`LeadershipLost` if it is lost."""
        if self._database.dialect == "sqlite":
            forever = asyncio.create_task(_wait_for_ever(), name="leading")
            try:
                yield forever
            finally:
                forever.cancel()
            return
        async with AsyncExitStack() as held:
            connection = await self._take_lock(held)
            watching = asyncio.create_task(self._watch(connection), name="leading")
            try:
                yield watching
            finally:
                watching.cancel()

    async def _take_lock(self, held: AsyncExitStack) -> AsyncConnection:
        """Wait until the lock is ours, also while the database is away; its connection is closed with ``held``."""
        lock = text(f"SELECT pg_try_advisory_lock({_LOCK_CLASS}, hashint8(:bot))").bindparams(bot=self._bot_id)
        while True:
            try:
                async with AsyncExitStack() as trying:
                    connection = await trying.enter_async_context(self._database.lone_connection())
                    while not (await connection.execute(lock)).scalar():  # noqa: ASYNC110 - it cannot ring a bell
                        await asyncio.sleep(_RETRY_S)
                    await held.enter_async_context(trying.pop_all())
                    return connection
            except Exception as error:
                if not is_unreachable(error):
                    raise
            await asyncio.sleep(_RETRY_S)

    async def _watch(self, connection: AsyncConnection) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            try:
                async with asyncio.timeout(_HEARTBEAT_S):
                    await connection.execute(text("SELECT 1"))
            except Exception as error:
                raise LeadershipLost("the database connection that held the lead is gone") from error
