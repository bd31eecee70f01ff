"""Updates carried to the bot's own address."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import BadRequest, Conflict

from simulator import World
from simulator.client import LocalClient


@dataclass
class Receiver:
    """A bot's web server that notes what it gets."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    failures: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.Request) -> web.Response:
        """Take an update, or fail while ``failures`` are left."""
        if self.failures:
            self.failures -= 1
            return web.Response(status=500)
        self.got.append(await request.json())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        async with self.arrived:
            self.arrived.notify_all()
        return web.Response()

    async def until(self, count: int) -> None:
        """Wait until so many updates came."""
        async with asyncio.timeout(3), self.arrived:
            await self.arrived.wait_for(lambda: len(self.got) >= count)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver listening on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def test_updates_are_carried_with_the_secret(bot: Bot, world: World, ann: int, receiver: Receiver) -> None:
    """What waits and what comes is posted in order, with the secret header."""
    world.send(ann, "before")
    await bot.set_webhook(receiver.url, secret_token="s3cret")
    world.send(ann, "after")
    await receiver.until(2)
    assert [update["message"]["text"] for update in receiver.got] == ["before", "after"]
    assert receiver.secrets == ["s3cret", "s3cret"]
    async with asyncio.timeout(2):
        await LocalClient(world).wait_for(lambda: asyncio.sleep(0, world.pending_updates() == 0))


async def test_failures_are_tried_again(bot: Bot, world: World, ann: int, receiver: Receiver) -> None:
    """An update is kept until the address answers 2xx, and the error is told meanwhile."""
    receiver.failures = 1
    await bot.set_webhook(receiver.url)
    world.send(ann, "hello")
    await receiver.until(1)
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert len(receiver.got) == 1


async def test_one_chat_does_not_hold_up_another(bot: Bot, world: World, ann: int, receiver: Receiver) -> None:
    """Deliveries of many chats all arrive, each chat's in order."""
    bea = world.add_person("Bea")["id"]
    await bot.set_webhook(receiver.url, max_connections=3)
    for number in range(20):
        world.send(ann, f"a{number}")
        world.send(bea, f"b{number}")
    await receiver.until(40)
    said = [update["message"]["text"] for update in receiver.got]
    for letter in "ab":
        assert [text for text in said if text[0] == letter] == [f"{letter}{number}" for number in range(20)]


async def test_deliveries_survive_a_restart_of_telegram(bot: Bot, world: World, ann: int, receiver: Receiver) -> None:
    """What happens while deliveries are stopped is carried when they are taken up again."""
    await bot.set_webhook(receiver.url)
    world.close()
    world.send(ann, "meanwhile")
    world.open()
    await receiver.until(1)
    assert receiver.got[0]["message"]["text"] == "meanwhile"


async def test_polling_and_webhook_exclude_each_other(bot: Bot, receiver: Receiver) -> None:
    """While a webhook is set there is no polling; deleting it brings polling back."""
    await bot.set_webhook(receiver.url)
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_setting_a_webhook_ends_a_waiting_poll(bot: Bot, receiver: Receiver) -> None:
    """A poll under way is ended with a conflict."""
    waiting = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.05)
    await bot.set_webhook(receiver.url)
    with pytest.raises(Conflict):
        await asyncio.wait_for(waiting, 1)


async def test_pending_updates_can_be_dropped(bot: Bot, world: World, ann: int, receiver: Receiver) -> None:
    """Dropping forgets what waited."""
    world.send(ann, "old")
    await bot.set_webhook(receiver.url, drop_pending_updates=True, allowed_updates=["message"])
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.allowed_updates) == (receiver.url, 0, ("message",))


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("http://example.com/hook", None, "An HTTPS URL must be provided"),
        ("https://example.com/hook", None, "not this machine"),
        ("http://127.0.0.1:1/hook", "not allowed!", "unallowed characters"),
    ],
)
async def test_bad_webhooks_are_refused(bot: Bot, url: str, secret: str | None, words: str) -> None:
    """HTTPS, or plain HTTP on this machine; a secret has a fixed alphabet."""
    with pytest.raises(BadRequest, match=f"(?i){words}"):
        await bot.set_webhook(url, secret_token=secret)
