"""The HTTP door, its control door and their client."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import aiohttp
import pytest
from telegram import Bot, Update
from telegram.ext import Application, MessageHandler, filters

from simulator import ControlError, SimulatorRequest, World
from simulator.client import AsyncVerbs, LocalClient, SimulatorClient
from simulator.http import serve
from simulator.world import VERBS
from tests.simulator.conftest import TOKEN


@pytest.fixture(params=["in-process", "http"])
async def verbs(request: pytest.FixtureRequest, world: World, base_url: str) -> Any:
    """The verbs by each of the two ways."""
    if request.param == "in-process":
        yield LocalClient(world)
        return
    async with SimulatorClient(base_url) as client:
        yield client


async def test_a_story_told_through_either_door(verbs: AsyncVerbs, bot: Bot) -> None:
    """People, buttons, taps, time and looks are the same through both doors."""
    cy = (await verbs.add_person("Cy", language_code="zh-hant"))["id"]
    await verbs.start(cy, "s-1")
    group = (await verbs.add_group("Desk", forum=True))["id"]
    await verbs.join_group(group, cy, status="administrator", rights={"can_promote_members": False})
    await verbs.join_group(group, TOKEN, status="administrator")
    topic = await bot.create_forum_topic(group, "Case")
    await verbs.send(cy, "in the topic", group, thread_id=topic.message_thread_id)
    await verbs.send(cy, kind="photo", caption="look", file_size=3000)
    await bot.send_message(cy, "Hello")
    assert (await verbs.wait_message(person_id=cy, containing="Hell"))["text"] == "Hello"
    assert len(await verbs.messages(group, thread_id=topic.message_thread_id)) == 2
    before = await verbs.clock()
    await verbs.jump(60)
    assert (await verbs.clock(before["version"], 1))["version"] == before["version"] + 1
    assert (await verbs.set_limits(enabled=True, group_per_minute=5))["group_per_minute"] == 5
    await verbs.add_fault("500", method="sendMessage", times=2)
    assert (await verbs.stats())["people"] == 1
    assert await verbs.pending_updates() >= 3


async def test_mistakes_are_told(verbs: AsyncVerbs) -> None:
    """A wrong person, argument or wait fails the same way through both doors."""
    with pytest.raises(ControlError, match="there is no person 5"):
        await verbs.send(5, "x")
    with pytest.raises(TypeError, match="seconds"):
        await verbs.jump()
    with pytest.raises(ControlError, match="no such limit: speed"):
        await verbs.set_limits(speed=5)
    with pytest.raises(AttributeError):
        await verbs.fly()
    person = (await verbs.add_person("Ann"))["id"]
    with pytest.raises(TimeoutError, match="no message"):
        await verbs.wait_message(person_id=person, timeout_s=0.02)


async def test_waiting_for_anything(verbs: AsyncVerbs, world: World) -> None:
    """Any condition can be waited for."""
    person = (await verbs.add_person("Ann"))["id"]

    async def somebody_wrote() -> Any:
        return await verbs.pending_updates()

    waiting = asyncio.create_task(verbs.wait_for(somebody_wrote, timeout_s=2))
    await verbs.send(person, "hello")
    assert await waiting == 1
    with pytest.raises(TimeoutError):
        await verbs.wait_for(lambda: asyncio.sleep(0, result=False), timeout_s=0.05)


def test_every_verb_exists() -> None:
    """The list of verbs holds nothing that a world cannot do."""
    assert [name for name in VERBS if not callable(getattr(World, name, None))] == []


async def test_the_api_takes_every_encoding(base_url: str, world: World, ann: int) -> None:
    """Query, form, multipart and JSON bodies all work, in any case of the method's name."""
    url = f"{base_url}/bot{TOKEN}/sendMessage"
    markup = {"inline_keyboard": [[{"text": "Ok", "callback_data": "ok"}]]}
    async with aiohttp.ClientSession() as session:
        ways = [
            session.get(url, params={"chat_id": ann, "text": "query"}),
            session.post(url, data={"chat_id": ann, "text": "form", "reply_markup": json.dumps(markup)}),
            session.post(
                f"{base_url}/bot{TOKEN}/SENDmessage", json={"chat_id": ann, "text": "json", "reply_markup": markup}
            ),
        ]
        part = aiohttp.FormData({"chat_id": str(ann)})
        part.add_field("media", json.dumps([{"type": "photo", "media": f"attach://p{n}"} for n in (1, 2)]))
        for number in (1, 2):
            part.add_field(f"p{number}", b"picture", filename="p.jpg", content_type="image/jpeg")
        ways.append(session.post(url.replace("sendMessage", "sendMediaGroup"), data=part))
        for way in ways:
            async with way as answer:
                assert (answer.status, (await answer.json())["ok"]) == (200, True)
    assert [m["text"] or m["kind"] for m in world.messages(person_id=ann)[-5:]] == [
        "query",
        "form",
        "json",
        "photo",
        "photo",
    ]


