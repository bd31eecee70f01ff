"""Flood limits, and the rates that are recorded."""

import pytest
from telegram import Bot
from telegram.error import RetryAfter

from simulator import World
from tests.simulator.conftest import Desk


def seconds(caught: pytest.ExceptionInfo[RetryAfter]) -> float:
    """How long Telegram asks to wait."""
    wait = caught.value.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()


async def test_they_are_off_by_default(bot: Bot, world: World, ann: int) -> None:
    """Without being switched on nothing is limited, but the peak is seen."""
    for _ in range(50):
        await bot.send_message(ann, "x")
    stats = world.stats()
    assert (stats["peak_per_second"], stats["refused_429"]) == (50, 0)


async def test_one_a_second_in_a_private_chat(any_bot: Bot, world: World, ann: int) -> None:
    """The second message within a second is refused, a second later it passes."""
    world.set_limits(enabled=True)
    await any_bot.send_message(ann, "one")
    with pytest.raises(RetryAfter) as caught:
        await any_bot.send_message(ann, "two")
    assert seconds(caught) == 1
    assert world.stats()["refused_429"] == 1
    world.jump(1)
    await any_bot.send_message(ann, "two")


async def test_a_burst_can_be_tolerated(bot: Bot, world: World, ann: int) -> None:
    """A tolerance of three lets three through."""
    world.set_limits(enabled=True, private_burst=3)
    for _ in range(3):
        await bot.send_message(ann, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(ann, "x")


async def test_thirty_a_second_for_a_token(bot: Bot, world: World) -> None:
    """The thirty-first chat within a second waits; paid broadcasts do not."""
    people = [world.add_person(f"P{number}")["id"] for number in range(32)]
    for person in people:
        world.start(person)
    world.set_limits(enabled=True)
    for person in people[:30]:
        await bot.send_message(person, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(people[30], "x")
    await bot.send_message(people[31], "x", allow_paid_broadcast=True)


async def test_twenty_a_minute_in_a_group(bot: Bot, world: World, desk: Desk) -> None:
    """Sends, edits and topics share a group's twenty a minute."""
    world.set_limits(enabled=True)
    sent = await bot.send_message(desk.id, "0")
    topic = await bot.create_forum_topic(desk.id, "Case")
    for number in range(1, 10):
        await bot.edit_message_text(str(number), desk.id, sent.id)
        await bot.send_message(desk.id, "x", message_thread_id=topic.message_thread_id)
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(desk.id, "one too many")
    assert 50 <= seconds(caught) <= 60
    with pytest.raises(RetryAfter):
        await bot.create_forum_topic(desk.id, "Case")
    world.jump(60)
    await bot.send_message(desk.id, "later")
