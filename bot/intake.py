"""Intake: updates are committed to the inbox before Telegram may forget them, by polling and by webhook alike."""

import asyncio
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiohttp import web
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.clock import Clock
from bot.transport import TelegramApi
from bot.transport_errors import retry_after_s
from domain.errors import SettingsError
from domain.updates import chat_of, update_id_of
from storage.database import Database
from storage.inbox import insert_updates

log = structlog.get_logger("intake")

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
)
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_BATCH = 100
_LONG_POLL_S = 25
_LONGEST_PAUSE_S = 30.0
_LARGEST_BODY = 4 * 1024 * 1024


class Inbox:
    """The door into the inbox: stores updates in one commit and wakes whoever handles them."""

    def __init__(self, database: Database, clock: Clock, bot_id: int, *, stored: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._stored = stored

    async def store(self, updates: Sequence[dict[str, Any]]) -> None:
        """Commit raw updates; those stored before change nothing. An exception means that none is stored."""
        rows = [
            (update_id, chat_of(update), json.dumps(update))
            for update in updates
            if (update_id := update_id_of(update)) is not None
        ]
        if len(rows) < len(updates):
            log.warning("updates_without_id", count=len(updates) - len(rows))
        async with self._database.write() as tx:
            await insert_updates(tx, bot_id=self._bot_id, updates=rows, now=self._clock.now())
        self._stored()


class Poller:
    """Asks Telegram for updates, again and again; the next question acknowledges only what is committed."""

    def __init__(self, api: TelegramApi, inbox: Inbox) -> None:
        self._api = api
        self._inbox = inbox
        self._offset: int | None = None

    async def run(self) -> None:
        """Poll until cancelled. Raises :class:`SettingsError` when Telegram does not know the token."""
        await self._leave_webhook()
        pause_s = 0.0
        while True:
            try:
                updates = await self._api.get_updates(self._offset, _BATCH, _LONG_POLL_S, ALLOWED_UPDATES)
                if updates:
                    await self._inbox.store(updates)
                    self._offset = max(filter(None, map(update_id_of, updates)), default=0) + 1
                pause_s = 0.0
            except InvalidToken:
                raise SettingsError("telegram.token: Telegram does not know this token; ask @BotFather") from None
            except RetryAfter as error:
                await asyncio.sleep(retry_after_s(error))
            except Exception as error:  # the network, Telegram or the database: nothing is lost by asking again
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 or 0.5)
                reason = "another program polls with this token" if isinstance(error, Conflict) else None
                log.warning("polling_failed", error=type(error).__name__, reason=reason, pause_s=pause_s)
                await asyncio.sleep(pause_s)

    async def _leave_webhook(self) -> None:
        try:
            await self._api.call("deleteWebhook", {"drop_pending_updates": False})
        except TelegramError as error:
            log.warning("webhook_not_removed", error=type(error).__name__)


class WebhookServer:
    """Takes updates over HTTP and answers 200 only when they are committed; many at once share one commit."""

    def __init__(self, inbox: Inbox, *, path: str, secret: str) -> None:
        self._inbox = inbox
        self._path = path
        self._secret = secret.encode()
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def serve(self, host: str, port: int) -> web.AppRunner:
        """Listen, and return what is to be cleaned up at the end."""
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_post(self._path, self.receive)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return runner

    async def receive(self, request: web.Request) -> web.Response:
        """Take one update from whoever knows the secret."""
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=403)
        try:
            update = json.loads(await request.read())
        except (ValueError, RecursionError, web.RequestPayloadError):
            return web.Response(status=400)
        if update_id_of(update) is None:
            return web.Response(status=400)
        try:
            await self._store(update)
        except Exception as error:  # not stored is not acknowledged: Telegram brings it again
            log.error("update_not_stored", error=type(error).__name__)
            return web.Response(status=503)
        return web.Response()

    async def _store(self, update: dict[str, Any]) -> None:
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((update, stored))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
        await stored

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            try:
                await self._inbox.store([update for update, _ in batch])
            except Exception as error:
                for _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
            else:
                for _, stored in batch:
                    if not stored.done():
                        stored.set_result(None)
