"""Faults on schedule."""

import time

import pytest
from telegram import Bot
from telegram.error import BadRequest, Conflict, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from simulator import World


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", RetryAfter),
        ("403", Forbidden),
        ("400", BadRequest),
        ("500", NetworkError),
        ("502", NetworkError),
        ("409", Conflict),
        ("garbage", TelegramError),
    ],
)
async def test_refusing_faults(any_bot: Bot, world: World, ann: int, kind: str, error: type[Exception]) -> None:
    """Each refusal comes once, has no effect, and then the call works."""
    before = len(world.messages(person_id=ann))
    world.faults.add(kind=kind, method="sendMessage", retry_after=7)
    with pytest.raises(error):
        await any_bot.send_message(ann, "x")
    assert len(world.messages(person_id=ann)) == before
    await any_bot.send_message(ann, "x")


async def test_a_fault_has_its_words_and_wait(any_bot: Bot, world: World, ann: int) -> None:
    """Description and seconds can be chosen."""
    world.add_fault("403", description="Forbidden: user is deactivated")
    with pytest.raises(Forbidden, match="user is deactivated"):
        await any_bot.send_message(ann, "x")
    world.add_fault("429", retry_after=2282)
    with pytest.raises(RetryAfter, match="2282"):
        await any_bot.send_message(ann, "x")


async def test_a_fault_waits_its_turn(bot: Bot, world: World, ann: int) -> None:
    """It strikes after so many calls, so many times, in one chat only."""
    bea = world.add_person("Bea")["id"]
    world.start(bea)
    world.faults.add(kind="500", method="sendMessage", chat_id=ann, times=2, after=1)
    outcomes = []
    for person in (ann, bea, ann, bea, ann, ann):
        try:
            await bot.send_message(person, "x")
            outcomes.append("sent")
        except NetworkError:
            outcomes.append("500")
    assert outcomes == ["sent", "sent", "500", "sent", "500", "sent"]


async def test_a_lost_answer_has_taken_effect(any_bot: Bot, world: World, ann: int) -> None:
    """The message stands in the chat though its sender never hears of it."""
    world.faults.add(kind="lost_answer", method="sendMessage")
    with pytest.raises(NetworkError):
        await any_bot.send_message(ann, "did it arrive?")
    assert world.messages(person_id=ann)[-1]["text"] == "did it arrive?"


async def test_a_timeout_has_no_effect(any_bot: Bot, world: World, ann: int) -> None:
    """The connection hangs until the caller gives up; nothing was sent."""
    world.faults.add(kind="timeout", method="sendMessage", delay_s=0.5)
    before = len(world.messages(person_id=ann))
    with pytest.raises(TimedOut):
        await any_bot.send_message(ann, "x", read_timeout=0.05)
    assert len(world.messages(person_id=ann)) == before


async def test_an_answer_can_be_lost_by_hanging(any_bot: Bot, world: World, ann: int) -> None:
    """With a delay the caller gives up before the connection drops; the effect is there."""
    world.faults.add(kind="lost_answer", delay_s=0.5)
    with pytest.raises(TimedOut):
        await any_bot.send_message(ann, "sent", read_timeout=0.05)
    assert world.messages(person_id=ann)[-1]["text"] == "sent"


async def test_slow_answers_and_latency(any_bot: Bot, world: World, ann: int) -> None:
    """A slow call and a constant latency are felt, and the call works."""
    world.faults.add(kind="slow", delay_s=0.1)
    world.set_latency(0.05)
    started = time.monotonic()
    await any_bot.send_message(ann, "x")
    assert time.monotonic() - started >= 0.15


async def test_faults_can_be_cleared_and_must_be_known(bot: Bot, world: World, ann: int) -> None:
    """A plan can be given up; an unknown kind is a mistake of the test."""
    world.add_fault("500", times=None)
    world.clear_faults()
    await bot.send_message(ann, "x")
    with pytest.raises(ValueError, match="unknown kind of fault"):
        world.add_fault("418")


async def test_calls_are_logged(bot: Bot, world: World, ann: int) -> None:
    """The log tells time, method, parameters and outcome of each call."""
    await bot.send_message(ann, "x")
    world.add_fault("400")
    with pytest.raises(BadRequest):
        await bot.send_message(ann, "y")
    good, bad = world.calls("sendMessage")
    assert (good["ok"], good["error"], good["params"]["text"]) == (True, None, "x")
    assert (bad["ok"], bad["error"]) == (False, "Bad Request: chat not found")
