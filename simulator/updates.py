"""A bot's queue of updates: kept until a higher offset is asked for, or for a day."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from simulator.clock import SimulatorClock
from simulator.errors import Conflict
from simulator.wakeup import Signal

Json = dict[str, Any]

UPDATE_LIFETIME_S = 24 * 3600
MAX_BATCH = 100
MAX_POLL_S = 50
# Telegram sends these kinds only when they are asked for by name.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"


class QueuedUpdate:
    """An update waiting to be fetched, with the instant it was made."""

    __slots__ = ("body", "made_at")

    def __init__(self, body: Json, made_at: float) -> None:
        self.body, self.made_at = body, made_at


class UpdateQueue:
    """The updates of one bot; ``update_id`` grows by one, beginning at ``first_id``."""

    def __init__(self, clock: SimulatorClock, first_id: int, remembered: int) -> None:
        self._clock = clock
        self._next_id = first_id
        self._waiting: OrderedDict[int, QueuedUpdate] = OrderedDict()
        self._past: OrderedDict[int, Json] = OrderedDict()
        self._remembered = remembered
        # Repeats and updates without a new number come once, whatever offset is asked for.
        self._forced: list[QueuedUpdate] = []
        self._poll: asyncio.Future[None] | None = None
        self.allowed: frozenset[str] | None = None
        self.arrived = Signal()

    def __len__(self) -> int:
        self._expire()
        return len(self._waiting) + len(self._forced)

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Choose the kinds made from now on; ``None`` keeps the choice, an empty list is the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def wants(self, kind: str) -> bool:
        """Whether updates of a kind are made for this bot."""
        return kind in self.allowed if self.allowed is not None else kind not in ON_REQUEST

    def put(self, kind: str, content: Json) -> int | None:
        """Queue an update of a kind and return its id, or ``None`` when it is not wanted."""
        if not self.wants(kind):
            return None
        return self.put_raw({kind: content})

    def put_raw(self, body: Json) -> int | None:
        """Queue a hand-made update; its own ``update_id``, if any, may be an old one or no number at all."""
        given = body.get("update_id", self._next_id)
        update_id = given if isinstance(given, int) else None
        body = {"update_id": given, **body}
        queued = QueuedUpdate(body, self._clock.time())
        if update_id is None or update_id < self._next_id:
            self._forced.append(queued)
        else:
            self._waiting[update_id] = queued
            self._next_id = update_id + 1
        if update_id is not None:
            self._remember(update_id, body)
        self.arrived.notify()
        return update_id

    def _remember(self, update_id: int, body: Json) -> None:
        self._past[update_id] = body
        while len(self._past) > self._remembered:
            self._past.popitem(last=False)

    def repeat(self, update_id: int) -> bool:
        """Deliver a remembered update once more under its old id; tell if it was known."""
        body = self._past.get(update_id)
        if body is None:
            return False
        self._forced.append(QueuedUpdate(body, self._clock.time()))
        self.arrived.notify()
        return True

    def forget(self, update: QueuedUpdate) -> None:
        """Drop one update: it was delivered."""
        if update in self._forced:
            self._forced.remove(update)
        elif self._waiting.get(update.body["update_id"]) is update:
            del self._waiting[update.body["update_id"]]

    def clear(self) -> None:
        """Drop all waiting updates."""
        self._waiting.clear()
        self._forced.clear()

    def waiting(self) -> list[QueuedUpdate]:
        """Return what waits, oldest first."""
        self._expire()
        return [*self._waiting.values(), *self._forced]

    def _expire(self) -> None:
        oldest_kept = self._clock.time() - UPDATE_LIFETIME_S
        while self._waiting:
            update_id, first = next(iter(self._waiting.items()))
            if first.made_at >= oldest_kept:
                break
            del self._waiting[update_id]

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            for update_id in list(self._waiting)[:offset]:
                del self._waiting[update_id]
            return
        while self._waiting:
            update_id = next(iter(self._waiting))
            if update_id >= offset:
                break
            del self._waiting[update_id]

    def _batch(self, offset: int, limit: int) -> list[Json]:
        self._expire()
        found = []
        for update_id, update in self._waiting.items():
            if update_id >= offset or offset < 0:
                found.append(update.body)
            if len(found) == limit:
                return found
        found += [update.body for update in self._forced]
        self._forced.clear()
        return found

    def interrupt(self) -> None:
        """End a waiting ``getUpdates`` with a conflict."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        self._poll = None

    async def poll(self, offset: int, limit: int, timeout_s: float) -> list[Json]:
        """Answer ``getUpdates``: forget what is below ``offset``, wait for something at most ``timeout_s``.

        Raises ``Conflict`` when another poll of the same bot begins meanwhile: the newer one wins.
        """
        self.interrupt()
        self._acknowledge(offset)
        loop = asyncio.get_running_loop()
        replaced = self._poll = loop.create_future()
        deadline = loop.time() + min(timeout_s, MAX_POLL_S)
        limit = limit if 1 <= limit <= MAX_BATCH else MAX_BATCH
        try:
            while True:
                batch = self._batch(offset, limit)
                left = deadline - loop.time()
                if batch or left <= 0:
                    return batch
                with self.arrived.waiter() as arrived:
                    await asyncio.wait([arrived, replaced], timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if replaced.done():
                    raise Conflict(_OTHER_POLL)
        finally:
            if self._poll is replaced:
                self._poll = None
