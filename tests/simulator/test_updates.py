"""The queue of updates, by polling."""

import asyncio

import pytest
from telegram import Bot
from telegram.error import Conflict

from simulator import World
from tests.simulator.conftest import TOKEN

DAY_S = 86_400


async def texts(bot: Bot, offset: int | None = None, limit: int | None = None) -> list[str | None]:
    """What waits from an offset on, as texts."""
    updates = await bot.get_updates(offset=offset, limit=limit, timeout=0)
    return [update.effective_message.text if update.effective_message else None for update in updates]


async def test_only_a_higher_offset_forgets(any_bot: Bot, world: World, ann: int) -> None:
    """The same updates come again until a higher offset is asked for."""
    for word in ("a", "b", "c"):
        world.send(ann, word)
    first = await any_bot.get_updates(timeout=0)
    assert await texts(any_bot) == ["a", "b", "c"]
    assert await texts(any_bot, offset=first[0].update_id + 1) == ["b", "c"]
    assert await texts(any_bot, offset=first[0].update_id) == ["b", "c"]
    assert world.pending_updates() == 2


async def test_limit_bounds_a_batch(bot: Bot, world: World, ann: int) -> None:
    """A batch holds as many as asked for, at most a hundred."""
    for number in range(120):
        world.send(ann, str(number))
    assert await texts(bot, limit=2) == ["0", "1"]
    assert len(await texts(bot)) == 100


async def test_a_negative_offset_keeps_the_last(bot: Bot, world: World, ann: int) -> None:
    """Offset -1 gives the last update and forgets all before it."""
    for word in ("a", "b", "c"):
        world.send(ann, word)
    assert await texts(bot, offset=-1) == ["c"]
    assert await texts(bot) == ["c"]


async def test_updates_live_a_day(bot: Bot, world: World, ann: int) -> None:
    """After 24 hours an update that nobody fetched is gone."""
    world.send(ann, "old")
    world.jump(DAY_S - 60)
    world.send(ann, "new")
    world.jump(120)
    assert await texts(bot) == ["new"]


async def test_long_polling_wakes_for_an_update(any_bot: Bot, world: World, ann: int) -> None:
    """A waiting poll answers as soon as something happens."""
    waiting = asyncio.create_task(any_bot.get_updates(timeout=5))
    await asyncio.sleep(0.05)
    world.send(ann, "now")
    [update] = await asyncio.wait_for(waiting, 1)
    assert update.message is not None
    assert update.message.text == "now"


async def test_two_pollers_are_a_conflict(any_bot: Bot) -> None:
    """The older of two waiting polls is ended with 409."""
    older = asyncio.create_task(any_bot.get_updates(timeout=1))
    await asyncio.sleep(0.05)
    newer = asyncio.create_task(any_bot.get_updates(timeout=0))
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await older
    assert await newer == ()


async def test_kinds_must_be_allowed(bot: Bot, world: World, ann: int) -> None:
    """Reactions come only when they are asked for by name; a choice holds for later updates."""
    said = world.send(ann, "x")["message_id"]
    world.react(ann, None, said, "👍")
    assert len(await bot.get_updates(offset=-1, allowed_updates=["message_reaction"])) == 1
    world.bot().queue.clear()
    world.react(ann, None, said, None)
    world.send(ann, "unwanted")
    [update] = await bot.get_updates()
    assert update.message_reaction is not None
    await bot.get_updates(allowed_updates=[])
    world.bot().queue.clear()
    world.react(ann, None, said, "👍")
    world.send(ann, "wanted again")
    assert await texts(bot) == ["wanted again"]


async def test_raw_and_repeated_updates(bot: Bot, world: World, ann: int) -> None:
    """Hand-made updates are passed on as they are; a repeated one keeps its old id."""
    world.send(ann, "once")
    [first] = await bot.get_updates()
    await bot.get_updates(offset=first.update_id + 1)
    world.repeat_update(first.update_id)
    [again] = await bot.get_updates(offset=first.update_id + 1)
    assert again.update_id == first.update_id
    new_id = world.push_update({"message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "martian"}}})
    assert new_id == first.update_id + 1
    world.push_update({"update_id": 7, "surprise": {}})
    world.push_update({"update_id": new_id + 10})
    assert [update.update_id for update in await bot.get_updates()] == [new_id, new_id + 10, 7]
    assert [update.update_id for update in await bot.get_updates(offset=new_id + 1)] == [new_id + 10]


async def test_each_bot_has_its_own_queue(bot: Bot, world: World, ann: int) -> None:
    """What is said to one bot is not told to another."""
    world.add_bot("654321:OTHER", username="other_bot")
    world.start(ann, token=TOKEN)
    assert (world.pending_updates(TOKEN), world.pending_updates("654321:OTHER")) == (1, 0)
    world.start(ann, "s-1", token="654321:OTHER")
    assert world.messages(person_id=ann, token="654321:OTHER")[-1]["text"] == "/start s-1"


async def test_thousands_of_updates_wait(any_bot: Bot, world: World, ann: int) -> None:
    """A long queue is fetched batch by batch, each once."""
    for number in range(3000):
        world.send(ann, str(number))
    seen, offset = 0, 0
    while batch := await any_bot.get_updates(offset=offset, timeout=0):
        seen, offset = seen + len(batch), batch[-1].update_id + 1
    assert (seen, world.pending_updates()) == (3000, 0)
