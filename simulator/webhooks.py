"""Delivery of updates to a bot's own address, with retries until it answers 2xx."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from simulator.clock import SimulatorClock
    from simulator.updates import QueuedUpdate, UpdateQueue

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
ANSWER_TIMEOUT_S = 30.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(slots=True)
class WebhookSettings:
    """Where a bot wants its updates, and how the last deliveries went."""

    url: str = ""
    secret_token: str | None = None
    max_connections: int = 40
    ip_address: str | None = None
    has_certificate: bool = False
    last_error_at: int | None = None
    last_error: str | None = None
    courier: WebhookCourier | None = field(default=None, repr=False)

    def stop(self) -> None:
        """End the deliveries under way."""
        if self.courier is not None:
            self.courier.stop()
            self.courier = None


class WebhookCourier:
    """Carries a queue's updates to a URL: one chat's in order, several chats at once."""

    def __init__(self, queue: UpdateQueue, settings: WebhookSettings, clock: SimulatorClock) -> None:
        self._queue, self._settings, self._clock = queue, settings, clock
        self._taken: set[QueuedUpdate] = set()
        self._lanes: dict[Any, deque[QueuedUpdate]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(settings.max_connections)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Stop at once; what was not delivered stays in the queue."""
        for task in (self._task, *self._workers):
            task.cancel()

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_TIMEOUT_S)) as session:
            while True:
                with self._queue.arrived.waiter() as arrived:
                    self._sort(session)
                    await arrived

    def _sort(self, session: aiohttp.ClientSession) -> None:
        for update in self._queue.waiting():
            if update in self._taken:
                continue
            self._taken.add(update)
            lane = _lane(update.body)
            if lane in self._lanes:
                self._lanes[lane].append(update)
                continue
            self._lanes[lane] = deque([update])
            worker = asyncio.get_running_loop().create_task(self._work(session, lane))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self, session: aiohttp.ClientSession, lane: Any) -> None:
        waiting = self._lanes[lane]
        while waiting:
            update = waiting[0]
            await self._deliver(session, update)
            self._queue.forget(update)
            self._taken.discard(update)
            waiting.popleft()
        del self._lanes[lane]

    async def _deliver(self, session: aiohttp.ClientSession, update: QueuedUpdate) -> None:
        pause = FIRST_RETRY_S
        while not await self._try_once(session, update):
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_RETRY_S)

    async def _try_once(self, session: aiohttp.ClientSession, update: QueuedUpdate) -> bool:
        secret = self._settings.secret_token
        headers = {SECRET_HEADER: secret} if secret else {}
        error = "Connection refused"
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with (
                self._free,
                session.post(self._settings.url, json=update.body, headers=headers) as answer,
            ):
                if 200 <= answer.status < 300:
                    return True
                error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        self._settings.last_error = error
        self._settings.last_error_at = int(self._clock.time())
        return False


def _lane(body: dict[str, Any]) -> Any:
    """Return what an update's order depends on: its chat, else the person, else itself."""
    for content in body.values():
        if isinstance(content, dict):
            where = content.get("chat") or content.get("message", {}).get("chat") or content.get("from") or {}
            return where.get("id", 0) if isinstance(where, dict) else 0
    return 0
