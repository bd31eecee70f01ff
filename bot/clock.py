"""The one clock of the program. In demo and tests it can be ahead of the real one; nothing else reads the time."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus an offset that only a demo or a test ever moves."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset
        self._bells: set[asyncio.Event] = set()
        self._on_jump: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC) + self._offset

    def set_offset(self, offset: timedelta) -> None:
        """Move the clock; everyone who waits looks at the time again."""
        if offset == self._offset:
            return
        self._offset = offset
        for bell in list(self._bells):
            bell.set()
        for notify in self._on_jump:
            notify()

    def on_jump(self, notify: Callable[[], None]) -> None:
        """Call ``notify`` whenever the clock was moved."""
        self._on_jump.append(notify)

    async def wait(self, bell: asyncio.Event, until: datetime | None) -> None:
        """Wait until ``bell`` rings, the clock is moved, or it shows ``until``; then the bell is quiet again."""
        self._bells.add(bell)
        try:
            seconds = None if until is None else max(0.0, (until - self.now()).total_seconds())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await bell.wait()
        finally:
            self._bells.discard(bell)
            bell.clear()
