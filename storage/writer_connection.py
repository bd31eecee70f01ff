"""The SQLite writer's connection: only what waits for the disk goes to a thread.

aiosqlite hands every call to its thread. A statement of the writer takes some ten microseconds, the way to a
thread and back ten times that, and one small transaction makes fifty such ways. So here a statement runs where it
is called; a commit that has something to write still waits for the disk in the thread, and a write lock held by
another program is waited for asleep. Measured in docs/adr/0021-writer-statements-without-a-thread.md.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

_LOCK_PATIENCE_S = 60.0
_LOCK_PAUSE_S = 0.01


class WriterConnection(aiosqlite.Connection):
    """An aiosqlite connection for one user at a time, as the lock around the writer guarantees."""

    _changes_before = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        connection = self._connection
        if connection is None or fn == connection.close or self._writes_to_disk(connection, fn):
            return await self._in_thread(fn, *args, **kwargs)
        if args and isinstance(args[0], str) and args[0].startswith("BEGIN"):
            self._changes_before = connection.total_changes
            return await self._begin(fn, *args, **kwargs)
        return fn(*args, **kwargs)

    def _writes_to_disk(self, connection: sqlite3.Connection, fn: Callable[..., Any]) -> bool:
        changed = connection.in_transaction and connection.total_changes != self._changes_before
        return changed and fn == connection.commit

    async def _begin(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Take the write lock; while another program holds it, try again and again."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _LOCK_PATIENCE_S
        while True:
            try:
                return fn(*args, **kwargs)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or loop.time() > end:
                    raise
            await asyncio.sleep(_LOCK_PAUSE_S)

    async def _in_thread(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        call = super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # theirs is not annotated
        waiting = asyncio.ensure_future(call)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            # The connection must not be used by anyone while the thread is still at work on it.
            await asyncio.wait({waiting})
            raise


def connect(path: str, **options: Any) -> WriterConnection:
    """Return the connection to ``path``, to be awaited; ``options`` are those of ``sqlite3.connect``."""
    options.update(check_same_thread=False, timeout=0)
    connection = WriterConnection(lambda: sqlite3.connect(path, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy's own way of connecting has it
    return connection
