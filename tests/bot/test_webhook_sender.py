"""Deliveries over real HTTP on loopback: signed, in order, bounded, never into the shop's own network unasked."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from bot.clock import Clock
from bot.webhook_sender import WebhookSender
from domain.people import SYSTEM
from domain.rules import Rules
from services import webhooks
from services.work import Work
from storage import webhooks as rows
from storage.database import Database
from storage.tables import webhook_endpoints
from texts import Texts

BOT = 42


@dataclass
class Receiver:
    """Another system of the shop: keeps what it is told, and answers as it is told to."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a delivery."""
        self.got.append((dict(request.headers), await request.read()))
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 204, headers=self.headers)

    @property
    def ids(self) -> list[str]:
        """The events that came, in order."""
        return [json.loads(body)["id"] for _, body in self.got]


@dataclass
class Shop:
    """A running sender with its clock and database."""

    database: Database
    clock: Clock
    sender: WebhookSender
    receiver: Receiver

    @property
    def url(self) -> str:
        """Where the receiver listens."""
        return f"http://127.0.0.1:{self.receiver.port}/hooks"

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Work]:
        """One transaction's work now."""
        async with self.database.write() as tx:
            yield Work(tx, self.clock.now(), BOT, Rules(), Texts(("en",)))

    async def listens(self) -> str:
        """Add the receiver as an endpoint; returns its secret."""
        async with self.working() as work:
            made = await webhooks.add_endpoint(work, url=self.url, kinds=(), allow_private=True, by=SYSTEM)
        assert isinstance(made, webhooks.NewEndpoint)
        return made.secret

    async def happens(self, number: int) -> None:
        """Let something happen."""
        async with self.working() as work:
            await webhooks.emit(work, "points.changed", customer_id=None, data={"points": number, "entry_id": number})


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """A sender, and a receiver on loopback."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    receiver.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    clock = Clock()
    async with WebhookSender(database, clock, bot_id=BOT, rules=Rules(), texts=Texts(("en",))) as sender:
        yield Shop(database, clock, sender, receiver)
    await runner.cleanup()


async def test_a_delivery_is_signed_so_that_the_receiver_can_check_it(shop: Shop) -> None:
    """The receiver reckons the same signature from the secret, the timestamp and the raw body."""
    secret = await shop.listens()
    await shop.happens(7)
    await shop.sender.send_due()
    [(headers, body)] = shop.receiver.got
    signed = headers["Carebot-Timestamp"].encode() + b"." + body
    mine = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Carebot-Signature"] == f"v1={mine}"
    told = json.loads(body)
    assert headers["Carebot-Event-Id"] == told["id"]
    assert (told["kind"], told["data"]) == ("points.changed", {"points": 7, "entry": "ent_7"})


async def test_deliveries_keep_their_order_through_a_failure(shop: Shop) -> None:
    """While the receiver is out of order nothing overtakes; then everything comes, the first first."""
    await shop.listens()
    for number in range(3):
        await shop.happens(number)
    shop.receiver.answers = [503]
    await shop.sender.send_due()
    assert len(shop.receiver.got) == 1
    shop.clock.set_offset(timedelta(seconds=15))
    await shop.sender.send_due()
    first, *rest = shop.receiver.ids
    assert rest == [first, *sorted({*rest} - {first}, key=lambda name: int(name[4:]))]
    assert len(rest) == 3


async def test_a_redirect_is_not_followed(shop: Shop) -> None:
    """A receiver cannot send us elsewhere."""
    await shop.listens()
    await shop.happens(1)
    shop.receiver.answers, shop.receiver.headers = [302], {"Location": f"{shop.url}/elsewhere"}
    await shop.sender.send_due()
    assert len(shop.receiver.got) == 1
    async with shop.working() as work:
        [state] = await rows.list_endpoints(work.tx)
    assert (state.open, state.last_error) == (1, "answered 302")


async def test_nobody_there_is_noted_and_shown(shop: Shop) -> None:
    """A closed port is an endpoint that fails, with the reason in its list."""
    async with shop.working() as work:
        url = "http://127.0.0.1:9/"
        await webhooks.add_endpoint(work, url=url, kinds=(), allow_private=True, by=SYSTEM)
    await shop.happens(1)
    await shop.sender.send_due()
    async with shop.working() as work:
        [state] = await rows.list_endpoints(work.tx)
    assert state.endpoint.failing_since_at is not None
    assert state.last_error == "cannot be connected to"


async def test_a_name_that_leads_inside_is_not_followed(shop: Shop) -> None:
    """A public name whose address turns out to be our own network is refused at the moment of sending."""
    async with shop.working() as work:
        await webhooks.add_endpoint(work, url="https://shop.example/", kinds=(), allow_private=False, by=SYSTEM)
        inside = f"http://0x7f.1:{shop.receiver.port}/"  # 127.0.0.1, written as only resolvers read it
        await work.tx.execute(webhook_endpoints.update().values(url=inside))
    await shop.happens(1)
    await shop.sender.send_due()
    assert shop.receiver.got == []
    async with shop.working() as work:
        [state] = await rows.list_endpoints(work.tx)
    assert state.last_error == "lies in this machine's own network"


async def test_the_running_sender_is_woken_and_ends_at_once(shop: Shop) -> None:
    """Woken after a commit it sends without waiting for its next look, and a cancellation ends it."""
    await shop.listens()
    sender = WebhookSender(shop.database, shop.clock, bot_id=BOT, rules=Rules(), texts=Texts(("en",)))
    running = asyncio.create_task(sender.run())
    await shop.happens(1)
    sender.wake()
    async with asyncio.timeout(5):
        await shop.receiver.arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_answer_without_an_end_holds_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that never answers is left after the timeout, which the list says."""
    shop.receiver.gate = asyncio.Event()
    await shop.listens()
    await shop.happens(1)
    monkeypatch.setattr(shop.sender._sessions[True], "_timeout", aiohttp.ClientTimeout(total=0.2))
    await shop.sender.send_due()
    shop.receiver.gate.set()
    async with shop.working() as work:
        [state] = await rows.list_endpoints(work.tx)
    assert state.last_error == "no answer within 10 seconds"
