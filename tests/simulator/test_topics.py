"""Forum topics, their rights and their ends."""

import pytest
from telegram import Bot
from telegram.error import BadRequest

from simulator import ControlError, World
from tests.simulator.conftest import Desk


async def test_a_topic_holds_its_messages(any_bot: Bot, world: World, desk: Desk) -> None:
    """What is sent into a topic stands there and nowhere else."""
    topic = await any_bot.create_forum_topic(desk.id, "Case 1")
    sent = await any_bot.send_message(desk.id, "card", message_thread_id=topic.message_thread_id)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic.message_thread_id, True)
    await any_bot.send_message(desk.id, "general")
    assert [m["text"] for m in world.messages(desk.id, thread_id=topic.message_thread_id)] == [None, "card"]
    assert world.messages(desk.id, thread_id=0)[-1]["text"] == "general"
    assert [t["name"] for t in world.topics(desk.id)] == ["Case 1"]


async def test_a_reply_stays_in_its_topic(bot: Bot, world: World, desk: Desk) -> None:
    """Answering a message of a topic needs no thread id."""
    topic = await bot.create_forum_topic(desk.id, "Case 1")
    said = world.send(desk.ben, "note", desk.id, thread_id=topic.message_thread_id)["message_id"]
    sent = await bot.send_message(desk.id, "noted", reply_to_message_id=said)
    assert sent.message_thread_id == topic.message_thread_id


async def test_a_plain_message_in_a_topic_answers_its_beginning(world: World, bot: Bot, desk: Desk) -> None:
    """As with Telegram, people's messages in a topic carry the topic's first message."""
    topic = await bot.create_forum_topic(desk.id, "Case 1")
    said = world.send(desk.ben, "note", desk.id, thread_id=topic.message_thread_id)
    assert said["reply_to_message"]["forum_topic_created"]["name"] == "Case 1"
    assert world.messages(desk.id)[-1]["reply_to"] is None


async def test_rights_are_needed(bot: Bot, world: World, desk: Desk) -> None:
    """Without the right to manage topics none can be made, others' not changed, one's own still are."""
    own = await bot.create_forum_topic(desk.id, "Own")
    other = world.add_topic(desk.id, desk.ben, "Other")["thread_id"]
    world.set_bot_rights(desk.id, can_manage_topics=False)
    with pytest.raises(BadRequest, match="Not enough rights to create a topic"):
        await bot.create_forum_topic(desk.id, "Case 2")
    with pytest.raises(BadRequest, match="Not enough rights to close the topic"):
        await bot.close_forum_topic(desk.id, other)
    await bot.close_forum_topic(desk.id, own.message_thread_id)


async def test_names_have_1_to_128_letters(bot: Bot, desk: Desk) -> None:
    """Topic names have bounds."""
    await bot.create_forum_topic(desk.id, "x" * 128)
    with pytest.raises(BadRequest, match="Topic name is too long"):
        await bot.create_forum_topic(desk.id, "x" * 129)
    with pytest.raises(BadRequest, match="Topic name must be non-empty"):
        await bot.create_forum_topic(desk.id, " ")


async def test_changing_nothing_is_refused(bot: Bot, desk: Desk) -> None:
    """Renaming to the same name, or closing twice, is not modified."""
    topic = await bot.create_forum_topic(desk.id, "Case")
    await bot.edit_forum_topic(desk.id, topic.message_thread_id, name="Case, urgent")
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await bot.edit_forum_topic(desk.id, topic.message_thread_id, name="Case, urgent")
    await bot.close_forum_topic(desk.id, topic.message_thread_id)
    with pytest.raises(BadRequest, match="Topic_not_modified"):
        await bot.close_forum_topic(desk.id, topic.message_thread_id)
    await bot.reopen_forum_topic(desk.id, topic.message_thread_id)


async def test_unknown_threads_are_not_found(bot: Bot, ann: int, desk: Desk) -> None:
    """A thread that is no topic is not found, in private chats and for General's number too."""
    for chat, thread in ((desk.id, 999), (desk.id, 1), (ann, 5)):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(chat, "x", message_thread_id=thread)


async def test_a_deleted_topic(bot: Bot, world: World, desk: Desk) -> None:
    """Sends are refused, or go astray as they did in Telegram's history; managing it is refused too."""
    topic = (await bot.create_forum_topic(desk.id, "Case")).message_thread_id
    await bot.send_message(desk.id, "card", message_thread_id=topic)
    world.delete_topic(desk.id, topic)
    assert world.messages(desk.id, thread_id=topic) == []
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(desk.id, "x", message_thread_id=topic)
    with pytest.raises(BadRequest, match="Topic_deleted"):
        await bot.close_forum_topic(desk.id, topic)
    world.set_deleted_topic("TOPIC_DELETED")
    with pytest.raises(BadRequest, match="Topic_deleted"):
        await bot.send_message(desk.id, "x", message_thread_id=topic)
    world.set_deleted_topic("general")
    assert (await bot.send_message(desk.id, "x", message_thread_id=topic)).message_thread_id is None


async def test_the_bot_can_delete_a_topic(bot: Bot, world: World, desk: Desk) -> None:
    """A deleted topic is gone for people as well."""
    topic = (await bot.create_forum_topic(desk.id, "Case")).message_thread_id
    await bot.delete_forum_topic(desk.id, topic)
    assert world.topics(desk.id)[0]["deleted"]
    with pytest.raises(ControlError, match="no topic"):
        world.send(desk.ben, "x", desk.id, thread_id=topic)


async def test_a_closed_topic(bot: Bot, world: World, desk: Desk) -> None:
    """In a closed topic only those write who manage topics."""
    topic = world.add_topic(desk.id, desk.ben, "Case")["thread_id"]
    world.close_topic(desk.id, topic, desk.ben)
    await bot.send_message(desk.id, "x", message_thread_id=topic)
    world.set_bot_rights(desk.id, can_manage_topics=False)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(desk.id, "x", message_thread_id=topic)
    world.reopen_topic(desk.id, topic, desk.ben)
    await bot.send_message(desk.id, "x", message_thread_id=topic)


async def test_only_forums_have_topics(bot: Bot, world: World, desk: Desk) -> None:
    """Where topics are switched off, none can be made or written to."""
    topic = (await bot.create_forum_topic(desk.id, "Case")).message_thread_id
    world.set_forum(desk.id, False)
    with pytest.raises(BadRequest, match="The chat is not a forum"):
        await bot.create_forum_topic(desk.id, "Case")
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(desk.id, "x", message_thread_id=topic)


async def test_outside_topics_a_reply_has_a_thread_that_is_no_topic(world: World, desk: Desk) -> None:
    """In General a reply carries a thread number without being a topic's message."""
    first = world.send(desk.ben, "one", desk.id)["message_id"]
    reply = world.send(desk.ben, "two", desk.id, reply_to=first)
    assert (reply["message_thread_id"], reply.get("is_topic_message")) == (first, None)