@pytest.mark.parametrize("door", ["in-process", "http"])
async def test_a_real_application_runs(world: World, base_url: str, ann: int, door: str) -> None:
    """A program built on python-telegram-bot, with its own polling, answers people through either door."""
    builder = Application.builder().token(TOKEN)
    if door == "http":
        builder = builder.base_url(f"{base_url}/bot").base_file_url(f"{base_url}/file/bot")
    else:
        builder = builder.request(SimulatorRequest(world)).get_updates_request(SimulatorRequest(world))

    async def on_echo(update: Update, _context: object) -> None:
        assert update.message is not None
        await update.message.reply_text(f"You said {update.message.text}")

    application = builder.build()
    application.add_handler(MessageHandler(filters.TEXT, on_echo))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(poll_interval=0.0, timeout=1)
        world.send(ann, "hello")
        answer = await world.wait_message(person_id=ann, containing="You said", timeout_s=5)
        await application.updater.stop()
        await application.stop()
    assert answer["text"] == "You said hello"


async def test_http_refusals_have_telegrams_form(base_url: str) -> None:
    """Wrong tokens, methods and bodies answer as Telegram does."""
    async with aiohttp.ClientSession() as session:
        for path, body, status in (
            ("bot1:x/getMe", "", 401),
            (f"bot{TOKEN}/flyAway", "", 404),
            (f"bot{TOKEN}/sendMessage", "{", 400),
            (f"file/bot{TOKEN}/nothing.bin", None, 404),
        ):
            headers = {"Content-Type": "application/json"}
            method = "GET" if body is None else "POST"
            async with session.request(method, f"{base_url}/{path}", data=body, headers=headers) as answer:
                reply = await answer.json()
                assert (answer.status, reply["error_code"], reply["ok"]) == (status, status, False)


async def test_the_control_door_refuses_nonsense(base_url: str) -> None:
    """Unknown verbs, bad bodies and private methods are not carried out."""
    async with aiohttp.ClientSession() as session:
        for verb, body, status in (("fly", "{}", 404), ("close", "{}", 404), ("send", "[]", 400), ("send", "{", 400)):
            async with session.post(f"{base_url}/_sim/{verb}", data=body) as answer:
                assert answer.status == status
        async with session.get(f"{base_url}/_sim/clock", params={"version": "x"}) as answer:
            assert answer.status == 400


async def test_the_clock_is_watched_over_http(base_url: str, world: World) -> None:
    """A watcher hears of a jump at once."""
    async with SimulatorClient(base_url) as client:
        waiting = asyncio.create_task(client.clock(0, wait_s=5))
        await asyncio.sleep(0.05)
        world.jump(3600)
        reading = await asyncio.wait_for(waiting, 1)
    assert reading["version"] == 1
    assert reading["offset_ms"] >= 3_599_000


async def test_only_this_machine_is_served(world: World) -> None:
    """No address but loopback is listened on."""
    with pytest.raises(ValueError, match="loopback"):
        async with serve(world, host="0.0.0.0"):
            pass


async def test_the_command_serves_until_it_is_told_to_stop() -> None:
    """``python -m simulator`` says its address, answers, and ends on SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *("--port", "0", "--token", TOKEN, "--limits", "--start", "2027-01-01T00:00:00+00:00"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        url = line.split()[-1]
        async with SimulatorClient(url) as client:
            assert (await client.now()).startswith("2027-01-01")
            assert (await client.set_limits())["enabled"] is True
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
