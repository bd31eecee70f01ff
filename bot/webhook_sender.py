"""Tells other systems what happened: posts due deliveries, signed, and notes how each was answered."""

import asyncio
import json
import socket
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.clock import Clock
from bot.dispatcher import place_of
from domain.rules import Rules
from domain.webhooks import Delivery, Endpoint, Event, event_name, fault_of_url, is_own_network, public_data, sign
from services.webhooks import settle_try
from services.work import Work
from storage import webhooks as rows
from storage.database import Database
from texts import Texts

log = structlog.get_logger("webhooks")

ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "Carebot-Event-Id", "Carebot-Timestamp", "Carebot-Signature"
_TIMEOUT_S = 10.0
_LOOK_AGAIN = timedelta(seconds=2)
_AT_ONCE = 16
_AT_A_TIME = 50
_READ_BYTES = 4096
_OWN_NETWORK = "lies in this machine's own network"


class OwnNetwork(OSError):
    """A name leads into this machine's own network, where it may not."""


class _WorldResolver(AbstractResolver):
    """Finds addresses of names, but none of this machine's own network: not even when a name changes its mind."""

    def __init__(self) -> None:
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``. Raises :class:`OwnNetwork`."""
        found = await self._inner.resolve(host, port, family)
        if any(is_own_network(each["host"]) for each in found):
            raise OwnNetwork(_OWN_NETWORK)
        return found

    async def close(self) -> None:
        """Close what resolves."""
        await self._inner.close()


def body_of(event: Event) -> bytes:
    """Return what is posted for an event."""
    data = public_data(event.data or {})
    told = {
        "id": event_name(event.id),
        "kind": event.kind,
        "at": event.at.isoformat(),
        "customer": data.pop("customer", None),
        "data": data,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


class WebhookSender:
    """Posts what is due, a few endpoints at once, each in the order in which things happened."""

    def __init__(self, database: Database, clock: Clock, *, bot_id: int, rules: Rules, texts: Texts) -> None:
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._rules = rules
        self._texts = texts
        self._bell = asyncio.Event()
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    def wake(self) -> None:
        """Say that there may be something to tell."""
        self._bell.set()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        for may_be_private in (False, True):
            connector = aiohttp.TCPConnector(
                limit_per_host=2, resolver=None if may_be_private else _WorldResolver(), use_dns_cache=False
            )
            self._sessions[may_be_private] = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._serving.values():
            task.cancel()
        await asyncio.gather(*self._serving.values(), return_exceptions=True)
        self._serving.clear()
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def run(self) -> None:
        """Send until cancelled."""
        async with self:
            while True:
                try:
                    await self.begin_due()
                except Exception as error:  # the database is away: what is due stands there and waits
                    log.error("webhooks_failed", error=type(error).__name__)
                await self._clock.wait(self._bell, self._clock.now() + _LOOK_AGAIN)

    async def begin_due(self) -> list[asyncio.Task[None]]:
        """Begin to serve the endpoints for which something is due; returns what was begun."""
        if len(self._serving) >= _AT_ONCE:
            return []
        async with self._database.read() as tx:
            ready = await rows.list_ready(tx, now=self._clock.now())
        begun = []
        for endpoint, secret in ready:
            if endpoint.id not in self._serving and len(self._serving) < _AT_ONCE:
                task = asyncio.create_task(self._serve(endpoint, secret))
                self._serving[endpoint.id] = task
                begun.append(task)
        return begun

    async def send_due(self) -> None:
        """Send everything that is due now, and come back when that is done."""
        while begun := await self.begin_due():
            await asyncio.gather(*begun)

    async def _serve(self, endpoint: Endpoint, secret: str) -> None:
        try:
            while (due := await self._due(endpoint)) and not self._is_held(endpoint):
                for delivery in due:
                    status, error = await self._post(endpoint, secret, delivery)
                    async with self._database.write() as tx:
                        work = Work(tx, self._clock.now(), self._bot_id, self._rules, self._texts)
                        endpoint = await settle_try(work, endpoint, delivery, status=status, error=error)
                    if self._is_held(endpoint):
                        break
        except Exception as error:
            log.error("webhook_failed", endpoint=endpoint.id, error=place_of(error))
        finally:
            self._serving.pop(endpoint.id, None)

    def _is_held(self, endpoint: Endpoint) -> bool:
        return endpoint.not_before_at is not None and endpoint.not_before_at > self._clock.now()

    async def _due(self, endpoint: Endpoint) -> list[Delivery]:
        async with self._database.read() as tx:
            return await rows.list_due(tx, endpoint.id, now=self._clock.now(), limit=_AT_A_TIME)

    async def _post(self, endpoint: Endpoint, secret: str, delivery: Delivery) -> tuple[int | None, str | None]:
        """Post one delivery; returns the status that was answered, or what went wrong instead."""
        if fault := fault_of_url(endpoint.url, allow_private=endpoint.allow_private):
            return None, fault
        body = body_of(delivery.event)
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "carebot",
            ID_HEADER: event_name(delivery.event.id),
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign(secret, timestamp, body),
        }
        try:
            session = self._sessions[endpoint.allow_private]
            async with session.post(endpoint.url, data=body, headers=headers, allow_redirects=False) as response:
                await response.content.read(_READ_BYTES)
                return response.status, None
        except TimeoutError:
            return None, f"no answer within {_TIMEOUT_S:.0f} seconds"
        except aiohttp.ClientConnectorError as error:
            return None, _OWN_NETWORK if isinstance(error.os_error, OwnNetwork) else "cannot be connected to"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, f"no proper answer ({type(error).__name__})"
