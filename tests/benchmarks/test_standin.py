"""The stand-in answers a real client as the Bot API would."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import InputFile

from benchmarks.crowd import FIRST_CHAT_ID, Crowd, Plan, Step
from benchmarks.standin import Connection, StandIn
from bot.transport import AiohttpRequest, TelegramApi


@asynccontextmanager
async def standing_in(plan: Plan, latency_s: float = 0.0) -> AsyncIterator[tuple[StandIn, TelegramApi]]:
    """Give a stand-in in this process, and an api that talks to it."""
    standin = StandIn(Crowd(plan), latency_s)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(standin), "127.0.0.1", 0)
    try:
        async with AiohttpRequest() as request:
            yield standin, TelegramApi("1:x", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", request)
    finally:
        server.close()
        await server.wait_closed()


async def test_a_dialogue_is_counted() -> None:
    """Updates are handed out and answered, a waiting poll is served at once, and the counts are right."""
    plan = Plan(customers=1, at_once=1, script=(Step("hi"), Step("bye")))
    async with standing_in(plan) as (standin, api):
        updates = await api.get_updates(0, 100, 5, [])
        waiting = asyncio.create_task(api.get_updates(updates[0]["update_id"] + 1, 100, 5, []))
        await asyncio.sleep(0.01)
        sent = await api.call("sendMessage", {"chat_id": FIRST_CHAT_ID, "text": "hello"})
        assert sent["chat"]["id"] == FIRST_CHAT_ID
        assert [update["message"]["text"] for update in await waiting] == ["bye"]
        file = InputFile(b"x", filename="x.txt")
        await api.call("sendDocument", {"chat_id": FIRST_CHAT_ID}, files={"document": file})
        assert standin.progress() == {"done": True, "answered": 2, "sent": 2}
        assert standin.results()["calls"] == {"getUpdates": 2, "sendMessage": 1, "sendDocument": 1}


async def test_the_latency_is_kept() -> None:
    """An answer is held back as long as told."""
    async with standing_in(Plan(1, 1), latency_s=0.05) as (_, api):
        began = asyncio.get_running_loop().time()
        await api.call("getMe", {})
        assert asyncio.get_running_loop().time() - began >= 0.05


async def test_a_staff_group_has_topics() -> None:
    """A topic can be made in a group, and a message sent into it is said to be there."""
    async with standing_in(Plan(1, 1)) as (standin, api):
        assert (await api.call("getChat", {"chat_id": -100}))["is_forum"] is True
        topic = await api.call("createForumTopic", {"chat_id": -100, "name": "case"})
        thread_id = topic["message_thread_id"]
        sent = await api.call("sendMessage", {"chat_id": -100, "message_thread_id": thread_id, "text": "x"})
        assert sent["message_thread_id"] == thread_id
        assert standin.results()["sent_to_groups"] == 1


async def test_an_empty_poll_ends_in_its_time() -> None:
    """A poll without anything to hand out ends with an empty list."""
    async with standing_in(Plan(0, 0)) as (_, api):
        assert await api.get_updates(0, 100, 0, []) == []


async def test_the_control_page_is_json() -> None:
    """The figures are served beside the Bot API."""
    async with standing_in(Plan(1, 1)) as (_, api):
        port = api._base_url.rpartition(":")[2]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(b"GET /control/results HTTP/1.1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.rpartition(b": ")[2]))
        writer.close()
        assert json.loads(body)["sent"] == 0
