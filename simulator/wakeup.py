"""A wake-up call for coroutines that wait until something changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Signal:
    """Wakes everyone who waits, once a call; belongs to one event loop, needs none to notify."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Wake all who wait now."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    @contextmanager
    def waiter(self) -> Iterator[asyncio.Future[None]]:
        """Give a future that the next ``notify`` resolves; it is forgotten when the block ends."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(future)
        try:
            yield future
        finally:
            self._waiters.discard(future)
