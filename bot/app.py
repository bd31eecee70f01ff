"""The running program, built from its settings in one place and closed in reverse."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
import structlog
from telegram.error import InvalidToken, TelegramError
from telegram.request import BaseRequest

from bot.clock import Clock
from bot.dispatcher import Bot, Dispatcher
from bot.intake import ALLOWED_UPDATES, Inbox, Poller, WebhookServer
from bot.jobs import Jobs
from bot.logs import configure_logging
from bot.media_files import tidy
from bot.sender import Sender
from bot.settings import Settings
from bot.ticks import Ticks
from bot.transport import AiohttpRequest, TelegramApi
from bot.webhook_sender import WebhookSender
from domain.errors import SettingsError
from domain.pacing import Pacer
from handlers.context import TapAnswer
from services.campaigns.book import seed_shipped as seed_campaigns
from services.canned_book import seed_canned
from services.commands import queue_menus
from services.keywords import seed_keywords
from services.rewards import seed_rewards
from services.seeding import seed
from services.surveys.book import seed_shipped
from services.work import Work
from storage.database import Database, open_database, wait_until_reachable
from storage.leadership import Leader, LeadershipLost, sole_program
from storage.migrate import migrate
from storage.staff import load_staff
from texts import Texts

log = structlog.get_logger("app")

_DATABASE_PATIENCE_S = 30.0
_GREETING_PATIENCE_S = 5.0


@dataclass(slots=True)
class App:
    """The parts of one running carebot."""

    settings: Settings
    clock: Clock
    database: Database
    api: TelegramApi
    bot: Bot
    texts: Texts
    inbox: Inbox
    dispatcher: Dispatcher
    sender: Sender
    jobs: Jobs
    ticks: Ticks
    webhooks: WebhookSender
    serve_api: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def run(self) -> None:
        """Run until cancelled: intake and handling on every replica, sending and ticking on the leader."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.run())
            tasks.create_task(self.jobs.run())
            tasks.create_task(self._lead())
            if self.settings.demo.clock_url:
                tasks.create_task(follow_clock(self.clock, self.settings.demo.clock_url))
            if self.settings.telegram.mode == "webhook":
                tasks.create_task(self._serve_webhook())
            if self.serve_api is not None:
                tasks.create_task(self.serve_api())

    async def _lead(self) -> None:
        """Lead whenever nobody else does: send, tick, and poll where polling is the way in."""
        leader = Leader(self.database, self.bot.id)
        while True:
            async with leader.leading() as watching:
                log.info("leading")
                try:
                    await self._lead_until(watching)
                except* LeadershipLost:
                    log.warning("leadership_lost")

    async def _lead_until(self, watching: asyncio.Task[None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pass_on(watching))
            tasks.create_task(self.sender.run())
            tasks.create_task(self.ticks.run())
            tasks.create_task(self.webhooks.run())
            tasks.create_task(tidy(self.database, self.clock, self.settings.storage.media_folder))
            if self.settings.telegram.mode == "polling":
                tasks.create_task(Poller(self.api, self.inbox).run())

    async def _serve_webhook(self) -> None:
        webhook = self.settings.telegram.webhook
        server = WebhookServer(self.inbox, path=webhook.path, secret=self.settings.webhook_secret)
        runner = await server.serve(webhook.listen_host, webhook.listen_port)
        try:
            url = f"{str(webhook.public_url).rstrip('/')}{webhook.path}"
            params = {"url": url, "secret_token": self.settings.webhook_secret, "allowed_updates": [*ALLOWED_UPDATES]}
            await _until_done(self.api, "setWebhook", params)
            log.info("webhook_set", path=webhook.path)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


async def _pass_on(watching: asyncio.Task[None]) -> None:
    await watching


async def _until_done(api: TelegramApi, method: str, params: Mapping[str, object]) -> None:
    pause_s = 1.0
    while True:
        try:
            await api.call(method, params)
            return
        except InvalidToken:
            raise SettingsError("telegram.token: Telegram does not know this token; ask @BotFather") from None
        except TelegramError as error:
            log.warning("call_failed", method=method, error=type(error).__name__, pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(30.0, pause_s * 2)


@contextlib.asynccontextmanager
async def open_app(
    settings: Settings, *, clock: Clock | None = None, request: BaseRequest | None = None
) -> AsyncIterator[App]:
    """Build everything from ``settings``, migrated and seeded, and close it in reverse.

    Tests hand in a ``clock`` and the simulator's in-process ``request``. Raises :class:`CarebotError` with one
    clear line when the program cannot start.
    """
    clock = clock or Clock()
    async with contextlib.AsyncExitStack() as stack:
        database = open_database(settings.storage.url)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(sole_program(database))
        await wait_until_reachable(database, seconds=_DATABASE_PATIENCE_S)
        before, after = await migrate(database)
        if before != after:
            log.info("database_migrated", before=before, after=after)
        request = request or AiohttpRequest(proxy=settings.proxy)
        await request.initialize()
        stack.push_async_callback(request.shutdown)
        if settings.demo.clock_url:
            await read_clock(clock, settings.demo.clock_url, version=-1, wait_s=0)
        app = await _build(settings, clock, database, request)
        yield app


async def _build(settings: Settings, clock: Clock, database: Database, request: BaseRequest) -> App:
    api = TelegramApi(settings.token, settings.telegram.api_base_url, request)
    rules, texts = settings.rules(), Texts(tuple(settings.business.languages))
    bot = Bot(settings.bot_id, await _ask_username(api))
    async with database.write() as tx:
        await _seed(Work(tx, clock.now(), bot.id, rules, texts), settings)
    sender = Sender(
        database,
        api,
        clock,
        Pacer(settings.limits()),
        bot_id=bot.id,
        rules=rules,
        texts=texts,
        in_flight=settings.pace.in_flight,
    )

    webhooks = WebhookSender(database, clock, bot_id=bot.id, rules=rules, texts=texts)

    def committed(answers: Sequence[TapAnswer] = ()) -> None:
        sender.answer_taps(answers)
        sender.wake()
        webhooks.wake()

    dispatcher = Dispatcher(database, clock, bot, rules, texts, committed=committed)
    ticks = Ticks(database, clock, bot_id=bot.id, rules=rules, texts=texts, committed=committed)
    jobs = Jobs(
        database,
        api,
        clock,
        bot_id=bot.id,
        rules=rules,
        texts=texts,
        media_folder=settings.storage.media_folder,
        committed=committed,
    )
    inbox = Inbox(database, clock, bot.id, stored=dispatcher.wake)
    serve_api = _api_server(settings, clock, database, bot, texts, committed) if settings.api.enabled else None
    return App(settings, clock, database, api, bot, texts, inbox, dispatcher, sender, jobs, ticks, webhooks, serve_api)


def _api_server(
    settings: Settings, clock: Clock, database: Database, bot: Bot, texts: Texts, committed: Callable[[], None]
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Return what serves the REST API, on every replica."""
    from bot.api_server import api_of, serve  # so that a program without the API neither waits nor pays for it

    api = api_of(
        database,
        clock.now,
        bot_id=bot.id,
        bot_name=bot.username,
        public_url=str(settings.api.public_url or ""),
        rules=settings.rules(),
        texts=texts,
        committed=committed,
    )
    return partial(serve, api, host=settings.api.listen_host, port=settings.api.listen_port)


async def _ask_username(api: TelegramApi) -> str:
    """Return our @name; without an answer in time the program starts all the same, and only links miss it."""
    try:
        async with asyncio.timeout(_GREETING_PATIENCE_S):
            return str((await api.call("getMe", {})).get("username", ""))
    except InvalidToken:
        raise SettingsError("telegram.token: Telegram does not know this token; ask @BotFather") from None
    except (TelegramError, TimeoutError) as error:
        log.warning("telegram_not_reached", error=type(error).__name__)
        return ""


async def _seed(work: Work, settings: Settings) -> None:
    await seed(
        work,
        groups=[(group.id, group.name, group.language) for group in settings.staff.groups],
        takes={group.id: group.takes.seed() for group in settings.staff.groups},
        members=[(member.id, member.name, member.role, member.language) for member in settings.staff.members],
        branches=[(branch.code, branch.name) for branch in settings.business.branches],
    )
    await seed_rewards(work, work.rules.loyalty.rewards)
    await seed_keywords(work, work.rules.desk.priority.keywords)
    await seed_canned(work)
    await seed_shipped(work)
    await seed_campaigns(work)
    await queue_menus(work)
    staff = await load_staff(work.tx, bot_id=work.bot_id)
    if not staff.groups:
        log.warning("no_staff_group", mend="customers are served, cases wait in the database; add [[staff.groups]]")
    if not any(member.active for member in staff.members.values()):
        log.warning("no_staff_members", mend="nobody can answer cases; add [[staff.members]]")


async def read_clock(clock: Clock, url: str, *, version: int, wait_s: int) -> int:
    """Take the time from a simulator, waiting up to ``wait_s`` seconds for a jump; returns its version."""
    timeout = aiohttp.ClientTimeout(total=wait_s + 10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        query = {"version": str(version), "wait_s": str(wait_s)}
        async with session.get(url, params=query) as response:
            reading = await response.json()
    clock.set_offset(datetime.fromisoformat(reading["now"]) - datetime.now(UTC))
    return int(reading["version"])


async def follow_clock(clock: Clock, url: str) -> None:
    """Keep to the simulator's clock until cancelled."""
    version = -1
    while True:
        try:
            version = await read_clock(clock, url, version=version, wait_s=20)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            log.warning("clock_not_read", error=type(error).__name__)
            await asyncio.sleep(0.5)


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then end in order."""
    configure_logging(level=settings.log.level, form=settings.log.format)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_app(settings) as app:
        running = asyncio.create_task(app.run())
        gc.collect()
        gc.freeze()  # what stands now stays; the collector need not look at it again
        log.info("running", bot=app.bot.username, mode=settings.telegram.mode, database=app.database.dialect)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        running.cancel()
        try:
            await running
        except asyncio.CancelledError:
            log.info("stopped")
        except ExceptionGroup as group:
            raise _first_of(group) from None


def _first_of(group: ExceptionGroup[Exception]) -> Exception:
    """Return the one error that stopped the program, out of the groups it came in."""
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, ExceptionGroup) else first


def run_until_stopped(settings: Settings) -> None:
    """Run the program in this process until it is told to stop."""
    asyncio.run(run(settings))
