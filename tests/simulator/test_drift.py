"""The stand-in must not take what Telegram refuses, nor say what python-telegram-bot cannot read."""

import inspect
from typing import Any

import pytest
from telegram import Bot, Message, TelegramObject, Update

from simulator import World
from simulator.methods import METHODS
from simulator.signatures import known_methods, signature_of
from simulator.verbs.contents import SENDABLE
from tests.simulator.conftest import TOKEN, Desk

ASKED_FOR = [
    "getMe",
    "getUpdates",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
    "sendMessage",
    "sendPhoto",
    "sendVideo",
    "sendAudio",
    "sendVoice",
    "sendVideoNote",
    "sendAnimation",
    "sendDocument",
    "sendSticker",
    "sendLocation",
    "sendVenue",
    "sendContact",
    "sendDice",
    "sendMediaGroup",
    "sendChatAction",
    "copyMessage",
    "copyMessages",
    "forwardMessage",
    "editMessageText",
    "editMessageCaption",
    "editMessageReplyMarkup",
    "editMessageMedia",
    "deleteMessage",
    "deleteMessages",
    "pinChatMessage",
    "unpinChatMessage",
    "answerCallbackQuery",
    "getFile",
    "getChat",
    "getChatMember",
    "getChatAdministrators",
    "getChatMemberCount",
    "createForumTopic",
    "editForumTopic",
    "closeForumTopic",
    "reopenForumTopic",
    "deleteForumTopic",
    "setMyCommands",
    "deleteMyCommands",
    "getMyCommands",
    "setMyName",
    "setMyDescription",
    "setMyShortDescription",
    "setChatMenuButton",
    "setMessageReaction",
    "leaveChat",
]
# Required by Telegram, though python-telegram-bot takes a ready-made object instead.
STRICTER = {
    "sendLocation": {"latitude", "longitude"},
    "sendVenue": {"latitude", "longitude", "title", "address"},
    "sendContact": {"phone_number", "first_name"},
}


def leftovers(thing: object, path: str = "") -> list[str]:
    """Every field that a parsed object could not place, with its path."""
    if isinstance(thing, (list, tuple)):
        return [left for index, entry in enumerate(thing) for left in leftovers(entry, f"{path}[{index}]")]
    if not isinstance(thing, TelegramObject):
        return []
    found = [f"{path}.{name}" for name in thing.api_kwargs]
    slots = {slot for cls in type(thing).__mro__ for slot in getattr(cls, "__slots__", ())}
    for slot in slots - {"api_kwargs", "_bot", "_id_attrs"}:
        found += leftovers(getattr(thing, slot, None), f"{path}.{slot}")
    return found


def parsed(update: dict[str, Any]) -> Update:
    """The update as a bot reads it; fails on anything it cannot place."""
    read = Update.de_json(update, None)
    assert leftovers(read) == []
    assert read.to_dict().keys() == update.keys()
    return read


@pytest.mark.parametrize("method", ASKED_FOR)
def test_every_method_asked_for_is_there(method: str) -> None:
    """Each method a customer-care bot needs is simulated."""
    assert method in METHODS


@pytest.mark.parametrize("method", sorted(METHODS))
def test_methods_take_what_the_library_sends(method: str) -> None:
    """A simulated method exists in the library and requires the same parameters."""
    assert method in known_methods().values()
    parameters = inspect.signature(inspect.unwrap(getattr(Bot, method))).parameters.values()
    required = {p.name for p in parameters if p.default is p.empty and p.name != "self"}
    assert set(signature_of(method).required) == required | STRICTER.get(method, set())


@pytest.mark.parametrize("method", sorted(set(known_methods().values())))
def test_every_signature_of_the_library_is_understood(method: str) -> None:
    """Each known method's parameters get a check, so that a new release shows here first."""
    assert signature_of(method).name == method


@pytest.mark.parametrize("kind", sorted(SENDABLE))
def test_every_kind_of_message_parses(world: World, ann: int, kind: str) -> None:
    """Whatever a person sends is understood without leftovers, and seen as what it is."""
    world.send(ann, "Hello", kind=kind, latitude=1.5, longitude=2.5, contact_user_id=ann, caption="see /this")
    [update] = [queued.body for queued in world.bot().queue.waiting()]
    message = parsed(update).message
    assert message is not None
    assert getattr(message, kind)
    assert world.messages(person_id=ann)[-1]["kind"] == kind


def test_every_kind_of_update_parses(world: World, ann: int, desk: Desk) -> None:
    """Joining, leaving, edits, taps, reactions, blocks, topics and migration leave nothing unread."""
    bot = world.bot()
    bot.queue.allow(
        ["message", "edited_message", "callback_query", "my_chat_member", "chat_member", "message_reaction"]
    )
    topic = world.add_topic(desk.id, desk.ben, "Case 1")["thread_id"]
    said = world.send(desk.ben, "@care_bot hello", desk.id, thread_id=topic, anonymous=True)["message_id"]
    world.edit(desk.ben, desk.id, said, "hello again")
    world.react(ann, None, world.send(ann, "Hi", forward_from="Somebody")["message_id"], "👍")
    world.close_topic(desk.id, topic, desk.ben)
    world.reopen_topic(desk.id, topic, desk.ben)
    world.join_group(desk.id, ann)
    world.leave_group(desk.id, ann)
    world.block(ann)
    old = world.add_group("Small", kind="group")["id"]
    world.join_group(old, desk.ben, "creator")
    world.join_group(old, TOKEN)
    world.migrate_group(old)
    world.set_bot_rights(desk.id, can_manage_topics=False)
    world.leave_group(desk.id, TOKEN)
    updates = [parsed(queued.body) for queued in bot.queue.waiting()]
    assert {kind for update in updates for kind in update.to_dict()} == {
        "update_id",
        "message",
        "edited_message",
        "my_chat_member",
        "chat_member",
        "message_reaction",
    }


async def test_every_answer_parses(world: World, bot: Bot, ann: int, desk: Desk) -> None:
    """What methods return leaves nothing unread either."""
    topic = await bot.create_forum_topic(desk.id, "Case 2")
    said: Message = await bot.send_message(desk.id, "x", message_thread_id=topic.message_thread_id)
    await bot.pin_chat_message(desk.id, said.id)
    answers: list[Any] = [
        topic,
        said,
        await bot.get_me(),
        await bot.get_chat(desk.id),
        await bot.get_chat(ann),
        await bot.get_chat_administrators(desk.id),
        await bot.get_chat_member(desk.id, ann),
        await bot.get_webhook_info(),
        await bot.send_photo(ann, b"picture", caption="<b>c</b>", parse_mode="HTML", reply_to_message_id=1),
        await bot.send_venue(ann, 1, 2, "Shop", "1 Main Street"),
        await bot.send_dice(ann),
        await bot.send_contact(ann, "+1", "Shop"),
        await bot.forward_message(ann, desk.id, said.id),
    ]
    assert leftovers(answers) == []
