"""A clock that runs like the real one and can be moved forward."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.wakeup import Signal


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One look at the clock: the instant, its distance from real time, and how often it jumped."""

    now: datetime
    offset_ms: int
    version: int

    def as_json(self) -> dict[str, Any]:
        """Return the reading as the control door sends it."""
        return {"now": self.now.isoformat(), "offset_ms": self.offset_ms, "version": self.version}


class SimulatorClock:
    """Real monotonic time plus an offset that only grows.

    ``start`` is an aware instant; without it the clock starts at the real present.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("the start of the clock needs a time zone")
        self._base = (start.timestamp() if start is not None else time.time()) - time.monotonic()
        self._version = 0
        self._moved = Signal()

    @property
    def version(self) -> int:
        """How many jumps there have been."""
        return self._version

    def time(self) -> float:
        """Return the present instant in seconds since 1970 (UTC)."""
        return self._base + time.monotonic()

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def jump(self, seconds: float) -> datetime:
        """Move ``seconds`` forward and return the new instant; the past cannot be entered again."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._base += seconds
        self._version += 1
        self._moved.notify()
        return self.now()

    def jump_to(self, instant: datetime) -> datetime:
        """Move forward to the aware ``instant`` and return it."""
        if instant.tzinfo is None:
            raise ValueError("jump_to needs an instant with a time zone")
        return self.jump((instant - self.now()) / timedelta(seconds=1))

    def reading(self) -> ClockReading:
        """Return the present instant with its offset from real time and the version."""
        offset_ms = round((self.time() - time.time()) * 1000)
        return ClockReading(now=self.now(), offset_ms=offset_ms, version=self._version)

    async def wait_newer(self, version: int, wait_s: float) -> ClockReading:
        """Wait at most ``wait_s`` real seconds for a jump after ``version``, then read the clock."""
        deadline = time.monotonic() + wait_s
        while self._version <= version:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            with self._moved.waiter() as moved:
                await asyncio.wait([moved], timeout=left)
        return self.reading()
